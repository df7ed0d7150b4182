"""What merged reads hide, as a time and a cause."""

from streamlab.follow.gap import queued
from streamlab.tape import UNKNOWN, End, Read, Stamp, tape_of

MS = 1_000_000


def tape_with(*stamps):
    return tape_of([Read(b"x", stamp, UNKNOWN, UNKNOWN) for stamp in stamps], End(0, "eof"))


def test_what_is_not_known_is_a_time_and_a_cause():
    first = Stamp(10 * MS, 11 * MS, "kernel", 1, arrival="single")
    one = Stamp(1000 * MS, 1010 * MS, "kernel", 34, 20 * MS, "merged")
    other = Stamp(1500 * MS, 1501 * MS, "kernel", UNKNOWN, UNKNOWN, "merged")

    said = "34 segments queued for up to 990 ms while this program was busy"
    assert queued(tape_with(first).columns) == ""
    assert queued(tape_with(first, one).columns) == said
    assert queued(tape_with(first, one, one._replace(n_segments=2)).columns) == said.replace(
        "34 segments", "36 segments in 2 reads"
    )
    assert queued(tape_with(first, other).columns) == (
        "bytes queued for up to 1,491 ms while this program was busy"
    )
