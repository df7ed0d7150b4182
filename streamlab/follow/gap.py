"""The gap: the time from each arrival to the arrival before it, computed in this one place.

Rule: a read that is ``merged`` is an interval.  Its bytes queued while this program was busy,
so no gap ends in it, and a silence of the server must not be read from it.
"""

# Tables, metrics, plots, faces and the live view take their gaps from here.  The functions are
# plain Python: the live view needs them before the request is sent, and importing NumPy and
# pandas there would delay the request.

from collections.abc import Sequence
from math import ceil, nan
from typing import NamedTuple

from streamlab.follow.text import counted
from streamlab.tape import ARRIVALS, UNKNOWN, Columns

MERGED = ARRIVALS.index("merged")


class Gaps(NamedTuple):
    """The gaps before some arrivals, in ms: three lists, each with one value an arrival."""

    ms: list[float]  # NaN where the gap is not known, and for the first arrival
    lo_ms: list[float]  # the gap is no shorter; NaN where no bound is known
    hi_ms: list[float]  # the gap is no longer


def gaps(
    arrived_ns: Sequence[int],
    lo_ns: Sequence[int],
    arrival: Sequence[int],
    at_end: Sequence[bool] | None = None,
) -> Gaps:
    """Return the time from each arrival to the one before it, and its bounds.

    `at_end`: whether the last row of each arrival ends with the last byte of its read.  Of a
    merged read only that byte has an exact time.  By default all rows do, as reads do.
    """
    made = [(nan, nan, nan)] if len(arrived_ns) else []
    before_ns = since_ns = UNKNOWN  # the last row of the arrival before ended in this interval
    for number, (t_ns, lo, kind) in enumerate(zip(arrived_ns, lo_ns, arrival, strict=True)):
        # The stamps are subtracted as integers.  Times since t0 are floats of milliseconds: in
        # a long stream their difference has lost the last nanoseconds.
        if number:
            hi_ms, known = (t_ns - since_ns) / 1e6, kind != MERGED and since_ns == before_ns
            first_ns = max(lo, before_ns) if kind in (MERGED, UNKNOWN) else t_ns
            bounds = ((first_ns - before_ns) / 1e6, hi_ms)
            unbounded = kind == lo == UNKNOWN
            made.append((hi_ms if known else nan, *((nan, nan) if unbounded else bounds)))
        # The bytes of a merged read without a bound came after the arrival before it.
        exact = kind != MERGED or at_end is None or at_end[number]
        since_ns = t_ns if exact else before_ns if lo == UNKNOWN else lo
        before_ns = t_ns
    return Gaps(*map(list, zip(*made, strict=True))) if made else Gaps([], [], [])


def queued(columns: Columns) -> str:
    """Return what the merged reads hide, as a time and a cause; "" without such a read.

    "34 segments queued for up to 990 ms while this program was busy".
    """
    rows = [row for row, kind in enumerate(columns.arrival) if kind == MERGED]
    if not rows:
        return ""
    # Without a bound, the bytes queued since the arrival before them.  Rounded up: "up to".
    arrived_ns, lo_ns = columns.arrived_ns, columns.lo_ns
    since = [arrived_ns[max(r - 1, 0)] if lo_ns[r] == UNKNOWN else lo_ns[r] for r in rows]
    longest_ns = max(columns.seen_ns[r] - t_ns for r, t_ns in zip(rows, since, strict=True))
    counts = [columns.n_segments[row] for row in rows]
    what = "bytes" if UNKNOWN in counts else counted(sum(counts), "segment")
    where = f" in {counted(len(rows), 'read')}" if len(rows) > 1 else ""
    longest_ms = f"{ceil(longest_ns / 1e6):,} ms"
    return f"{what}{where} queued for up to {longest_ms} while this program was busy"
