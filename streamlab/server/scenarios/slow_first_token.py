"""A long prompt: the role comes at once, the first text a second later.

A tool that takes the first event for the first token has an error of a second.
"""

from collections.abc import Iterator
from itertools import chain
from random import Random

from streamlab.server.completion import Completion, decode_steps, singly
from streamlab.server.parameters import sized
from streamlab.server.response import MS


def completion(seed: int, n_events: int, step_ms: float) -> Completion:
    """Return an opening at 80 ms, a pause of 1.1 to 1.3 s, then words about `step_ms` apart."""

    def groups() -> Iterator[tuple[list[str], int]]:
        rng = Random(f"slow-first-token {seed}")
        pause_ns = int(rng.uniform(1100, 1300) * MS)
        steps_ns = chain([pause_ns], decode_steps(rng, n_events - 1, step_ms))
        return zip(singly(n_events), steps_ns, strict=True)

    return Completion(80 * MS, groups)


SCENARIO = sized(
    "slow-first-token",
    "the role at once, the first text 1.2 s later",
    completion,
    n_events=24,
    step_ms=15,
)
