"""A batching stall: one pause of 300 ms in an otherwise even stream."""

from __future__ import annotations

from random import Random

from streamlab.server.play import MS
from streamlab.server.scenarios import spoken
from streamlab.server.script import Script, say, words

N_WORDS = 40


def script(seed: int) -> Script:
    """Return 40 words, 20 ms apart, and 300 ms before one in their middle third."""
    steps_ns = [20 * MS] * N_WORDS
    steps_ns[Random(f"stall {seed}").randrange(14, 27)] = 300 * MS
    return say([[word] for word in words(N_WORDS)], 200 * MS, steps_ns)


SCENARIO = spoken("stall", "one pause of 300 ms in the middle of a steady stream", script)
