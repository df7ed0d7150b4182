"""The gap before each arrival of events, against time.

A point is an arrival: round for one event in the read, a triangle for several events (within a
read no gap was observed).  The scale is logarithmic, so that a stall of 300 ms and a jitter of
2 ms can both be seen.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from streamlab.metrics import Tables
from streamlab.metrics.intervals import pieces, quantile
from streamlab.plots import _picture as base
from streamlab.plots import _stairs as stairs

GID = "streamlab-gaps"
MANY = 300  # from this number of arrivals on, points are small and transparent
FILLS = ("full", "none", "left", "top")
# Those that the data have; of p90 and p99 only the higher one.
PERCENTILES = ((0.5, "p50", (6, 2)), (0.9, "p90", (4, 2, 1, 2)), (0.99, "p99", (1.5, 2)))


def draw(ax: Axes, tables: Tables, **line_kws: object) -> None:
    """Draw the gap before each arrival of events against time, both in ms, with percentiles."""
    arrivals, number = _arrivals(tables), len(base.rows_of(ax, GID))
    look: base.Look = {"gid": f"{GID}-{number}", "label": _label(tables)}
    look |= _look(len(arrivals), number) | line_kws
    points = _draw_points(ax, arrivals, look)
    for times_ms, bounds_ms in stairs.merged(tables, "gap_lo_ms", "gap_hi_ms").values():
        base.unknown(ax, times_ms, bounds_ms, points)
    # The scale is set before the lines of the percentiles are drawn.  On a linear axis these
    # lines make matplotlib compute limits, and a logarithmic scale cannot show limits below 0.
    _scale(ax)
    dots = (1.5, 4) if number % 2 else ()  # the lines of two recordings differ without colour
    found = base.known(arrivals["gap_ms"], PERCENTILES)
    for value, name, dashes in [*found[:1], *found[1:][-1:]]:
        line: base.Look = {"linestyle": (0, dashes + dots), "linewidth": 1.3}
        line |= {"color": points.get_color(), "gid": look["gid"]}
        ax.axhline(value, label=f"{name} {base.ms(value)}", **line)
    if arrivals.empty:
        base.tell_empty(ax, tables, "no gaps")
    base.frame(ax, GID, "time since the request was sent (ms)", "gap before an arrival (ms)")


def caption(tables: Tables) -> str:
    """Return the caption of the picture of gaps, one sentence."""
    arrivals, (rows, what) = _arrivals(tables), pieces(tables)
    if arrivals.empty:
        return base.sentence(tables, f"no gap between {what} is known")
    gaps, together = arrivals["gap_ms"], rows["read"].duplicated()
    known = "known " * bool(stairs.merged(tables, "gap_lo_ms", "gap_hi_ms"))
    text, longest = f"the one {known}gap between {what} was ", base.ms(gaps.max())
    if len(gaps) > 1:
        text = f"half of the {len(gaps):,} {known}gaps between {what} were at most "
        text += f"{base.ms(quantile(gaps, 0.5))} and the longest "
    text += f"{longest}; "
    if together.any():
        text += f"{together.mean():.0%} came in the read of the one before, and have no gap"
    else:
        text += "each came in a read of its own"
    return base.sentence(tables, text)


def _arrivals(tables: Tables) -> pd.DataFrame:
    """Return the arrivals with a known gap before them: ``t_ms``, ``gap_ms``, ``size``."""
    by_read = pieces(tables)[0].groupby("read")
    made = by_read[["t_ms", "gap_ms"]].first().assign(size=by_read.size())
    return made.dropna(subset="gap_ms")


def _look(count: int, number: int) -> base.Look:
    """Return how points look; those of a second recording are open, not only in colour."""
    size, alpha = (4.5, 1.0) if count < MANY else (2.8, 0.5)
    look: base.Look = {"marker": "o", "linestyle": "none", "markersize": size}
    return look | {"alpha": alpha, "fillstyle": FILLS[number % len(FILLS)]}


def _label(tables: Tables) -> str:
    return f"{tables.label}: one event a read" if tables.label else "one event a read"


def _draw_points(ax: Axes, arrivals: pd.DataFrame, look: base.Look) -> Line2D:
    alone, together = arrivals[arrivals["size"] == 1], arrivals[arrivals["size"] > 1]
    (points,) = ax.plot(alone["t_ms"], alone["gap_ms"], **look)
    if len(together):
        size = 1.7 * points.get_markersize()
        look = look | {"marker": "^", "markersize": size, "color": points.get_color()}
        ax.plot(together["t_ms"], together["gap_ms"], **look | {"label": "several in one"})
    return points


def _scale(ax: Axes) -> None:
    # With less than a factor of ten, the jitter of a steady stream would fill the picture and
    # look like a fault.  Without a gap above 0 there is no logarithm to show.
    low, high = ax.dataLim.minposy, ax.dataLim.ymax
    if 0 < low <= high < float("inf"):
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_minor_locator(LogLocator(subs=()))
        widen = max(1.15, (10 * low / high) ** 0.5)
        ax.set_ylim(low / widen, high * widen)
