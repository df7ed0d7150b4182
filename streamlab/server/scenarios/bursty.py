"""Speculative decoding: each step accepts 1 to 5 tokens, and they leave in one write."""

from __future__ import annotations

from random import Random

from streamlab.server.play import MS
from streamlab.server.scenarios import spoken
from streamlab.server.script import Script, decode_steps, say, words

N_BURSTS = 14


def script(seed: int) -> Script:
    """Return 14 bursts, 45 ms apart or so."""
    rng = Random(f"bursty {seed}")
    sizes = [rng.choices((1, 2, 3, 4, 5), weights=(2, 3, 4, 3, 2))[0] for _ in range(N_BURSTS)]
    pieces = iter(words(sum(sizes)))
    bursts = [[next(pieces) for _ in range(size)] for size in sizes]
    return say(bursts, 180 * MS, decode_steps(rng, N_BURSTS, median_ms=45))


SCENARIO = spoken("bursty", "several events a write, as in speculative decoding", script)
