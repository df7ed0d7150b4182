"""The client's lag: how long after the kernel had a read the program saw it, and had it.

A mark is ``delivered − arrived``, the start of its stem is ``seen − arrived``.  A merged read
has a hatched box: its bytes waited for times that are not known.
"""

from __future__ import annotations

from math import nan

import pandas as pd
from matplotlib.axes import Axes

from streamlab.metrics import Tables
from streamlab.metrics.intervals import quantile
from streamlab.plots import _picture as base
from streamlab.plots import _stairs as stairs

GID = "streamlab-lag"
MARKERS = ("v", "o", "s", "D")


def draw(ax: Axes, tables: Tables, **line_kws: object) -> None:
    """Draw the lag of each read behind its arrival in the kernel, both in ms."""
    draw_marks(ax, tables, tables.label, line_kws)


def draw_marks(ax: Axes, tables: Tables, name: str, line_kws: dict[str, object]) -> None:
    """Draw the marks of one recording, and their stems."""
    reads = tables.reads
    number, lag_ms = len(base.rows_of(ax, GID)), delivered_ms(tables)
    known = lag_ms.notna()
    marker = MARKERS[number % len(MARKERS)]
    look: base.Look = {"linestyle": "none", "clip_on": False, "marker": marker}
    look |= {"markersize": 5.5, "fillstyle": "none" if number % 2 else "full"}
    look |= {"gid": f"{GID}-{number}", "label": _label(name, lag_ms)}
    look |= line_kws
    t_ms, had_ms, seen_ms = reads["t_ms"][known], lag_ms[known], reads["lag_ms"][known]
    (marks,) = ax.plot(t_ms, had_ms, **look)
    ax.vlines(t_ms, seen_ms, had_ms, color=marks.get_color(), lw=0.9, alpha=0.6)
    for times_ms, bounds_ms in stairs.merged(tables, "lag_lo_ms", "lag_hi_ms").values():
        base.unknown(ax, times_ms, bounds_ms, marks)
    if not known.any():
        base.tell_empty(ax, tables, "no read was delivered")
    base.frame(ax, GID, "time since the request was sent (ms)", "later than the kernel (ms)")
    ax.set_ylim(bottom=0, auto=None)


def caption(tables: Tables) -> str:
    """Return the caption of the lag, one sentence."""
    lag_ms = delivered_ms(tables)
    text = "no read was delivered with a known lag"
    if lag_ms.notna().any():
        half, longest = base.ms(quantile(lag_ms, 0.5)), base.ms(lag_ms.max())
        text = "of the reads with a known lag, half reached the program at most "
        text += f"{half} after the kernel, and all at most {longest}"
    return base.sentence(tables, text)


def delivered_ms(tables: Tables) -> pd.Series[float]:
    """Return ``delivered − arrived`` of each read, in ms; NaN where it is not known."""
    reads = tables.reads
    lag_ns = (reads["delivered_ns"] - reads["arrived_ns"]).to_numpy("float64", na_value=nan)
    return pd.Series(lag_ns / 1e6).mask((reads["arrival"] == stairs.MERGED).fillna(value=False))


def _label(name: str, lag_ms: pd.Series[float]) -> str:
    said = "delivered − arrived"
    if lag_ms.notna().any():
        said += f", p50 {base.ms(quantile(lag_ms, 0.5))}, longest {base.ms(lag_ms.max())}"
    return f"{name}: {said}" if name else said
