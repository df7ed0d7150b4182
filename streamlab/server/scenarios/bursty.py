"""Speculative decoding: each step accepts 1 to 5 tokens, which are sent in one write."""

from __future__ import annotations

from functools import partial
from random import Random

from streamlab.server.completion import Completion, completion_of, decode_steps, words
from streamlab.server.parameters import sized
from streamlab.server.response import MS

N_BURSTS = 14  # the number without the parameter `n_events`


def completion(seed: int, n_events: int, step_ms: float) -> Completion:
    """Return `n_events` in bursts, with a median of `step_ms` from one to the next."""
    rng = Random(f"bursty {seed}")
    sizes = _sizes(rng, n_events)
    pieces = iter(words(sum(sizes)))
    bursts = [[next(pieces) for _ in range(size)] for size in sizes]
    return completion_of(bursts, 180 * MS, decode_steps(rng, len(sizes), step_ms))


def _sizes(rng: Random, n_events: int) -> list[int]:
    """Return how many events each burst has; `n_events` = 0 gives `N_BURSTS` bursts."""
    draw = partial(rng.choices, (1, 2, 3, 4, 5), weights=(2, 3, 4, 3, 2))
    if not n_events:
        return [draw()[0] for _ in range(N_BURSTS)]
    sizes, left = [], n_events
    while left > 0:
        sizes.append(min(draw()[0], left))
        left -= sizes[-1]
    return sizes


SCENARIO = sized(
    "bursty",
    "several events a write, as in speculative decoding",
    completion,
    n_events=0,
    step_ms=45,
)
