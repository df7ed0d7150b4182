"""When the rows of a table arrived, computed from the reads that brought them.

The time of a row is the arrival of the read that brought the byte which completed the
row.  So times are computed once for each read, and rows get them by the number of the read.

Rule: within one read nothing more was observed.  All rows of one read are one arrival;
those after its first row are ``coalesced``, and their ``gap_ms`` is NaN, never 0.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from streamlab.follow import Follower
from streamlab.follow.gap import MERGED
from streamlab.metrics.schema import TIME, Bools, Floats, Ints, column, ints, numbers
from streamlab.tape import UNKNOWN, Anchor, Tape


class Arrivals(NamedTuple):
    """When each read arrived; arrays with one value for each read."""

    arrived_ns: Ints  # in ns, as stamped
    t_ms: Floats  # since t0
    time: Ints  # ns, UTC; NaT without an anchor
    lo_ns: Ints  # see `streamlab.tape.Columns`
    kind: NDArray[np.int8]  # index in ARRIVALS

    def of(self, read: Ints, at_end: Bools) -> dict[str, object]:
        """Return the columns of time, for rows that came with these reads."""
        time = column(self.time.take, read)
        return {
            "read": read,
            "time": pd.DatetimeIndex(time, dtype=TIME, copy=False).array,
            "t_ms": column(self.t_ms.take, read),
            "gap_ms": self.gap_ms(read, at_end),
            "coalesced": column(np.array, _coalesced(read)),
        }

    def gap_ms(self, read: Ints, at_end: Bools, field: int = 0) -> Floats:
        """Return the gap before each row, or another part of `gaps`.

        The read of each row never decreases; the row may end with the last byte of its read.
        NaN for the first row, and for each row that came with the row before.
        """
        coalesced = _coalesced(read)

        def part(rows: range) -> Floats:
            made = np.full(len(rows), np.nan)
            first = new = rows.start + np.flatnonzero(~coalesced[rows.start : rows.stop])
            for _ in range(2 if len(new) else 0):  # a gap depends on the two arrivals before
                first = np.append(np.searchsorted(read, read[: first[0]][-1:]), first)
            last = np.append(first[1:], np.searchsorted(read, read[new[-1:]], "right")) - 1
            brought = read[first]
            facts = self.arrived_ns[brought], self.lo_ns[brought], self.kind[brought]
            made[new - rows.start] = gaps(*facts, at_end[last])[field][len(first) - len(new) :]
            return made

        return column(part, range(len(read)))


def gaps(arrived_ns: Ints, lo_ns: Ints, kind: NDArray[np.int8], at_end: Bools) -> list[Floats]:
    """Return the gap before each arrival, in ms, and its lower and its upper bound.

    `at_end`: whether the last row of each arrival ends with the last byte of its read.  Of a
    merged read only that byte has an exact time.  NaN where it is not known.
    """
    # The stamps are subtracted as integers.  Times since t0 are floats of milliseconds: in a
    # long stream their difference has lost the last nanoseconds.
    n_rows, exact = len(kind), (kind != MERGED) | at_end
    # The bytes of a merged read without a bound came after the arrival before it.
    t_ns, before_ns, lo, kind = arrived_ns[1:], arrived_ns[:-1], lo_ns[1:], kind[1:]
    bound_ns = np.where(lo_ns == UNKNOWN, np.append(UNKNOWN, before_ns)[:n_rows], lo_ns)
    since_ns = np.where(exact, arrived_ns, bound_ns)[:-1]
    hi_ms = (t_ns - since_ns) / 1e6
    gap_ms = np.where((kind != MERGED) & (since_ns == before_ns), hi_ms, np.nan)
    within = (kind == MERGED) | (kind == UNKNOWN)
    lo_ms = (np.where(within, np.maximum(lo, before_ns), t_ns) - before_ns) / 1e6
    unbounded = (kind == UNKNOWN) & (lo == UNKNOWN)
    lo_ms[unbounded] = hi_ms[unbounded] = np.nan
    return [np.append(np.nan, made)[:n_rows] for made in (gap_ms, lo_ms, hi_ms)]


def arrivals_of(tape: Tape) -> Arrivals:
    """Return when the reads of `tape` arrived."""
    arrived_ns = ints(tape.columns.arrived_ns)
    # One offset dates all reads.  The wall clock can step during a stream; with an offset for
    # each read, `time` would show the step as a gap.
    anchor = tape.meta.get("anchor")
    if isinstance(anchor, dict):
        time = column(partial(np.add, Anchor(**anchor).to_wall_ns(0)), arrived_ns)
    else:
        time = np.broadcast_to(np.iinfo(np.int64).min, len(tape))
    t_ms = column(partial(ms_since, tape.t0_ns), arrived_ns)
    lo_ns, kind = ints(tape.columns.lo_ns), ints(tape.columns.arrival)
    return Arrivals(arrived_ns, t_ms, time, lo_ns, kind)


def ms_since(t0_ns: int, t_ns: Ints) -> Floats:
    """Return stamps as milliseconds since `t0_ns`; NaN where there is none."""
    return np.where(t_ns == UNKNOWN, np.nan, (t_ns - t0_ns) / 1e6)


def brought(follower: Follower, line: NDArray[Any]) -> tuple[Ints, Bools]:
    """Return the read that completed each line, and whether the line ends with that read."""
    # The read that completed line n is the first with more than n lines after it.
    after = ints(follower.lines_after)
    search = partial(np.searchsorted, after, side="right")
    read = column(lambda line: search(line.astype(after.dtype)).astype(np.int64), line)
    if follower.body is not follower.log.body:  # decoded: its offsets are not those of reads
        return read, np.broadcast_to(False, len(line))
    ends, line_ends = ints(follower.log.columns.ends), ints(follower.lines.ends)
    return read, column(lambda read, line: ends[read] == line_ends[line], read, line)


def ended(tape: Tape, follower: Follower) -> pd.DataFrame:
    """Return when lines ended, since t0: ``ms``, NaN if unknown, between ``lo`` and ``hi``."""
    read, at_end = brought(follower, numbers(len(follower.lines)))
    arrivals = arrivals_of(tape)
    exact = column(lambda read, end: end | (arrivals.kind[read] != MERGED), read, at_end)
    lo_ms = column(lambda read: ms_since(tape.t0_ns, arrivals.lo_ns[read]), read)
    columns = {"hi": column(arrivals.t_ms.take, read)}
    for name, other in (("lo", lo_ms), ("ms", np.broadcast_to(np.nan, len(read)))):
        columns[name] = column(np.where, exact, columns["hi"], other)
    return pd.DataFrame(columns, copy=False)


def _coalesced(read: Ints) -> Bools:
    same = np.zeros(len(read), bool)
    same[1:] = read[1:] == read[:-1]
    return same
