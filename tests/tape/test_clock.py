"""The wall clock is tied to the monotonic one at one moment, with a known error."""

from streamlab.tape import Anchor, anchor


def clock_of(*times):
    return iter(times).__next__


def test_the_tightest_of_several_brackets_is_kept():
    mono = clock_of(0, 100, 200, 210, 300, 400)
    wall = clock_of(10_050, 10_205, 10_350)

    assert anchor(mono, wall, tries=3) == Anchor(205, 10_205, 5)


def test_the_error_covers_the_whole_bracket():
    """Wherever between the two readings the wall clock was read, it is within the error."""
    found = anchor(clock_of(0, 101), clock_of(7), tries=1)

    assert found.mono_ns - found.error_ns <= 0
    assert found.mono_ns + found.error_ns >= 101


def test_a_stamp_has_a_calendar_time():
    tied = Anchor(1_000, 1_700_000_000_000_000_000, 5)

    assert tied.to_wall_ns(1_500) == 1_700_000_000_000_000_500


def test_the_real_clocks_can_be_tied():
    assert 0 <= anchor().error_ns < 1_000_000
