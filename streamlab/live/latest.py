"""The gaps between reads, as a live view shows them: the latest, the longest, an overview.

Reads only: within one read no time was observed, so its events have no gaps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import median

from streamlab.follow import Log
from streamlab.follow.gap import gaps_ms


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
        self._latest: deque[tuple[int, float]] = deque(maxlen=limit)  # arrival in ns, ms
        self._longest = (0.0, 0)  # ms, and the read that ended it

    def take(self, n_reads: int) -> None:
        """Add the new gaps among the first `n_reads` reads."""
        # A slice of an array is a copy.  The log may grow meanwhile: a memoryview of it
        # would make the next `append` in the capture's thread fail.
        arrived_ns = self._log.columns.arrived_ns[self.total : n_reads]
        for t_ns, gap_ms in zip(arrived_ns[1:], _rounded(arrived_ns), strict=True):
            self.total += 1
            self._latest.append((t_ns, gap_ms))
            if gap_ms > self._longest[0]:
                self._longest = gap_ms, self.total

    def since(self, count: int, t0_ns: int) -> list[list[float]]:
        """Return the gaps after the first `count`, as far as kept: ms since t0, ms."""
        new = min(self.total - count, len(self._latest))
        latest = list(self._latest)[len(self._latest) - new :]
        return [[round((t_ns - t0_ns) / 1e6, 3), gap_ms] for t_ns, gap_ms in latest]

    def summary(self) -> dict[str, float | None]:
        """Return the median of the latest, the longest of all and the read that ended it."""
        if not self.total:
            return {"median_gap_ms": None, "longest_gap_ms": None, "longest_gap_read": None}
        return {
            "median_gap_ms": round(median(gap_ms for _, gap_ms in self._latest), 3),
            "longest_gap_ms": self._longest[0],
            "longest_gap_read": self._longest[1],
        }

    def overview(self, n_columns: int) -> list[float]:
        """Return the longest gap in each of up to `n_columns` equal runs of gaps."""
        step = max(-(-self.total // n_columns), 1)
        gaps = _rounded(self._log.columns.arrived_ns[: self.total + 1])
        return [max(gaps[at : at + step]) for at in range(0, self.total, step)]


def _rounded(arrived_ns: Sequence[int]) -> list[float]:
    """Return the gaps between the arrivals, in ms to the microsecond."""
    return [round(gap_ms, 3) for gap_ms in gaps_ms(arrived_ns)[1:]]
