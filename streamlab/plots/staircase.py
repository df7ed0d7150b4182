"""How the events came: their running count against time, one step per arrival.

Width is time, height is count: a wide tread is a wait, a high riser is several
events that one read brought together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cbook import normalize_kwargs
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from streamlab.follow.text import counted
from streamlab.metrics import Tables
from streamlab.metrics.latency import e2e_finish_ms, ttft_ms
from streamlab.plots._picture import (
    add_legend,
    axes_for,
    ms,
    plain_number,
    rows_of,
    sentence,
    sign,
)

__all__ = ["caption", "draw"]

GID = "streamlab-staircase"
DASHES = ("-", (0, (3, 3)), (0, (1.2, 2)), (0, (6, 2, 1.5, 2)))
FEW_STEPS = 120
"""Up to so many arrivals, each has a dot."""


def draw(tables: Tables, *, ax: Axes | None = None, **line_kws: Any) -> Axes:
    """Draw the running count of events against time, one step per arrival.

    Parameters
    ----------
    tables : Tables
    ax : Axes, optional
        Where to draw; by default on a new figure.  Several recordings can share one.
    **line_kws
        Passed to `matplotlib.axes.Axes.step`.

    Returns
    -------
    Axes
        The one drawn on: ms since the request was sent, number of events.
    """
    ax = axes_for(ax)
    t_ms, count = _steps(tables)
    number = len(rows_of(ax, GID))
    look: dict[str, Any] = {
        "linestyle": DASHES[number % len(DASHES)],
        "linewidth": 1.8,
        "fillstyle": "none" if number else "full",  # what lies below shines through
        "marker": "o" if len(t_ms) <= FEW_STEPS else "",
        "markevery": slice(1, len(tables.events["read"].unique()) + 1),
        "markersize": 4.5 if number else 3.2,
        "label": tables.label or "events",
    }
    look |= normalize_kwargs(line_kws, Line2D)
    (line,) = ax.step(t_ms, count, where="post", gid=f"{GID}-{number}", **look)
    for at_ms, what, marker in _moments(tables):
        height = count[np.searchsorted(t_ms, at_ms, side="right") - 1]
        _mark(ax, line, (at_ms, height), f"{what} {ms(at_ms)}", marker)
    _frame(ax)
    sign(ax, caption(tables))
    return ax


def caption(tables: Tables) -> str:
    """Return what the staircase shows, as a sentence."""
    events = tables.events
    if events.empty:
        return sentence(
            tables, f"no event arrived before the stream ended ({tables.tape.end.how})"
        )
    per_read = events.groupby("read").size()
    text = f"{counted(len(events), 'event')} in {counted(len(per_read), 'read')}"
    if (first := ttft_ms(tables)) == first:
        text += f", the first token {ms(first)} after the request"
    text += f", the last event after {ms(events['t_ms'].iloc[-1])}"
    if per_read.max() > 1:
        text += f"; one read brought as many as {per_read.max()} events at once"
    return sentence(tables, text)


def _steps(tables: Tables) -> tuple[np.ndarray, np.ndarray]:
    """Return the times of the arrivals and how many events there were after each.

    Before the first stands t0; a stream that broke off waits until its end.
    """
    per_read = tables.events.groupby("read")["t_ms"].agg(["first", "size"])
    t_ms = np.append(0.0, per_read["first"].to_numpy())
    count = np.append(0, per_read["size"].to_numpy().cumsum())
    if (broken := _broken_ms(tables)) == broken:
        t_ms, count = np.append(t_ms, max(broken, t_ms[-1])), np.append(count, count[-1])
    return t_ms, count


def _moments(tables: Tables) -> list[tuple[float, str, str]]:
    """Return when there was a first token, a finish, a break: time, name, marker."""
    moments = [
        (ttft_ms(tables), "first token", "D"),
        (e2e_finish_ms(tables), "finish", "s"),
        (_broken_ms(tables), f"ended ({tables.tape.end.how})", "X"),
    ]
    return [moment for moment in moments if moment[0] == moment[0]]


def _broken_ms(tables: Tables) -> float:
    """Return when the stream broke off; NaN if it came to its end."""
    end = tables.tape.end
    return (end.t_ns - tables.t0_ns) / 1e6 if end.how != "eof" else float("nan")


def _mark(ax: Axes, line: Line2D, at: tuple[float, float], label: str, marker: str) -> None:
    solid = line.get_fillstyle() == "full"
    look: dict[str, Any] = {
        "color": line.get_color(),
        "fillstyle": line.get_fillstyle(),
        "marker": marker,
        "markersize": 8 if solid else 9,
        "markeredgecolor": ax.get_facecolor() if solid else line.get_color(),
        "markeredgewidth": 0.7 if solid else 1.6,
        "linestyle": "none",
    }
    ax.plot(*at, label=label, gid=line.get_gid(), zorder=3, clip_on=False, **look)


def _frame(ax: Axes) -> None:
    ax.set(xlabel="time since the request was sent (ms)", ylabel="events so far")
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0, top=None if ax.dataLim.ymax > 0 else 1)
    ax.xaxis.set_major_formatter(FuncFormatter(plain_number))
    ax.yaxis.set_major_formatter(FuncFormatter(plain_number))
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    add_legend(ax, GID)
