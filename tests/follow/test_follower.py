"""What a follower costs: time grows with the stream, however much one read brings."""

from __future__ import annotations

import time

from tests.dialects.streams import follow

GROWTH = 8
LIMIT = 3 * GROWTH  # quadratic would be 64


def seconds(n_events: int) -> float:
    """Return the shortest time of three to read events in one read, a comment before each."""
    body = b": keepalive\n\ndata: {}\n\n" * n_events
    times = []
    for _ in range(3):
        started = time.process_time()
        found = follow([body], "sse", "text/event-stream")
        times.append(time.process_time() - started)
        assert len(found.deltas) == 2 * n_events
    return min(times)


def test_many_comments_in_one_read_take_linear_time() -> None:
    assert seconds(4_000 * GROWTH) < LIMIT * seconds(4_000)
