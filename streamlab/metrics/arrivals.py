"""When the reads of a tape arrived, and what that makes the times of rows.

The time of a row is the arrival of the read that brought the byte which completed
it; so everything about time is computed a read, and spread to the rows by number.

Rule: within one read nothing more was observed.  There a row is ``coalesced`` and
its ``gap_ms`` is NaN, never 0.
"""

from __future__ import annotations

from array import array
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from streamlab.tape import UNKNOWN, Anchor, Tape


class Arrivals(NamedTuple):
    """When each read arrived, on the two clocks that tables show."""

    t_ms: np.ndarray  # float64, since t0
    time: np.ndarray  # datetime64[ns], UTC; NaT without an anchor

    def of(self, read: np.ndarray) -> dict[str, Any]:
        """Return the columns about time, for rows that came with these reads."""
        t_ms, coalesced = self.t_ms[read], np.zeros(len(read), bool)
        coalesced[1:] = read[1:] == read[:-1]
        first = np.flatnonzero(~coalesced)
        gap_ms = np.full(len(read), np.nan)
        gap_ms[first[1:]] = np.diff(t_ms[first])
        return {
            "read": read,
            "time": pd.DatetimeIndex(self.time[read]).tz_localize("UTC"),
            "t_ms": t_ms,
            "gap_ms": gap_ms,
            "coalesced": coalesced,
        }


def arrivals_of(tape: Tape) -> Arrivals:
    """Return when the reads of `tape` arrived."""
    arrived_ns = np.array(tape.columns.arrived_ns, dtype=np.int64)
    anchor = tape.meta.get("anchor")
    if not isinstance(anchor, dict):
        time = np.full(len(tape), "NaT", dtype="datetime64[ns]")
    else:
        time = (arrived_ns + Anchor(**anchor).to_wall_ns(0)).view("datetime64[ns]")
    return Arrivals(ms_since(tape.t0_ns, arrived_ns), time)


def ms_since(t0_ns: int, t_ns: np.ndarray) -> np.ndarray:
    """Return stamps as milliseconds since `t0_ns`; NaN where there is none."""
    return np.where(t_ns == UNKNOWN, np.nan, (t_ns - t0_ns) / 1e6)


def read_of(after: array[int]) -> np.ndarray:
    """Return the number of the read that each row came with.

    Parameters
    ----------
    after : array of int, one a read
        How many rows there were once the read had been decoded.
    """
    total = np.append(0, np.array(after, dtype=np.int64))
    return np.repeat(np.arange(len(after)), total[1:] - total[:-1])
