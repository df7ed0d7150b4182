"""The gaps between arrivals, the stalls among them, and the client's own lag.

Chunks that came in one read have no gap between them, because no gap was observed.
Other tools count such a gap as 0, or as the microseconds that their parser took.  A gap that
a merged read hides is none of ours either: all numbers here are of the known gaps.

Rule: a percentile is a value that was observed; see `quantile`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import TypeAlias

import numpy as np
import pandas as pd

from streamlab.follow.gap import queued
from streamlab.follow.text import duration
from streamlab.metrics.tables import Tables, named

Metric: TypeAlias = Callable[[Tables], float]

# A gap is a stall if it is longer than `STALL_FACTOR` medians and longer than the floor.
STALL_FACTOR, STALL_FLOOR_MS = 5.0, 50.0


def icl_ms(tables: Tables) -> pd.Series[float]:
    """Return the inter-chunk latencies: from each arrival of a chunk to the next."""
    return tables.chunks["gap_ms"].dropna()


def _lag_delivered_ms(tables: Tables) -> pd.Series[float]:
    # Both columns are nullable.  The difference is NA if one of the stamps is unknown, and
    # becomes NaN in a float array.
    reads = tables.reads
    lag_ns = reads["delivered_ns"] - reads["seen_ns"]
    return pd.Series(lag_ns.to_numpy("float64", na_value=nan) / 1e6)


def pieces(tables: Tables) -> tuple[pd.DataFrame, str]:
    """Return what gaps are between, and its name: pieces of the answer, else events."""
    # ``icl_p50_ms`` and its kin count the gaps between pieces of the answer.  A format
    # without a known answer, such as plain SSE, has only events.
    if len(tables.chunks):
        return tables.chunks, "pieces of the answer"
    return tables.events, "events"


def hidden(tables: Tables) -> str:
    """Return what merged reads hide, see `follow.gap.queued`, and what the lab's log says."""
    said, pauses_ms = queued(tables.tape.columns), tables.sends["gap_ms"].dropna()
    if not said or pauses_ms.empty:
        return said
    return f"{said}; by its log, the lab never paused longer than {duration(pauses_ms.max())}"


def quantile(values: pd.Series[float], q: float) -> float:
    """Return the least of the known `values` that a share `q` of them does not exceed.

    NaN unless at least one value is beyond it: p90 needs 10 values, p99 needs 100.  The median
    is the usual one, of two middle values their mean; it and the maximum need one value.
    """
    known = values.dropna().to_numpy()
    # Interpolation would print a p99 that never occurred: 4,890 ms for 39 gaps of 20 ms and
    # one of 8 s.  Rounded, because 10 * (1 - 0.9) is a little less than 1.
    if not len(known) or (0.5 < q < 1 and round(len(known) * (1 - q), 9) < 1):
        return nan
    if q == 0.5:
        return float(np.median(known))
    return float(np.quantile(known, q, method="inverted_cdf"))


def _quantiles(
    name: str, values: Callable[[Tables], pd.Series[float]], what: str
) -> tuple[Metric, ...]:
    def made(part: str, q: float, word: str) -> Metric:
        said = f"{word} of {what}; see `quantile`."
        return named(f"{name}_{part}_ms", said, lambda tables: quantile(values(tables), q))

    return (
        made("p50", 0.5, "Median"),
        made("p90", 0.9, "90th percentile (NaN below 10 values)"),
        made("p99", 0.99, "99th percentile (NaN below 100 values)"),
        made("max", 1.0, "Longest"),
    )


ICL = _quantiles("icl", icl_ms, "the known gaps between arrivals of chunks")
IRL = _quantiles("irl", lambda tables: tables.reads["gap_ms"], "the known gaps between reads")
LAG_SEEN = _quantiles(
    "lag_seen", lambda tables: tables.reads["lag_ms"], "Python's lag: seen − arrived"
)
LAG_DELIVERED = _quantiles(
    "lag_delivered", _lag_delivered_ms, "the consumer's lag: delivered − seen"
)


def n_icl(tables: Tables) -> int:
    """How many gaps between chunks were observed."""
    return len(icl_ms(tables))


def icl_mean_ms(tables: Tables) -> float:
    """Mean of the gaps between arrivals of chunks."""
    return float(icl_ms(tables).mean())


def jitter_ms(tables: Tables) -> float:
    """Spread of the gaps between chunks: p99 − p50; NaN below 100 gaps."""
    gaps = icl_ms(tables)
    return quantile(gaps, 0.99) - quantile(gaps, 0.5)


def icl_cv(tables: Tables) -> float:
    """Coefficient of variation of the gaps between chunks: standard deviation / mean."""
    # Two reads can have the same kernel stamp, so all gaps, and their mean, can be 0.
    gaps = icl_ms(tables)
    return float(gaps.std() / gaps.mean()) if gaps.any() else nan


def n_stalls(tables: Tables) -> float:
    """How many known gaps between chunks, or after the last, were over 5 medians and 50 ms."""
    return _of_stalls(tables, len)


def stalled_ms(tables: Tables) -> float:
    """Sum of the gaps that `n_stalls` counts; NaN without a gap."""
    return _of_stalls(tables, pd.Series.sum)


def _of_stalls(tables: Tables, number: Callable[[pd.Series[float]], float]) -> float:
    stalls = _stalls(tables)
    return float(number(stalls)) if n_icl(tables) or len(stalls) else nan


def _stalls(tables: Tables) -> pd.Series[float]:
    gaps, hidden_ms = icl_ms(tables), tables.chunks["hidden_ms"].dropna()
    found = pd.concat([gaps, _after_the_last_chunk(tables)])
    found = found[found > STALL_FLOOR_MS]
    if hidden_ms.empty:
        # One chunk has no median; a limit that ended the stream shows that it stalled.
        without = 0.0 if tables.tape.end.how == "timeout" else inf
        return found[found > (STALL_FACTOR * gaps.median() if len(gaps) else without)]
    # The gaps that merged reads hide may raise the median.  A gap is claimed as a stall only
    # if less than half of all gaps can be a fifth of it, however the hidden time is divided.
    rare = (found / STALL_FACTOR).map(
        lambda x: bool((gaps >= x).sum() + (hidden_ms // x).sum() < (gaps < x).sum())
    )
    return found.loc[rare.astype(bool)]


def _after_the_last_chunk(tables: Tables) -> pd.Series[float]:
    """Return the known gaps from the last chunk to all that came later, or to the limit."""
    last_ms, deltas, end = tables.chunks["t_ms"].max(), tables.deltas, tables.tape.end
    del deltas["text"]  # it can be as long as the stream
    idle = deltas["kind"].isin(("comment", "ping", "meta"))
    later = deltas[~idle & (deltas["t_ms"] >= last_ms)]
    # A ping may come in the same read, before them: then the read has the gap.
    known = later["read"].isin(deltas["read"][deltas["gap_ms"].notna()])
    gaps = later["t_ms"].diff()[known].dropna().tolist()
    # Only a limit shows that nothing had come: another end may leave bytes unread.
    if len(later) and end.how == "timeout":
        gaps.append((end.t_ns - tables.t0_ns) / 1e6 - later["t_ms"].iloc[-1])
    return pd.Series(gaps, dtype="float64")
