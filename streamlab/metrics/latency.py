"""The times of a stream since t0, one small function for each name.

t0 is the moment when the first byte of the request was written.  Each function takes the
`Tables` of one stream and returns milliseconds, NaN if the event never came; its docstring is
its formula.  A time is always the arrival of a read.

Where tools use one name for two different times, both times are here, under two names; the
docstring names the tool.

Rule: what came in a merged read has a time only if it ends with the last byte of the read.
Else its time is NaN, and lies between two bounds, ``…_lo_ms`` and ``…_hi_ms``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import nan
from typing import Literal

import numpy as np

from streamlab.dialects import GENERATED
from streamlab.dialects.reading import a_dict, parse
from streamlab.metrics.schema import Floats
from streamlab.metrics.tables import Tables, named

# The time itself, NaN if a merged read hides it; or its lower or upper bound.
Which = Literal["ms", "lo", "hi"]


def ttfh_ms(tables: Tables) -> float:
    """Time to the response's headers: the mark ``headers`` − t0."""
    return _mark_ms(tables, "headers")


def ttfb_ms(tables: Tables) -> float:
    """Time to the first byte of the body: first read − t0."""
    merged = (tables.reads["arrival"] == "merged").fillna(False)
    return _sent(tables, first(tables.reads["t_ms"].mask(merged).to_numpy()))


def ttfe_ms(tables: Tables) -> float:
    """Time to the first event of any kind − t0 (Langfuse and OpenLLMetry call it TTFT)."""
    return _sent(tables, first(_event_ends(tables)))


def ttfc_ms(tables: Tables) -> float:
    """Time to the first event with ``choices``, role-only too − t0 (vLLM calls it TTFT)."""
    for data, t_ms in zip(tables.events["data"], _event_ends(tables), strict=True):
        if names_choices(data):
            return _sent(tables, float(t_ms))
    return nan


def ttft_ms(tables: Tables, which: Which = "ms") -> float:
    """Time to the first generated text of any channel: first chunk − t0.

    Content, reasoning, tool call or refusal; a role or an empty string does not count.
    """
    return _sent(tables, first(_of_kind(tables, GENERATED, which)))


def ttft_called_ms(tables: Tables) -> float:
    """Time to the first generated text, from the call: first chunk − ``called``.

    This time includes the wait for a connection, DNS and TLS, as in tools around an SDK.
    """
    return ttft_ms(tables) - _mark_ms(tables, "called")


def ttfr_ms(tables: Tables) -> float:
    """Time to the first reasoning − t0."""
    return _sent(tables, first(_of_kind(tables, {"reasoning"})))


def ttfo_ms(tables: Tables) -> float:
    """Time to the first generated text that is not reasoning − t0 (AIPerf TTFO)."""
    return _sent(tables, first(_of_kind(tables, GENERATED - {"reasoning"})))


def ttst_ms(tables: Tables) -> float:
    """Time from the first chunk to the second; NaN if one read brought both."""
    gaps = tables.chunks["gap_ms"]
    return float(gaps.iloc[1]) if len(gaps) > 1 else nan


def decode_ms(tables: Tables) -> float:
    """Time of generating: last chunk − first chunk; NaN without a second chunk."""
    t_ms = _of_kind(tables, GENERATED)
    return last(t_ms) - first(t_ms) if len(tables.chunks) > 1 else nan


def e2e_content_ms(tables: Tables, which: Which = "ms") -> float:
    """End to end, to the last generated text: last chunk − t0 (AIPerf)."""
    return _sent(tables, last(_of_kind(tables, GENERATED, which)))


def e2e_finish_ms(tables: Tables, which: Which = "ms") -> float:
    """End to end, to the finish reason, with several choices the last − t0 (vLLM)."""
    return _sent(tables, last(_of_kind(tables, {"finish"}, which)))


def e2e_done_ms(tables: Tables, which: Which = "ms") -> float:
    """End to end, to the API's terminator, such as ``[DONE]`` − t0 (SGLang)."""
    return _sent(tables, last(_of_kind(tables, {"done"}, which)))


def e2e_eof_ms(tables: Tables) -> float:
    """End to end, to the end of the body − t0; NaN if the stream broke off."""
    return _sent(tables, _eof_ms(tables))


def tail_ms(tables: Tables) -> float:
    """Time after the last generated text: end of body − last chunk."""
    return _eof_ms(tables) - last(_of_kind(tables, GENERATED))


def bounded(metric: Callable[..., float]) -> list[Callable[[Tables], float]]:
    """Return a time and its two bounds as metrics: ``…_ms``, ``…_lo_ms`` and ``…_hi_ms``."""
    stem, known = metric.__name__.removesuffix("ms"), "both bounds are it if it is known."
    least = f"``{metric.__name__}`` at the earliest; {known}"
    most = f"``{metric.__name__}`` at the latest; {known}"
    return [
        metric,
        named(f"{stem}lo_ms", least, lambda tables: metric(tables, "lo")),
        named(f"{stem}hi_ms", most, lambda tables: metric(tables, "hi")),
    ]


def first(times_ms: Sequence[float] | Floats) -> float:
    """Return the first of some times; NaN if there is none."""
    return float(times_ms[0]) if len(times_ms) else nan


def last(times_ms: Sequence[float] | Floats) -> float:
    """Return the last of some times; NaN if there is none."""
    return float(times_ms[-1]) if len(times_ms) else nan


def names_choices(data: str) -> bool:
    """Return whether the JSON of an event has ``choices`` that are not empty."""
    return '"choices"' in data and bool(a_dict(parse(data)).get("choices"))


def _sent(tables: Tables, t_ms: float) -> float:
    """Return a time since t0; NaN if the send was not seen."""
    # Without the send, t0 is the first read.  Then every stream would have a time to first byte
    # of 0 ms, and 0 looks like a measurement.
    return t_ms if tables.t0_known else nan


def _eof_ms(tables: Tables) -> float:
    end = tables.tape.end
    return (end.t_ns - tables.t0_ns) / 1e6 if end.how == "eof" else nan


def _of_kind(tables: Tables, kinds: Collection[str], which: Which = "ms") -> Floats:
    lines = np.array(tables.follower.delta_lines, dtype=np.int64)
    return tables.line_ends[which].to_numpy()[lines[tables.deltas["kind"].isin(kinds)]]


def _event_ends(tables: Tables) -> Floats:
    return tables.line_ends["ms"].to_numpy()[tables.events["last_line"]]


def _mark_ms(tables: Tables, name: str) -> float:
    t_ns = tables.tape.marks.get(name)
    return nan if t_ns is None else _sent(tables, (t_ns - tables.t0_ns) / 1e6)
