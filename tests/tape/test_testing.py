"""The clock and the tapes that streamlab offers for tests."""

import doctest

import pytest

import streamlab.testing
from streamlab.errors import UsageError
from streamlab.testing import ManualClock, tape_from


def test_the_examples_in_the_docstrings_are_true():
    failed, tried = doctest.testmod(streamlab.testing)

    assert (failed, tried) == (0, 7)


def test_a_manual_clock_never_goes_back():
    clock = ManualClock(5)
    expected = r"^a clock never goes back, and got -1 ns\. Advance by 0 or more\.$"

    with pytest.raises(UsageError, match=expected):
        clock.advance_ns(-1)

    assert clock() == 5


def test_a_tape_by_hand_ends_where_it_is_told():
    tape = tape_from([(10, b"a")], end="timeout", end_ms=50.5, t0_ns=7)

    assert (tape.end.how, tape.end.t_ns) == ("timeout", 50_500_007)
    assert tape.marks == {"request_sent": 7}


def test_a_tape_by_hand_may_be_empty():
    tape = tape_from([], end="connect")

    assert (len(tape), tape.end.t_ns) == (0, tape.t0_ns)
