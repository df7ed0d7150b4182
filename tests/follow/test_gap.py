"""The gap: the time from each arrival to the one before it, if it is known."""

from array import array
from math import isnan

import pytest

from streamlab.follow.gap import gaps, queued
from streamlab.tape import ARRIVALS, UNKNOWN, End, Read, Stamp, tape_of

SINGLE, BURST, MERGED = range(len(ARRIVALS))
MS = 1_000_000


def gaps_of(*arrivals, at_end=None):
    """Return the gaps of arrivals, each a time in ms, its lower bound and its kind."""
    columns = zip(*arrivals, strict=True)
    t_ms, lo_ms, kinds = (array("q", column) for column in columns)
    stamps = array("q", (t * MS for t in t_ms))
    return gaps(stamps, [t if t == UNKNOWN else t * MS for t in lo_ms], kinds, at_end)


def text_of(made):
    return [[None if isnan(value) else value for value in column] for column in made]


@pytest.mark.parametrize("stamps", [[], array("q"), ()])
def test_without_an_arrival_there_is_no_gap(stamps):
    assert gaps(stamps, [], []) == ([], [], [])


def test_the_first_arrival_has_no_gap_and_the_others_count_from_the_one_before():
    stamps = array("q", [5_000_000, 25_000_000, 25_000_000, 70_500_000])
    made = text_of(gaps(stamps, [UNKNOWN] * 4, [SINGLE] * 4))

    assert made == [[None, 20.0, 0.0, 45.5]] * 3


def test_a_gap_is_exact_however_large_the_stamps_are():
    """As floats of milliseconds, the two stamps would have lost the last digits."""
    hour_ns = 3_600_000_000_000

    assert gaps([1000 * hour_ns, 1000 * hour_ns + 999], [-1, -1], [0, 0]).ms[1] == 0.000999


def test_a_merged_read_has_bounds_and_the_gap_after_it_is_exact():
    made = gaps_of((10, -1, SINGLE), (1000, 12, MERGED), (1030, -1, SINGLE))

    assert text_of(made) == [[None, None, 30], [None, 2, 30], [None, 990, 30]]


def test_a_merged_read_without_a_bound_came_after_the_arrival_before():
    made = gaps_of((10, -1, SINGLE), (1000, -1, MERGED))

    assert text_of(made) == [[None, None], [None, 0], [None, 990]]


def test_a_burst_is_one_arrival():
    made = gaps_of((10, -1, SINGLE), (31, 30, BURST), (50, -1, SINGLE))

    assert text_of(made) == [[None, 21, 19]] * 3


def test_a_gap_of_unknown_kind_is_kept_and_has_bounds_only_if_the_kernel_gave_one():
    made = gaps_of((10, -1, SINGLE), (50, 20, UNKNOWN), (90, -1, UNKNOWN))

    assert text_of(made) == [[None, 40, 40], [None, 10, None], [None, 40, None]]


def test_a_row_before_the_end_of_a_merged_read_has_no_exact_time():
    """The row ended somewhere in the interval, so the gap after it is not known either."""
    arrivals = (10, -1, SINGLE), (1000, 12, MERGED), (1030, -1, SINGLE)
    made = gaps_of(*arrivals, at_end=[True, False, True])

    assert text_of(made) == [[None, None, None], [None, 2, 30], [None, 990, 1018]]


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
