"""The gap: the time from each arrival to the one before it."""

from array import array
from math import isnan

import pytest

from streamlab.follow.gap import gaps_ms


@pytest.mark.parametrize("stamps", [[], array("q"), ()])
def test_without_an_arrival_there_is_no_gap(stamps):
    assert gaps_ms(stamps) == []


def test_the_first_arrival_has_no_gap_and_the_others_count_from_the_one_before():
    first, *others = gaps_ms(array("q", [5_000_000, 25_000_000, 25_000_000, 70_500_000]))

    assert isnan(first)
    assert others == [20.0, 0.0, 45.5]


def test_a_gap_is_exact_however_large_the_stamps_are():
    """As floats of milliseconds, the two stamps would have lost the last digits."""
    hour_ns = 3_600_000_000_000

    assert gaps_ms([1000 * hour_ns, 1000 * hour_ns + 999])[1] == 0.000999
