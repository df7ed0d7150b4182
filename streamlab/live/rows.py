"""The reads of a growing log, as a live view shows them: one row a read.

Reads only: within one read no time was observed, so its events have no gaps.  A merged read is
an interval: its row has no gap, but the earliest moment at which its bytes can have come.
"""

from array import array
from bisect import insort
from collections import deque
from collections.abc import Sequence

from streamlab.follow import Follower
from streamlab.follow.gap import MERGED, is_known
from streamlab.tape import UNKNOWN

# The number of a read, its arrival in ms since t0, its events, the known gap before it in ms;
# of a merged read also the earliest moment of its bytes in ms since t0, and its segments.
Row = list[float | None]


class ReadRows:
    """The reads that a follower has decoded."""

    def __init__(self, follower: Follower, limit: int) -> None:
        self._follower = follower
        self._total = 0
        self._latest: deque[tuple[int, float | None, int | None]] = deque(maxlen=limit)
        self._n_events: array[int] = array("q")
        self._told_events = 0

    def take(self) -> None:
        """Add the reads and events that the follower has found."""
        n_reads = len(self._follower.lines_after)
        columns, new = self._follower.log.columns, slice(self._total, n_reads)
        # A slice of an array is a copy.  The log may grow meanwhile: a memoryview of it would
        # make the next `append` in the capture's thread fail.
        part = columns.arrived_ns[new], columns.lo_ns[new], columns.arrival[new]
        for t_ns, lo_ns, arrival in zip(*part, strict=True):
            self._add(t_ns, lo_ns, arrival == MERGED)
        events = self._follower.events
        for line in events.last_line[self._told_events :]:
            self._n_events[self._follower.read_of_line(line)] += 1
        self._told_events = len(events)

    def since(self, first: int, t0_ns: int) -> list[Row]:
        """Return the rows from read `first` on, as far as kept."""
        rows = enumerate(self._latest, self._total - len(self._latest))
        return [self._row(number, *row, t0_ns) for number, row in rows if number >= first]

    def _add(self, t_ns: int, lo_ns: int, is_merged: bool) -> None:
        self._total += 1
        self._n_events.append(0)
        before_ns = self._latest[-1][0] if self._latest else t_ns
        # Without a bound of its own, the bytes of a merged read came after the read before it.
        earliest_ns = before_ns if lo_ns == UNKNOWN else lo_ns
        gap_ms = _ms(t_ns - before_ns) if self._latest and not is_merged else None
        self._latest.append((t_ns, gap_ms, earliest_ns if is_merged else None))

    def _row(
        self, number: int, t_ns: int, gap_ms: float | None, lo_ns: int | None, t0_ns: int
    ) -> Row:
        row: Row = [number, _ms(t_ns - t0_ns), self._n_events[number], gap_ms]
        if lo_ns is not None:
            n_segments: Sequence[int] = self._follower.log.columns.n_segments
            row += [_ms(lo_ns - t0_ns), n_segments[number]]
        return row


class PieceGaps:
    """The gaps between the pieces of an answer, as ``icl_p50_ms`` counts them."""

    def __init__(self, follower: Follower) -> None:
        self.total = 0  # gaps, known or not
        # The known gaps in ms, sorted: a median of all costs nothing then.
        self.known: array[float] = array("d")
        self.longest: tuple[float, int] | None = None  # in ms, and the read that ended it
        self._follower = follower
        self._last: tuple[int, bool] | None = None  # a read, and whether its last row ends it

    def add(self, line: int) -> None:
        """Note that a piece of the answer ended with a line."""
        follower = self._follower
        read = follower.read_of_line(line)
        columns, is_plain = follower.log.columns, follower.body is follower.log.body
        at_end = is_plain and follower.lines.ends[line] == columns.ends[read]
        if self._last is not None and self._last[0] != read:
            before, was_at_end = self._last
            self.total += 1
            if is_known(columns, before, read, was_at_end):
                gap_ms = (columns.arrived_ns[read] - columns.arrived_ns[before]) / 1e6
                insort(self.known, gap_ms)
                self.longest = max(self.longest or (-1.0, 0), (gap_ms, read))
        self._last = read, at_end

    @property
    def median_ms(self) -> float | None:
        """The median of all known gaps; None without one."""
        # `statistics.median` would sort a copy of them, 18 times a second.
        middle = self.known[(len(self.known) - 1) // 2 : len(self.known) // 2 + 1]
        return sum(middle) / len(middle) if middle else None


def _ms(t_ns: int) -> float:
    return round(t_ns / 1e6, 3)
