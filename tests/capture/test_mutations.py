"""Can the tests of arrival times fail?  Faults are put in, and the tests must find them.

To add one, write a function that puts it in and name it in `MUTATIONS`, with a check that
must fail under it.  A check is a test of this suite as it stands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import streamlab as sl
from streamlab.metrics.arrivals import Arrivals
from streamlab.net.kernel import WallMap
from streamlab.net.stamping import Meter
from streamlab.tape import UNKNOWN, Recorder, Stamp, Tape
from tests.capture.test_record import record_async
from tests.net import test_kernel_blocked_loop as loops
from tests.net import test_kernel_fallbacks as fallbacks
from tests.net import test_kernel_stamps as stamps
from tests.net.sends import Lab

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernel stamps are Linux's")

Patch = pytest.MonkeyPatch
MS = 1_000_000


class Labs(NamedTuple):
    """The lab at true speed, and the fast one for what times do not matter to."""

    real: Lab
    fast: Lab


@pytest.fixture
def labs(lab: Lab, fast_lab: Lab) -> Labs:
    return Labs(lab, fast_lab)


def numbers(labs: Labs, patch: Patch) -> None:
    stamps.test_a_line_comes_with_the_read_that_brought_its_last_byte(sl.record, labs.fast)


def promptness(labs: Labs, patch: Patch) -> None:
    stamps.test_ninety_nine_in_a_hundred_lie_within_a_millisecond(record_async, labs.real)


def counts(labs: Labs, patch: Patch) -> None:
    stamps.test_who_sleeps_through_k_sends_is_told_k_and_when(stamps.dozing, labs.real)


def steps(labs: Labs, patch: Patch) -> None:
    stamps.test_a_step_of_the_wall_clock_is_flagged_and_costs_no_stamp(
        record_async, -2, labs.real, patch
    )


def loop(labs: Labs, patch: Patch) -> None:
    loops.test_a_blocked_loop_spoils_what_is_seen_and_not_what_arrived(labs.real)


def tiers(labs: Labs, patch: Patch) -> None:
    fallbacks.test_a_kernel_that_refuses_the_option(record_async, labs.fast, patch)


def swapped_read_numbers(patch: Patch) -> None:
    """Lines name their neighbour's read."""
    of = Arrivals.of

    def swapped(self: Arrivals, read: np.ndarray, *more: Any) -> dict[str, Any]:
        found = of(self, read, *more)
        if len(read) != len(self.t_ms):  # of lines, not of reads
            found["read"] = np.where(read == 2, 3, np.where(read == 3, 2, read))
        return found

    patch.setattr(Arrivals, "of", swapped)


def swapped_stamps(patch: Patch) -> None:
    """Two reads of a tape have each other's arrival."""
    finish = Recorder.finish

    def swapped(self: Recorder) -> Tape:
        tape = finish(self)
        column = tape.columns.arrived_ns
        column[2], column[3] = column[3], column[2]
        return tape

    patch.setattr(Recorder, "finish", swapped)


def shifted(by_ns: int) -> Callable[[Patch], None]:
    """The kernel's clock is taken for another than it is."""
    to_mono_ns = WallMap.to_mono_ns

    def shift(self: WallMap, wall_ns: int, now_ns: int) -> int:
        return to_mono_ns(self, wall_ns, now_ns) + by_ns

    return lambda patch: patch.setattr(WallMap, "to_mono_ns", shift)


def restamped(change: Callable[[Stamp], Stamp]) -> Callable[[Patch], None]:
    """Every stamp is another than was taken."""
    recv = Meter.recv

    def changed(self: Meter, max_bytes: int) -> tuple[bytes, Stamp]:
        data, stamp = recv(self, max_bytes)
        return data, change(stamp)

    return lambda patch: patch.setattr(Meter, "recv", changed)


def with_fields(**fields: Any) -> Callable[[Patch], None]:
    return restamped(lambda stamp: stamp._replace(**fields))


def forgotten_steps(patch: Patch) -> None:
    """A wall clock that was set is not mentioned."""
    patch.setattr(WallMap, "steps_between", lambda self, start_ns, end_ns: [])


MUTATIONS = {
    "read numbers are swapped": (swapped_read_numbers, numbers),
    "stamps are swapped": (swapped_stamps, promptness),
    "stamps are 2 ms early": (shifted(-2 * MS), promptness),
    "stamps are 2 ms late": (shifted(2 * MS), promptness),
    "segment counts are dropped": (with_fields(n_segments=UNKNOWN), counts),
    "every count is one": (with_fields(n_segments=1), counts),
    "bounds have no width": (
        restamped(lambda stamp: stamp._replace(lo_ns=stamp.arrived_ns)),
        counts,
    ),
    "bounds are dropped": (with_fields(lo_ns=UNKNOWN), counts),
    "what was seen is called arrived": (
        restamped(lambda stamp: stamp._replace(arrived_ns=stamp.seen_ns)),
        loop,
    ),
    "the tier is a lie": (with_fields(tier="kernel"), tiers),
    "steps are forgotten": (forgotten_steps, steps),
}

CHECKS = [numbers, promptness, counts, steps, loop, tiers]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_without_a_fault_every_check_passes(
    check: Callable[[Labs, Patch], None], labs: Labs, monkeypatch: Patch
) -> None:
    """The control: what fails the checks below is the fault."""
    check(labs, monkeypatch)


@pytest.mark.parametrize(("put_in", "check"), MUTATIONS.values(), ids=MUTATIONS)
def test_with_it_the_suite_is_red(
    put_in: Callable[[Patch], None],
    check: Callable[[Labs, Patch], None],
    labs: Labs,
    monkeypatch: Patch,
) -> None:
    put_in(monkeypatch)

    with pytest.raises(AssertionError):
        check(labs, monkeypatch)


def test_every_check_has_a_fault_to_see() -> None:
    assert {check for _, check in MUTATIONS.values()} == set(CHECKS)
