"""A batching stall: one pause of 300 ms in an otherwise even stream."""

from random import Random

from streamlab.server.completion import Completion, singly
from streamlab.server.parameters import sized
from streamlab.server.response import MS


def completion(seed: int, n_events: int, step_ms: float) -> Completion:
    """Return words, `step_ms` apart, and 300 ms before one in their middle third."""
    first = min(n_events // 3 + 1, n_events - 1)
    last = max(n_events * 2 // 3, first)
    pause, step_ns = Random(f"stall {seed}").randint(first, last), int(step_ms * MS)
    steps_ns = [step_ns] * n_events
    steps_ns[pause] = 300 * MS
    return Completion(200 * MS, lambda: zip(singly(n_events), steps_ns, strict=True))


SCENARIO = sized(
    "stall",
    "one pause of 300 ms in the middle of a steady stream",
    completion,
    n_events=40,
    step_ms=20,
)
