"""A long answer: 2,000 events in about ten seconds; ``speed`` makes it short."""

from __future__ import annotations

from random import Random

from streamlab.server.play import MS
from streamlab.server.scenarios import spoken
from streamlab.server.script import Script, decode_steps, say, words

N_WORDS = 2_000


def script(seed: int) -> Script:
    """Return 2,000 words, 5 ms apart or so."""
    steps_ns = decode_steps(Random(f"long {seed}"), N_WORDS, median_ms=5)
    return say([[word] for word in words(N_WORDS)], 150 * MS, steps_ns)


SCENARIO = spoken("long", "2,000 events, 5 ms apart", script)
