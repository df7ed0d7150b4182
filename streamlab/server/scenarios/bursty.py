"""Speculative decoding: each step accepts 1 to 5 tokens, which are sent in one write."""

from collections.abc import Iterator
from itertools import islice, takewhile
from random import Random

from streamlab.server.completion import Completion, decode_steps, words
from streamlab.server.parameters import sized
from streamlab.server.response import MS

N_BURSTS = 14  # the number without the parameter `n_events`


def completion(seed: int, n_events: int, step_ms: float) -> Completion:
    """Return `n_events` in bursts, with a median of `step_ms` from one to the next."""

    def groups() -> Iterator[tuple[list[str], int]]:
        sizes, rng = _sizes(Random(f"bursty {seed} sizes"), n_events), Random(f"bursty {seed}")
        pieces = words(n_events or 5 * N_BURSTS)
        bursts = (list(islice(pieces, size)) for size in sizes)
        steps_ns = decode_steps(rng, n_events or N_BURSTS, step_ms)
        return zip(takewhile(bool, bursts), steps_ns, strict=False)

    return Completion(180 * MS, groups)


def _sizes(rng: Random, n_events: int) -> Iterator[int]:
    """Yield how many events each burst has; `n_events` = 0 gives `N_BURSTS` bursts."""
    for _ in range(n_events or N_BURSTS):
        yield rng.choices((1, 2, 3, 4, 5), weights=(2, 3, 4, 3, 2))[0]


SCENARIO = sized(
    "bursty",
    "several events a write, as in speculative decoding",
    completion,
    n_events=0,
    step_ms=45,
)
