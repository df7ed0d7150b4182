"""A long answer: 2,000 events in ten seconds or so; ``speed`` or ``n_events`` shortens it."""

from random import Random

from streamlab.server.completion import Completion, decode_steps, singly
from streamlab.server.parameters import sized
from streamlab.server.response import MS


def completion(seed: int, n_events: int, step_ms: float) -> Completion:
    """Return `n_events` words, with a median of `step_ms` from one to the next."""
    return Completion(
        150 * MS,
        lambda: zip(
            singly(n_events),
            decode_steps(Random(f"long {seed}"), n_events, step_ms),
            strict=True,
        ),
    )


SCENARIO = sized("long", "2,000 events, 5 ms apart", completion, n_events=2_000, step_ms=5)
