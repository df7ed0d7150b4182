"""Edits move times and cut reads; the bytes and t0 stay, and the tape lists its edits."""

import math
from array import array
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.errors import UsageError
from streamlab.tape import UNKNOWN, End, Read, Sends, Stamp, tape_of
from streamlab.tape.edits import cut, rechunk, stall, stretch
from streamlab.testing import tape_from

T0_NS = 1_000_000_000


@st.composite
def tapes(draw, min_reads=0):
    """Tapes in which, as in life, sent <= arrived <= seen <= delivered, row after row."""
    rows, now_ns = [], T0_NS
    gap = st.integers(0, 50_000_000)
    for data in draw(
        st.lists(st.binary(min_size=1, max_size=9), min_size=min_reads, max_size=8)
    ):
        sent = now_ns + draw(gap)
        arrived = sent + draw(gap)
        seen = arrived + draw(gap)
        now_ns = seen + draw(gap)
        lo = draw(st.sampled_from([UNKNOWN, sent]))
        stamp = Stamp(arrived, seen, draw(st.sampled_from(["kernel", "user"])), 1, lo)
        delivered = draw(st.sampled_from([UNKNOWN, now_ns]))
        rows.append(Read(data, stamp, delivered, sent if draw(st.booleans()) else UNKNOWN))
    marks = {"called": T0_NS - 9_000_000, "request_sent": T0_NS, "headers": T0_NS + draw(gap)}
    end_ns = max(now_ns, marks["headers"]) + draw(gap)
    return tape_of(rows, End(end_ns, "eof"), marks, {"url": "http://127.0.0.1/"})


factors = st.floats(0.01, 100)
pauses = st.floats(0, 10_000)
sizes = st.lists(st.integers(1, 12), min_size=1, max_size=4)


def columns_of(tape):
    """Return every column of times, and the bounds, without what is unknown."""
    columns = tape.columns
    names = ("arrived_ns", "seen_ns", "delivered_ns", "lo_ns")
    times = [getattr(columns, name) for name in names] + [tape.server_sent_ns or ()]
    return [[t_ns for t_ns in column if t_ns != UNKNOWN] for column in times]


def unknowns(tape):
    return [
        tuple(t == UNKNOWN for t in (read.delivered_ns, read.stamp.lo_ns, read.server_sent_ns))
        for read in tape
    ]


def check_order(tape):
    """Assert that time goes on: down each column, along each row, and to the end."""
    for column in columns_of(tape):
        assert all(before <= after for before, after in pairwise(column))
        assert all(t_ns <= tape.end.t_ns for t_ns in column)
    for read in tape:
        along = [read.server_sent_ns, *read.stamp[:2], read.delivered_ns]
        known = [t_ns for t_ns in along if t_ns != UNKNOWN]
        assert known == sorted(known)
        assert read.stamp.lo_ns <= read.stamp.arrived_ns
    assert all(t_ns <= tape.end.t_ns for t_ns in tape.marks.values())


@given(tape=tapes(), factor=factors)
def test_stretching_moves_every_time_and_no_byte(tape, factor):
    slow = stretch(tape, factor)

    def moved(t_ns):
        return T0_NS + round((t_ns - T0_NS) * factor)

    assert slow.body == tape.body
    assert slow.columns.ends == tape.columns.ends
    assert columns_of(slow) == [[moved(t) for t in column] for column in columns_of(tape)]
    assert slow.marks == {name: moved(t_ns) for name, t_ns in tape.marks.items()}
    assert slow.end == End(moved(tape.end.t_ns), "eof")
    assert unknowns(slow) == unknowns(tape)
    assert slow.t0_ns == T0_NS
    check_order(slow)


@given(tape=tapes())
def test_stretching_there_and_back_is_the_same_within_rounding(tape):
    same = stretch(stretch(tape, 2), 0.5)

    assert columns_of(same) == columns_of(tape)
    odd = stretch(stretch(tape, 3), 1 / 3)
    for column, before in zip(columns_of(odd), columns_of(tape), strict=True):
        assert all(abs(a - b) <= 1 for a, b in zip(column, before, strict=True))


def test_a_stall_at_t0_leaves_t0():
    """The first read arrived at t0, as far as the clock can tell."""
    tape = tape_from([(0, b"a"), (20, b"b")])

    for late in (stall(tape, 5, t_ms=0), stall(tape, 5, read=0)):
        assert late.t0_ns == tape.t0_ns
        assert [read.stamp.arrived_ns - late.t0_ns for read in late] == [5_000_000, 25_000_000]


@given(data=st.data(), tape=tapes(min_reads=1), pause_ms=pauses)
def test_a_stall_delays_all_of_the_later_reads(data, tape, pause_ms):
    row = data.draw(st.integers(0, len(tape) - 1))
    late, pause_ns = stall(tape, pause_ms, read=row), round(pause_ms * 1e6)

    assert late.body == tape.body
    assert late.t0_ns == T0_NS
    assert list(late)[:row] == list(tape)[:row]
    assert late.end.t_ns == tape.end.t_ns + pause_ns
    assert unknowns(late) == unknowns(tape)
    for after, before in zip(list(late)[row:], list(tape)[row:], strict=True):
        assert after.stamp.arrived_ns == before.stamp.arrived_ns + pause_ns
        assert after.stamp.seen_ns == before.stamp.seen_ns + pause_ns
        if before.delivered_ns != UNKNOWN:
            assert after.delivered_ns == before.delivered_ns + pause_ns
        if before.server_sent_ns != UNKNOWN:
            assert after.server_sent_ns == before.server_sent_ns + pause_ns
    check_order(late)


def test_a_stall_at_a_moment_delays_what_arrived_since():
    tape = tape_from([(10, b"a"), (20, b"b"), (30, b"c")], end_ms=40)

    def arrivals(t_ms):
        late = stall(tape, 100, t_ms=t_ms)
        return [(t - T0_NS) / 1e6 for t in [*late.columns.arrived_ns, late.end.t_ns]]

    assert arrivals(0) == [110, 120, 130, 140]
    assert arrivals(20) == [10, 120, 130, 140]
    assert arrivals(20.5) == [10, 20, 130, 140]
    assert arrivals(40) == [10, 20, 30, 140]


def test_a_stall_moves_the_phases_that_come_after_it():
    tape = tape_of(
        [Read(b"a", Stamp(T0_NS + 10, T0_NS + 12), UNKNOWN, UNKNOWN)],
        End(T0_NS + 20, "eof"),
        {"request_sent": T0_NS, "headers": T0_NS + 9, "first_read": T0_NS + 12},
    )

    late = stall(tape, 1, read=-1)

    assert late.marks == {
        "request_sent": T0_NS,
        "headers": T0_NS + 9,
        "first_read": T0_NS + 1_000_012,
    }


@given(tape=tapes(), sizes=sizes)
@settings(deadline=None)
def test_other_reads_bring_the_same_bytes(tape, sizes):
    other = rechunk(tape, sizes)

    assert b"".join(read.data for read in other) == tape.body
    for row, read in enumerate(list(other)[:-1]):
        assert len(read.data) == sizes[row % len(sizes)]
    assert (other.end, other.marks, other.t0_ns) == (tape.end, tape.marks, T0_NS)
    check_order(other)


@given(tape=tapes(), sizes=sizes)
def test_a_new_read_is_dated_by_the_read_that_brought_its_last_byte(tape, sizes):
    brought_by = [row for row, read in enumerate(tape) for _ in read.data]
    offset = 0
    for read in rechunk(tape, sizes):
        offset += len(read.data)
        source = tape[brought_by[offset - 1]]
        assert read.stamp[:3] == source.stamp[:3]
        assert read[2:] == source[2:]


@given(tape=tapes())
def test_reads_cut_as_they_were_are_what_they_were(tape):
    same = rechunk(tape, [len(read.data) for read in tape] or 1)

    assert list(same) == list(tape)


def test_a_new_read_knows_since_when_its_bytes_came_and_not_in_how_many_segments():
    tape = tape_of(
        [
            Read(b"ab", Stamp(100, 101, "kernel", 1), UNKNOWN, UNKNOWN),
            Read(b"cd", Stamp(200, 201, "kernel", 2, 150, "burst"), UNKNOWN, UNKNOWN),
            Read(b"ef", Stamp(300, 301, "user"), UNKNOWN, UNKNOWN),
            Read(b"gh", Stamp(400, 401, "user"), UNKNOWN, UNKNOWN),
        ],
        End(500, "eof"),
    )

    assert [read.stamp for read in rechunk(tape, 4)] == [
        # one segment: its stamp is its first byte's
        Stamp(200, 201, "kernel", UNKNOWN, 100, "merged"),
        Stamp(400, 401, "user", UNKNOWN, UNKNOWN, "merged"),
    ]
    assert [read.stamp for read in rechunk(tape, [3, 1, 4])] == [
        Stamp(200, 201, "kernel", UNKNOWN, 100, "merged"),
        Stamp(200, 201, "kernel", UNKNOWN, 150, "burst"),
        Stamp(400, 401, "user", UNKNOWN, UNKNOWN, "merged"),
    ]


@given(data=st.data(), tape=tapes())
def test_a_cut_keeps_the_beginning(data, tape):
    reads = data.draw(st.integers(0, len(tape)))
    n_bytes = data.draw(st.integers(0, len(tape.body)))

    by_reads, by_bytes = cut(tape, reads=reads), cut(tape, n_bytes=n_bytes)

    assert list(by_reads) == list(tape)[:reads]
    assert by_bytes.body == tape.body[:n_bytes]
    assert b"".join(read.data for read in by_bytes) == tape.body[:n_bytes]
    for short in (by_reads, by_bytes):
        assert short.end.how == "reset"
        assert short.end.t_ns <= tape.end.t_ns
        assert short.t0_ns == T0_NS
        check_order(short)


def test_a_cut_ends_when_the_next_read_would_have_come():
    tape = tape_from([(10, b"abc"), (20, b"def")], end_ms=50)

    def ends(**place):
        short = cut(tape, **place)
        return bytes(short.body), (short.end.t_ns - T0_NS) / 1e6

    assert ends(reads=0) == (b"", 10)
    assert ends(reads=1) == (b"abc", 20)
    assert ends(reads=2) == (b"abcdef", 50)
    assert ends(n_bytes=2) == (b"ab", 10)
    assert ends(n_bytes=3) == (b"abc", 20)
    assert ends(n_bytes=4) == (b"abcd", 20)
    assert ends(t_ms=9.9) == (b"", 9.9)
    assert ends(t_ms=10) == (b"abc", 10)
    assert ends(t_ms=50) == (b"abcdef", 50)


def test_what_comes_after_a_cut_never_happened():
    tape = tape_of(
        [Read(b"a", Stamp(T0_NS + 10, T0_NS + 10, "kernel", 3), T0_NS + 25, T0_NS + 9)] * 2,
        End(T0_NS + 99, "eof"),
        {"request_sent": T0_NS, "headers": T0_NS + 9, "closed": T0_NS + 99},
    )

    short = cut(tape, reads=1, how="timeout")

    assert short.marks == {"request_sent": T0_NS, "headers": T0_NS + 9}
    assert short.end == End(T0_NS + 25, "timeout", "cut on purpose after 1 bytes")
    assert list(short.server_sent_ns) == [T0_NS + 9]


def test_the_part_of_a_read_has_an_unknown_number_of_segments():
    tape = tape_of([Read(b"ab", Stamp(1, 1, "kernel", 2), UNKNOWN, UNKNOWN)], End(9, "eof"))

    assert cut(tape, n_bytes=1)[0].stamp == Stamp(1, 1, "kernel", UNKNOWN)
    assert cut(tape, n_bytes=2)[0].stamp == Stamp(1, 1, "kernel", 2)


def test_an_edited_tape_says_what_was_done_and_the_first_one_is_as_it_was():
    tape = tape_from([(10, b"ab"), (20, b"c")])
    before = (list(tape), dict(tape.meta), dict(tape.marks), tape.end)

    edited = cut(rechunk(stall(stretch(tape, 2), 5, read=1), 1), n_bytes=2)

    assert edited.meta["edits"] == [
        "stretch(factor=2)",
        "stall(for_ms=5, read=1)",
        "rechunk(1)",
        "cut(n_bytes=2, how='reset')",
    ]
    assert (list(tape), dict(tape.meta), dict(tape.marks), tape.end) == before


TAPE = tape_from([(10, b"ab"), (20, b"cd")], end_ms=30)
CHOOSE = "Choose a moment before its end."

MISUSES = {
    "factor-zero": (
        lambda: stretch(TAPE, 0),
        "a factor is a number more than 0, and got 0. Try 2 or 0.5.",
    ),
    "factor-nan": (
        lambda: stretch(TAPE, math.nan),
        "a factor is a number more than 0, and got nan. Try 2 or 0.5.",
    ),
    "factor-text": (
        lambda: stretch(TAPE, "2"),
        "a factor is a number more than 0, and got '2'. Try 2 or 0.5.",
    ),
    "pause-negative": (
        lambda: stall(TAPE, -1, read=0),
        "a pause is 0 ms or more, and got -1. Try for_ms=300.",
    ),
    "pause-infinite": (
        lambda: stall(TAPE, math.inf, read=0),
        "a pause is 0 ms or more, and got inf. Try for_ms=300.",
    ),
    "stall-nowhere": (
        lambda: stall(TAPE, 1),
        "stall needs exactly one of read, t_ms, and got none. Name one place on the tape.",
    ),
    "stall-twice": (
        lambda: stall(TAPE, 1, read=0, t_ms=1),
        (
            "stall needs exactly one of read, t_ms, and got read and t_ms. "
            "Name one place on the tape."
        ),
    ),
    "no-such-read": (
        lambda: stall(TAPE, 1, read=2),
        (
            "read must be one of the tape's 2 reads, and got 2. "
            "Count from 0, or from the end with -1."
        ),
    ),
    "after-the-end": (
        lambda: stall(TAPE, 1, t_ms=31),
        f"t_ms must be on the tape, from 0 to 30 ms, and got 31. {CHOOSE}",
    ),
    "before-t0": (
        lambda: cut(TAPE, t_ms=-1),
        f"t_ms must be on the tape, from 0 to 30 ms, and got -1. {CHOOSE}",
    ),
    "cut-nowhere": (
        lambda: cut(TAPE),
        (
            "cut needs exactly one of reads, n_bytes, t_ms, and got none. "
            "Name one place on the tape."
        ),
    ),
    "too-many-reads": (
        lambda: cut(TAPE, reads=3),
        "reads must be a whole number from 0 to 2 (all of the tape), and got 3. Choose less.",
    ),
    "half-a-byte": (
        lambda: cut(TAPE, n_bytes=0.5),
        (
            "n_bytes must be a whole number from 0 to 4 (all of the tape), and got 0.5. "
            "Choose less."
        ),
    ),
    "size-zero": (
        lambda: rechunk(TAPE, 0),
        "sizes are whole numbers of bytes, 1 or more, and got 0. Try sizes=1.",
    ),
    "no-sizes": (
        lambda: rechunk(TAPE, []),
        "sizes are whole numbers of bytes, 1 or more, and got []. Try sizes=1.",
    ),
    "half-a-size": (
        lambda: rechunk(TAPE, [1, 1.5]),
        "sizes are whole numbers of bytes, 1 or more, and got [1, 1.5]. Try sizes=1.",
    ),
}


@pytest.mark.parametrize(("misuse", "sentence"), MISUSES.values(), ids=MISUSES)
def test_a_misuse_gets_one_sentence(misuse, sentence):
    with pytest.raises(UsageError) as caught:
        misuse()

    assert str(caught.value) == sentence


def test_an_empty_tape_can_be_edited():
    tape = tape_from([], end="connect", end_ms=5)

    assert len(stretch(tape, 2)) == len(rechunk(tape, 3)) == len(cut(tape, reads=0)) == 0
    assert stall(tape, 1, t_ms=0).end.t_ns == tape.end.t_ns + 1_000_000


def test_numbers_from_numpy_are_numbers():
    numpy = pytest.importorskip("numpy")

    assert stretch(TAPE, numpy.float64(2)) == stretch(TAPE, 2)
    assert stall(TAPE, numpy.int64(3), read=numpy.int64(1))[1].stamp.arrived_ns == 1_023_000_000
    assert len(rechunk(TAPE, numpy.array([1, 2]))) == 3
    assert len(cut(TAPE, reads=numpy.int64(1))) == 1


def test_the_log_of_the_lab_moves_with_the_reads():
    """A write is late if it has a byte of a late read; a cut keeps the writes that it needs."""
    tape = tape_from([(10, b"ab"), (20, b"cd"), (30, b"ef")], end_ms=40)
    times = array("q", (T0_NS + t for t in (1, 2, 3, 4)))
    tape = replace(tape, sends=Sends(array("q", [1, 3, 4, 6]), times, times))

    def sent(edited):
        assert edited.sends.sent_ns == edited.sends.due_ns
        assert list(edited.sends.ends) == [1, 3, 4, 6][: len(edited.sends.ends)]
        return [t_ns - T0_NS for t_ns in edited.sends.sent_ns]

    assert sent(stretch(tape, 10)) == [10, 20, 30, 40]
    assert sent(stall(tape, 1e-4, read=1)) == [1, 102, 103, 104]
    assert sent(stall(tape, 1e-4, t_ms=30)) == [1, 2, 3, 104]
    assert [sent(cut(tape, n_bytes=n)) for n in range(5)] == [
        [],
        [1],
        [1, 2],
        [1, 2],
        [1, 2, 3],
    ]
    assert sent(rechunk(tape, 1)) == [1, 2, 3, 4]
