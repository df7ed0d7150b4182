"""How the segments of a read came: each rule by hand, and the count of a thread's sleeps."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from streamlab.net.kernel import Look
from streamlab.net.together import Facts, Judge, Sleeps
from streamlab.testing import ManualClock

MS = 1_000_000
PROMPT_MS, SLOW_MS, LATE_MS = 0.1, 8, 30

linux = pytest.mark.skipif(sys.platform != "linux", reason="sleeps are counted on Linux")


def facts(
    waited_ms: float = PROMPT_MS,
    slept: int = 1,
    n_segments: int = 3,
    n_bytes: int = 4000,
    segment_bytes: int = 1448,
    since_empty_ms: float = 300,
    span_ms: float = 0,
    **more: int,
) -> Facts:
    """Return the facts of a read that came at 1 s; one write can have made its segments."""
    came_ns = 1000 * MS
    look = Look(None, segment_bytes, more.pop("window_bytes", 65536))
    return Facts(
        came_ns,
        came_ns - int(since_empty_ms * MS),
        came_ns - int(span_ms * MS),
        came_ns + int(waited_ms * MS),
        slept,
        more.pop("start", 1000),
        n_bytes,
        n_segments,
        more.pop("queued", 1000 + n_bytes),
        look,
    )


@pytest.mark.parametrize(
    ("how", "arrival"),
    [
        ({}, "burst"),
        ({"slept": 2}, "burst"),  # it waited for the interpreter lock, at most 5 ms
        ({"slept": 1, "n_segments": 9}, "burst"),  # several writes, and the reader was asleep
        ({"slept": 2, "n_segments": 9}, None),  # a timer may have woken it for something else
        ({"slept": 60}, None),
        ({"slept": 0, "n_segments": 9}, "merged"),
        ({"slept": 0}, None),
        ({"waited_ms": SLOW_MS}, None),
        ({"waited_ms": SLOW_MS, "n_segments": 9}, "merged"),
        ({"waited_ms": SLOW_MS, "n_segments": 9, "slept": 60}, "merged"),
        ({"waited_ms": LATE_MS}, "merged"),
        ({"span_ms": 20}, "merged"),  # whatever the reader did
        ({"since_empty_ms": 0.3, "waited_ms": LATE_MS, "slept": 0}, "burst"),
        ({"n_segments": -1}, None),
        ({"n_segments": -1, "waited_ms": LATE_MS}, None),
        ({"n_segments": -1, "span_ms": 20}, "merged"),
        ({"n_segments": -1, "since_empty_ms": 0.3}, "burst"),
        ({"n_segments": -1, "n_bytes": 65536, "waited_ms": LATE_MS}, "merged"),
        ({"segment_bytes": 0, "n_segments": 9, "slept": 0}, None),
        ({"slept": -1}, None),  # sleeps are not counted here
    ],
)
def test_the_facts_of_one_read(how: dict[str, float], arrival: str | None) -> None:
    assert Judge().arrival(facts(**how)) == arrival  # type: ignore[arg-type]


def test_what_waited_behind_a_merged_read_was_merged_with_it() -> None:
    """Several reads empty the queue; all their bytes came while the reader was away."""
    judge = Judge()
    first = facts(n_bytes=65536, n_segments=-1, span_ms=70, start=0, queued=100_000)
    rest = facts(n_bytes=34_464, n_segments=-1, start=65_536, queued=100_400)
    then = facts(start=100_400)

    assert [judge.arrival(read) for read in (first, rest, then)] == [
        "merged",
        "merged",
        "burst",
    ]


def test_what_a_sender_held_back_was_merged_too() -> None:
    """The window was full, so that the sender stopped until the reader came back."""
    full = facts(n_bytes=60_000, span_ms=70, window_bytes=0, start=0, queued=60_000)
    room = facts(n_bytes=60_000, span_ms=70, start=0, queued=60_000)
    held = facts(n_bytes=30_000, n_segments=30, since_empty_ms=0.05, start=60_000)

    after_full, after_room = Judge(), Judge()
    after_full.arrival(full)
    after_room.arrival(room)

    assert after_full.arrival(held) == "merged"
    assert after_full.arrival(held._replace(lo_ns=held.lo_ns - MS // 4)) == "burst"  # late
    assert after_full.arrival(held) == "merged"  # the rest of what was held back
    assert after_room.arrival(held) == "burst"


def test_bytes_that_waited_for_a_full_consumer_are_merged() -> None:
    judge = Judge()
    judge.returns(5000)

    assert judge.arrival(facts(start=1000)) == "merged"
    assert judge.arrival(facts(start=5000)) == "burst"


@linux
def test_a_sleep_counts_for_the_reads_right_after_it() -> None:
    clock, sleeps = ManualClock(), Sleeps()
    sleeps.begin(clock)
    time.sleep(0.001)  # the subject
    clock.advance_ms(1)

    assert sleeps.before(clock()) >= 1
    assert sleeps.before(clock() + MS // 10) >= 1  # the second socket of this pass
    assert sleeps.before(clock() + 10 * MS) == 0  # awake for 10 ms: it was busy


@linux
def test_a_sleep_before_the_wait_is_no_wait() -> None:
    clock, sleeps = ManualClock(), Sleeps()
    sleeps.begin(clock)
    time.sleep(0.001)
    clock.advance_ms(1)
    sleeps.begin(clock)
    clock.advance_ms(0.1)

    assert sleeps.before(clock()) == 0


@linux
def test_each_thread_has_its_own_sleeps() -> None:
    clock, sleeps = ManualClock(), Sleeps()
    sleeps.begin(clock)
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(sleeps.before(clock())))
    thread.start()
    thread.join()

    clock.advance_ms(0.1)
    assert found[0] <= 0  # none, or none counted yet
    assert sleeps.before(clock()) >= 1  # this thread slept until the other was done


@linux
def test_a_fresh_count_is_not_taken_again() -> None:
    clock, sleeps = ManualClock(), Sleeps()
    sleeps.begin(clock)
    for ms in (0.1, 1):
        time.sleep(0.001)
        sleeps.note(clock() + int(ms * MS))

    assert sleeps.before(clock() + MS) >= 2  # both sleeps, at the second note
