"""One stream in numbers: every metric of one stream, in order.

To add a metric, write a function of `Tables` and add it to `METRICS`.  Its name, with the
unit, is the name of the row; its docstring is the formula.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from streamlab.follow.columns import HOW_TO_ASK
from streamlab.follow.gap import MERGED
from streamlab.metrics import intervals, latency, tokens
from streamlab.metrics.tables import Tables, named
from streamlab.metrics.tokens import ratio
from streamlab.tape import UNKNOWN


def tier(tables: Tables) -> str:
    """Where the stamps were taken, the weakest tier of all reads: kernel, user or iterator."""
    found = set(tables.reads["stamp"])
    return next((name for name in ("iterator", "user", "kernel") if name in found), "none")


def how(tables: Tables) -> str:
    """How the stream ended: ``eof``, ``timeout``, ``reset``, …"""
    return tables.tape.end.how


def _arrived_as(kind: int) -> Callable[[Tables], int]:
    return lambda tables: tables.tape.columns.arrival.count(kind)


COUNTS = [
    named("n_bytes", "Bytes of the body as sent.", lambda tables: len(tables.tape.body)),
    named("n_reads", "Reads of the socket with body bytes.", lambda tables: len(tables.tape)),
    named("n_lines", "Lines of the decoded body.", lambda tables: len(tables.framed.lines)),
    named("n_events", "Events, of any kind.", lambda tables: len(tables.events)),
    named("n_deltas", "Deltas, of any kind.", lambda tables: len(tables.deltas)),
    named("n_chunks", "Events with generated text.", lambda tables: len(tables.chunks)),
    named("n_merged", "Reads that queued while this program was busy.", _arrived_as(MERGED)),
    named("n_unverified", "Reads that may be merged: it is not known.", _arrived_as(UNKNOWN)),
]


def coalesced_share(tables: Tables) -> float:
    """Share of the events that came with the event before them, in one read."""
    return float(tables.events["coalesced"].mean())


def events_per_read(tables: Tables) -> float:
    """Events / reads with at least one event."""
    events = tables.events
    return ratio(len(events), events["read"].nunique())


METRICS: tuple[Callable[[Tables], float | int | str], ...] = (
    *(tier, how),
    *COUNTS,
    *(coalesced_share, events_per_read),
    *(latency.ttfh_ms, latency.ttfb_ms, latency.ttfe_ms, latency.ttfc_ms),
    *(*latency.bounded(latency.ttft_ms), latency.ttft_called_ms),
    *(latency.ttfr_ms, latency.ttfo_ms, latency.ttst_ms),
    *(intervals.n_icl, intervals.icl_mean_ms, *intervals.ICL),
    *(intervals.jitter_ms, intervals.icl_cv, intervals.n_stalls, intervals.stalled_ms),
    *(*intervals.IRL, latency.decode_ms),
    *latency.bounded(latency.e2e_content_ms),
    *latency.bounded(latency.e2e_finish_ms),
    *latency.bounded(latency.e2e_done_ms),
    *(latency.e2e_eof_ms, latency.tail_ms),
    *(tokens.n_source, tokens.n_tokens, tokens.n_prompt_tokens, tokens.n_mismatch),
    *(tokens.itl_mean_ms, tokens.tpot_ms, tokens.ntpot_ms, tokens.tok_s_e2e),
    *(tokens.tok_s_user, tokens.prefill_tok_s, tokens.tokens_per_chunk),
    *(*intervals.LAG_SEEN, *intervals.LAG_DELIVERED),
)
"""In the order of the summary: counts, first times, gaps, ends, tokens, the client's lag."""


class Summary(pd.Series):
    """The metrics of a stream, with a last line that says how to ask what they mean.

    A selection or a copy of it is an ordinary Series.
    """

    @property
    def _constructor(self) -> Callable[..., pd.Series[Any]]:
        return pd.Series

    def __repr__(self) -> str:
        return f"{super().__repr__()}\n{HOW_TO_ASK}"


def summary(tables: Tables) -> pd.Series[Any]:
    """Return every metric of one stream by name: numbers, and three words.

    Units are in the names; shares are from 0 to 1; what is not defined is NaN, never 0.  The
    docstring of the function of the same name in `METRICS` is the formula.
    """
    # As objects, counts stay integers beside floats and words.
    values = {metric.__name__: metric(tables) for metric in METRICS}
    return Summary(values, dtype=object, name=tables.label or None)
