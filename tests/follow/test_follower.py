"""What a follower finds in a log, and what it costs: time that grows with the stream."""

from __future__ import annotations

import gc
import time

from streamlab.follow import Follower
from streamlab.follow.problem import ending, problem, state
from streamlab.tape import Recorder, Stamp
from streamlab.testing import tape_from
from tests.dialects.streams import follow

GROWTH = 8
LIMIT = 3 * GROWTH  # quadratic would be 64


def seconds(n_events: int) -> float:
    """Return the shortest time of three to read events in one read, a comment before each."""
    body = b": keepalive\n\ndata: {}\n\n" * n_events
    times = []
    gc.collect()
    gc.disable()  # its share grows with the objects that earlier tests left
    try:
        for _ in range(3):
            started = time.process_time()
            found = follow([body], "sse", "text/event-stream")
            times.append(time.process_time() - started)
            assert len(found.deltas) == 2 * n_events
    finally:
        gc.enable()
    return min(times)


def test_many_comments_in_one_read_take_linear_time() -> None:
    assert seconds(4_000 * GROWTH) < LIMIT * seconds(4_000)


def test_a_line_is_text_without_its_end() -> None:
    found = follow([b"data: a\r\n\rdata: \xff", "é\n\n".encode()], "sse", "text/event-stream")

    lines = [found.line(number) for number in range(len(found.lines))]
    assert lines == ["data: a", "", "data: \ufffdé", ""]
    assert found.line(0, limit=4) == "data"


def test_a_line_belongs_to_the_read_that_completed_it() -> None:
    found = follow([b"data: a\n", b"dat", b"a: b\n\n", b"data: c"], "sse", "text/event-stream")

    reads = [found.read_of_line(n) for n in range(len(found.lines))]
    assert reads == [0, 2, 2, 3]


def test_a_log_that_grows_has_no_verdict() -> None:
    recorder = Recorder()
    follower = Follower(recorder, "openai_chat")
    recorder.append(b"data: {}\n\n", Stamp(1, 1))
    follower.poll()

    def verdict() -> tuple[str, str | None, str]:
        return state(follower), problem(follower), ending(follower)

    assert verdict() == ("streaming", None, "")

    recorder.end("eof")
    assert verdict() == ("streaming", None, "")

    follower.close()
    assert state(follower) == "failed"
    assert problem(follower) == f"{ending(follower)}."


def test_closing_twice_adds_nothing() -> None:
    follower = Follower(tape_from([(1, b"data: a\n\ndata: b")]), "sse")
    follower.close()
    follower.close()

    assert len(follower.lines) == 3
    assert list(follower.lines_after) == [3]
