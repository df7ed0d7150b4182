"""The gaps between arrivals, the stalls among them, and the client's own lag.

Chunks that came in one read have no gap between them, because no gap was observed.
Other tools count such a gap as 0, or as the microseconds that their parser took.

Percentiles are interpolated linearly between the two nearest values.
"""

from __future__ import annotations

from math import nan

import numpy as np
import pandas as pd

from streamlab.metrics.tables import Tables

STALL_FACTOR = 5.0
STALL_FLOOR_MS = 50.0
"""A gap is a stall if it is longer than `STALL_FACTOR` medians and longer than the floor."""


def icl_ms(tables: Tables) -> pd.Series[float]:
    """Return the inter-chunk latencies: from each arrival of a chunk to the next."""
    return tables.chunks["gap_ms"].dropna()


def irl_ms(tables: Tables) -> pd.Series[float]:
    """Return the inter-read latencies, the only gaps that were observed."""
    return tables.reads["gap_ms"].dropna()


def n_icl(tables: Tables) -> int:
    """How many gaps between chunks were observed."""
    return len(icl_ms(tables))


def icl_mean_ms(tables: Tables) -> float:
    """Mean of the gaps between arrivals of chunks."""
    return float(icl_ms(tables).mean())


def icl_p50_ms(tables: Tables) -> float:
    """Median gap between arrivals of chunks."""
    return quantile(icl_ms(tables), 0.5)


def icl_p99_ms(tables: Tables) -> float:
    """99th percentile of the gaps between arrivals of chunks."""
    return quantile(icl_ms(tables), 0.99)


def icl_max_ms(tables: Tables) -> float:
    """Longest gap between arrivals of chunks."""
    return quantile(icl_ms(tables), 1.0)


def irl_p50_ms(tables: Tables) -> float:
    """Median gap between reads."""
    return quantile(irl_ms(tables), 0.5)


def irl_p99_ms(tables: Tables) -> float:
    """99th percentile of the gaps between reads."""
    return quantile(irl_ms(tables), 0.99)


def irl_max_ms(tables: Tables) -> float:
    """Longest gap between reads."""
    return quantile(irl_ms(tables), 1.0)


def jitter_ms(tables: Tables) -> float:
    """Spread of the gaps between chunks: p99 − p50."""
    return icl_p99_ms(tables) - icl_p50_ms(tables)


def icl_cv(tables: Tables) -> float:
    """Coefficient of variation of the gaps between chunks: standard deviation / mean."""
    # Two reads can have the same kernel stamp, so all gaps, and their mean, can be 0.
    gaps = icl_ms(tables)
    return float(gaps.std() / gaps.mean()) if gaps.any() else nan


def n_stalls(tables: Tables) -> float:
    """How many gaps between chunks were over 5 medians and over 50 ms; NaN without a gap."""
    return float(len(_stalls(tables))) if n_icl(tables) else nan


def stalled_ms(tables: Tables) -> float:
    """Sum of the gaps that `n_stalls` counts; NaN without a gap."""
    return float(_stalls(tables).sum()) if n_icl(tables) else nan


def lag_seen_p50_ms(tables: Tables) -> float:
    """Median lag of Python's read behind the kernel: seen − arrived."""
    return quantile(tables.reads["lag_ms"], 0.5)


def lag_seen_p99_ms(tables: Tables) -> float:
    """99th percentile of seen − arrived."""
    return quantile(tables.reads["lag_ms"], 0.99)


def lag_seen_max_ms(tables: Tables) -> float:
    """Longest of seen − arrived."""
    return quantile(tables.reads["lag_ms"], 1.0)


def lag_delivered_p50_ms(tables: Tables) -> float:
    """Median lag of the HTTP consumer behind Python's read: delivered − seen."""
    return quantile(_delivered(tables), 0.5)


def lag_delivered_p99_ms(tables: Tables) -> float:
    """99th percentile of delivered − seen."""
    return quantile(_delivered(tables), 0.99)


def lag_delivered_max_ms(tables: Tables) -> float:
    """Longest of delivered − seen."""
    return quantile(_delivered(tables), 1.0)


def quantile(values: pd.Series[float], q: float) -> float:
    """Return a quantile of the known `values`; NaN if none is known."""
    known = values.dropna().to_numpy()
    return float(np.quantile(known, q)) if len(known) else nan


def _stalls(tables: Tables) -> pd.Series[float]:
    gaps = icl_ms(tables)
    return gaps[gaps > max(STALL_FACTOR * icl_p50_ms(tables), STALL_FLOOR_MS)]


def _delivered(tables: Tables) -> pd.Series[float]:
    # Both columns are nullable.  The difference is NA if one of the stamps is unknown, and
    # becomes NaN in a float array.
    reads = tables.reads
    lag_ns = reads["delivered_ns"] - reads["seen_ns"]
    return pd.Series(lag_ns.to_numpy("float64", na_value=nan) / 1e6)
