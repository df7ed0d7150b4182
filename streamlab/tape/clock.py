"""The clocks, and the one moment at which the wall clock was read beside them.

Rule: whoever stamps is handed its clock.  Only this module names the real one.
All stamps are nanoseconds of `monotonic_ns`; the wall clock is for people.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

Clock = Callable[[], int]
"""Returns nanoseconds; never goes back."""

monotonic_ns: Clock = time.perf_counter_ns
"""``CLOCK_MONOTONIC`` on Linux, so comparable between processes of one machine."""


class Anchor(NamedTuple):
    """One moment on two clocks: ties the monotonic stamps to the calendar."""

    mono_ns: int
    wall_ns: int  # since 1970-01-01 UTC
    error_ns: int  # half the width of the bracket that caught `wall_ns`

    def to_wall_ns(self, mono_ns: int) -> int:
        """Return the calendar time of a monotonic stamp, in ns since 1970."""
        return mono_ns + self.wall_ns - self.mono_ns

    def to_mono_ns(self, wall_ns: int) -> int:
        """Return the monotonic stamp of a calendar time."""
        return wall_ns - self.wall_ns + self.mono_ns


def anchor(mono: Clock = monotonic_ns, wall: Clock = time.time_ns, tries: int = 5) -> Anchor:
    """Read the wall clock between two readings of the monotonic one; keep the tightest.

    The true offset differs from the returned one by at most ``error_ns``.
    """
    return min((_bracket(mono, wall) for _ in range(tries)), key=lambda a: a.error_ns)


def _bracket(mono: Clock, wall: Clock) -> Anchor:
    before, wall_ns, after = mono(), wall(), mono()
    return Anchor((before + after) // 2, wall_ns, (after - before + 1) // 2)
