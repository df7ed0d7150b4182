"""The gap: the time from each arrival to the arrival before it, if it is known.

Rule: a read that is ``merged`` is an interval.  Its bytes queued while this program was busy,
so no gap ends in it, and a silence of the server must not be read from it.
"""

# `metrics.arrivals` computes the gaps of tables, with their bounds.  The live view asks here,
# because it begins before the request is sent, and to import NumPy would delay the request.

from math import ceil

from streamlab.follow.text import counted
from streamlab.tape import ARRIVALS, UNKNOWN, Columns

MERGED = ARRIVALS.index("merged")


def is_known(columns: Columns, before: int, read: int, at_end: bool) -> bool:
    """Return whether the gap between two rows is known: the time from one read to the other.

    `at_end`: whether the first row ends with the last byte of its read, `before`.  Of a merged
    read only that byte has an exact time.
    """
    bound_ns, arrived_ns = columns.lo_ns[before], columns.arrived_ns[before]
    exact = at_end or columns.arrival[before] != MERGED or bound_ns == arrived_ns
    return exact and columns.arrival[read] != MERGED


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
