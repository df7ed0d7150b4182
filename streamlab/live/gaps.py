"""The gaps between reads, as a view shows them: the latest, the longest, an overview.

Reads only.  Two events in one read have no gap between them, and none is invented.
"""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Any

from streamlab.follow import Log


class Gaps:
    """What the reads of a growing log are apart, in ms.

    Attributes
    ----------
    total : int
        How many there have been.
    """

    def __init__(self, log: Log, limit: int) -> None:
        self.total = 0
        self._log = log
        self._latest: deque[tuple[int, float]] = deque(maxlen=limit)  # arrival in ns, ms
        self._longest = (0.0, 0)  # ms, and the read that ended it

    def take(self, n_reads: int) -> None:
        """Take in the gaps before read `n_reads`."""
        arrived_ns = self._log.columns.arrived_ns
        for row in range(self.total + 1, n_reads):
            gap_ms = self._before(row)
            self._latest.append((arrived_ns[row], gap_ms))
            if gap_ms > self._longest[0]:
                self._longest = gap_ms, row
            self.total += 1

    def since(self, count: int, t0_ns: int) -> list[list[float]]:
        """Return those after the first `count`, as far as kept: ms since t0, ms."""
        new = min(self.total - count, len(self._latest))
        latest = list(self._latest)[len(self._latest) - new :]
        return [[round((t_ns - t0_ns) / 1e6, 3), gap_ms] for t_ns, gap_ms in latest]

    def summary(self) -> dict[str, Any]:
        """Return the median of the latest, the longest of all and the read it came before."""
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
        rows = range(1, self.total + 1)
        return [
            max(map(self._before, rows[at : at + step])) for at in range(0, self.total, step)
        ]

    def _before(self, row: int) -> float:
        arrived_ns = self._log.columns.arrived_ns
        return round((arrived_ns[row] - arrived_ns[row - 1]) / 1e6, 3)
