"""The clocks: monotonic for stamps, and one anchor to the wall clock.

All stamps are nanoseconds of `monotonic_ns`.  The wall clock only shows the time of day.

Rule: code that stamps takes its clock as an argument.  Only this module names the real ones.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

Clock = Callable[[], int]  # a function that returns nanoseconds and never goes back
# CLOCK_MONOTONIC on Linux: comparable between the processes of one machine.
monotonic_ns: Clock = time.perf_counter_ns


class Anchor(NamedTuple):
    """One moment on two clocks; converts monotonic stamps to calendar time."""

    mono_ns: int
    wall_ns: int  # since 1970-01-01 UTC
    error_ns: int  # half the time between the two readings around `wall_ns`

    def to_wall_ns(self, mono_ns: int) -> int:
        """Return the calendar time of a monotonic stamp, in ns since 1970."""
        return mono_ns + self.wall_ns - self.mono_ns


def anchor(mono: Clock = monotonic_ns, wall: Clock = time.time_ns, tries: int = 5) -> Anchor:
    """Read the wall clock between two readings of the monotonic clock.

    Of `tries` such brackets the shortest counts.  The true offset between the two clocks
    differs from the returned one by at most ``error_ns``.
    """
    # Between two readings the thread may lose the processor for milliseconds.  The shortest
    # bracket is the one where that did not happen.
    return min((_bracket(mono, wall) for _ in range(tries)), key=lambda a: a.error_ns)


def _bracket(mono: Clock, wall: Clock) -> Anchor:
    before, wall_ns, after = mono(), wall(), mono()
    return Anchor((before + after) // 2, wall_ns, (after - before + 1) // 2)
