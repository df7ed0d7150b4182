"""The gaps between reads, as a live view shows them: the latest and the longest.

Reads only: within one read no time was observed, so its events have no gaps.  A merged read
has no gap either, only the longest that its gap can have been.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from streamlab.follow import Log
from streamlab.follow.gap import Gaps, gaps

Gap = tuple[int, float | None, float]
"""The arrival that ended a gap, in ns; the gap in ms, None if not known; its most."""


class LatestGaps:
    """The gaps between the reads of a growing log, in ms.

    Attributes
    ----------
    total : int
        How many gaps there have been.
    """

    def __init__(self, log: Log, limit: int) -> None:
        self.total = 0
        self._log = log
        self._latest: deque[Gap] = deque(maxlen=limit)
        self._longest = (-1.0, 0)  # ms, and the read that ended it; before the first, no read

    def take(self, n_reads: int) -> None:
        """Add the new gaps among the first `n_reads` reads."""
        start = self.total
        ends_ns = self._log.columns.arrived_ns[start + 1 : n_reads]
        made = self._gaps(start, n_reads)
        for t_ns, gap_ms, hi_ms in zip(ends_ns, made.ms[1:], made.hi_ms[1:], strict=True):
            self.total += 1
            known_ms = None if gap_ms != gap_ms else round(gap_ms, 3)
            self._latest.append((t_ns, known_ms, round(hi_ms, 3)))
            if known_ms is not None and known_ms > self._longest[0]:
                self._longest = known_ms, self.total

    def since(self, count: int, t0_ns: int) -> list[list[float | None]]:
        """Return the gaps after the first `count`, as far as kept.

        Each in ms: its end since t0, and the gap.  Of a merged read: its end, None, and how
        long its gap was at most.
        """
        new = min(self.total - count, len(self._latest))
        latest = list(self._latest)[len(self._latest) - new :]
        return [
            _row(round((t_ns - t0_ns) / 1e6, 3), gap_ms, hi_ms)
            for t_ns, gap_ms, hi_ms in latest
        ]

    def summary(self) -> dict[str, float | None]:
        """Return the median of the latest, the longest of all and the read that ended it.

        All are of the known gaps; None if none is known.
        """
        known = [gap_ms for _, gap_ms, _ in self._latest if gap_ms is not None]
        longest_ms, read = self._longest if self._longest[1] else (None, None)
        return {
            "median_gap_ms": round(median(known), 3) if known else None,
            "longest_gap_ms": longest_ms,
            "longest_gap_read": read,
        }

    def _gaps(self, start: int, stop: int) -> Gaps:
        # A slice of an array is a copy.  The log may grow meanwhile: a memoryview of it
        # would make the next `append` in the capture's thread fail.
        columns = self._log.columns
        arrived_ns, lo_ns = columns.arrived_ns[start:stop], columns.lo_ns[start:stop]
        return gaps(arrived_ns, lo_ns, columns.arrival[start:stop])


def _row(end_ms: float, gap_ms: float | None, hi_ms: float) -> list[float | None]:
    return [end_ms, None, hi_ms] if gap_ms is None else [end_ms, gap_ms]
