"""The gap: the time from each arrival to the arrival before it, computed in this one place.

Tables, metrics, plots, faces and the live view take their gaps from here.  The functions are
plain Python: the live view needs them before the request is sent, and importing NumPy and
pandas there would delay the request.

Rule: a read that is ``merged`` is an interval.  Its bytes queued while this program was busy,
so no gap ends in it, and a silence of the server must not be read from it.
"""

from __future__ import annotations

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

    Parameters
    ----------
    arrived_ns, lo_ns, arrival : sequences of int, one value an arrival
        As in `streamlab.tape.Columns`, in order.  Rows of one read are one arrival.
    at_end : sequence of bool, optional
        Whether the last row of each arrival ends with the last byte of its read.  Of a merged
        read only that byte has an exact time.  By default all rows do, as reads do.
    """
    made = Gaps([], [], [])
    before_ns, before_lo_ns = UNKNOWN, UNKNOWN  # the last row of the arrival before
    for number, (t_ns, lo, kind) in enumerate(zip(arrived_ns, lo_ns, arrival, strict=True)):
        if number:
            _add(made, t_ns, lo, kind, before_ns, before_lo_ns)
        # The bytes of a merged read without a bound came after the arrival before it.
        inexact = kind == MERGED and at_end is not None and not at_end[number]
        before_lo_ns = (before_ns if lo == UNKNOWN else lo) if inexact else t_ns
        before_ns = t_ns
    return Gaps(*([nan, *column] for column in made)) if len(arrived_ns) else made


def _add(made: Gaps, t_ns: int, lo: int, kind: int, before_ns: int, before_lo_ns: int) -> None:
    # The stamps are subtracted as integers.  Times since t0 are floats of milliseconds: in
    # a long stream their difference has lost the last nanoseconds.
    longest_ms = (t_ns - before_lo_ns) / 1e6
    is_known = kind != MERGED and before_lo_ns == before_ns
    made.ms.append(longest_ms if is_known else nan)
    first_ns = t_ns if kind not in (MERGED, UNKNOWN) else max(lo, before_ns)
    bounded = kind != UNKNOWN or lo != UNKNOWN
    made.lo_ms.append((first_ns - before_ns) / 1e6 if bounded else nan)
    made.hi_ms.append(longest_ms if bounded else nan)


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


def peaks(made: Gaps, n_columns: int) -> list[float | None]:
    """Return the longest gap, in ms, in each of up to `n_columns` equal runs of gaps.

    None where a gap that is not known may be the longest of its run.
    """
    total = len(made.ms) - 1
    step = max(-(-total // n_columns), 1)
    runs = (slice(at, at + step) for at in range(1, total + 1, step))
    return [_peak(made.ms[run], made.hi_ms[run]) for run in runs]


def _peak(gaps_ms: list[float], hi_ms: list[float]) -> float | None:
    known_ms = [gap_ms for gap_ms in gaps_ms if gap_ms == gap_ms]
    longest_ms = max(known_ms, default=-1.0)
    hidden = (hi for gap_ms, hi in zip(gaps_ms, hi_ms, strict=True) if gap_ms != gap_ms)
    return None if any(not hi <= longest_ms for hi in hidden) else longest_ms
