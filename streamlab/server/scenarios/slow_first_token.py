"""A long prompt: the role comes at once, the first text a second later.

Who takes the first event for the first token is wrong by that second.
"""

from __future__ import annotations

from random import Random

from streamlab.server.knobs import sized
from streamlab.server.play import MS
from streamlab.server.script import Script, decode_steps, say, words


def script(seed: int, n_events: int, step_ms: float) -> Script:
    """Return an opening at 80 ms, silence for 1.2 s or so, then words, `step_ms` apart."""
    rng = Random(f"slow-first-token {seed}")
    steps_ns = decode_steps(rng, n_events, step_ms)
    steps_ns[0] = int(rng.uniform(1100, 1300) * MS)
    return say([[word] for word in words(n_events)], 80 * MS, steps_ns)


SCENARIO = sized(
    "slow-first-token",
    "the role at once, the first text 1.2 s later",
    script,
    n_events=24,
    step_ms=15,
)
