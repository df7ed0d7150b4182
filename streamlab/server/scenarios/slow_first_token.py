"""A long prompt: the role comes at once, the first text a second later.

Who takes the first event for the first token is wrong by that second.
"""

from __future__ import annotations

from random import Random

from streamlab.server.play import MS
from streamlab.server.scenarios import spoken
from streamlab.server.script import Script, decode_steps, say, words

N_WORDS = 24


def script(seed: int) -> Script:
    """Return an opening at 80 ms, silence for 1.2 s or so, then 24 words, 15 ms apart."""
    rng = Random(f"slow-first-token {seed}")
    steps_ns = decode_steps(rng, N_WORDS, median_ms=15)
    steps_ns[0] = int(rng.uniform(1100, 1300) * MS)
    return say([[word] for word in words(N_WORDS)], 80 * MS, steps_ns)


SCENARIO = spoken("slow-first-token", "the role at once, the first text 1.2 s later", script)
