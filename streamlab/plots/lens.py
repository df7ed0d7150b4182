"""Where each tool sees the first token and the end, on the staircase of the events.

A flag above the staircase says who takes this moment for the first token, one below it who
takes it for the end of the request.  Tools that agree share a flag.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cbook import normalize_kwargs
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from streamlab.metrics import Tables
from streamlab.plots._flags import MARGIN, Flag, flags_of, height_at, hoist
from streamlab.plots._picture import (
    Picture,
    add_legend,
    axes_for,
    ms,
    plain_number,
    rows_of,
    sentence,
    sign,
)

__all__ = ["caption", "draw"]

GID = "streamlab-lens"
DASHES = ("-", (0, (3, 3)), (0, (1.2, 2)), (0, (6, 2, 1.5, 2)))
HEIGHT_INCHES = 5.2


def draw(tables: Tables, *, ax: Axes | None = None, **line_kws: Any) -> Axes:
    """Draw the staircase of events, with each tool's first token and end of request.

    Parameters
    ----------
    tables : Tables
    ax : Axes, optional
        Where to draw; by default on a new figure.  Several recordings can share one; the
        flags are those of the first, of the others there are the points alone.
    **line_kws
        Passed to `matplotlib.axes.Axes.step`.

    Returns
    -------
    Axes
        The one drawn on: ms since the request was sent, number of events.
    """
    is_new, ax = ax is None, axes_for(ax)
    number = len(rows_of(ax, GID))
    line = _stairs(ax, tables, number, line_kws)
    firsts, ends = flags_of(tables)
    _points(ax, line, firsts, "first token, by some definition", "^")
    _points(ax, line, ends, "end of request, by some definition", "v")
    _frame(ax, is_new, "the request was sent" if tables.t0_known else "the first read")
    if not number:
        _fit(ax, sum(flag.height(ax) for flag in firsts))
        hoist(ax, line, firsts, ends)
    add_legend(ax, GID)
    sign(ax, caption(tables))
    return ax


def caption(tables: Tables) -> str:
    """Return what the picture shows, as a sentence."""
    firsts, ends = flags_of(tables)
    if tables.events.empty:
        return sentence(
            tables, f"no event arrived before the stream ended ({tables.tape.end.how})"
        )
    if not tables.t0_known:
        return sentence(tables, "the send was not seen, so the clock of no tool is known")
    if not firsts:
        return sentence(tables, "no definition sees a first token")
    text = f"by the definitions of the tools, {_told(firsts, 'the first token came')}"
    if ends:
        text += f", and {_told(ends, 'the request ended')}"
    return sentence(
        tables, f"{text}; here all count from the send, not from the clock of each tool"
    )


def _told(flags: list[Flag], what: str) -> str:
    if len(flags) == 1:
        return f"{what} after {ms(flags[0].t_ms)}"
    return f"{what} at {len(flags)} moments, from {ms(flags[0].t_ms)} to {ms(flags[-1].t_ms)}"


def _stairs(ax: Axes, tables: Tables, number: int, line_kws: dict[str, Any]) -> Line2D:
    per_read = tables.events.groupby("read")["t_ms"].agg(["first", "size"])
    t_ms = np.append(0.0, per_read["first"].to_numpy())
    count = np.append(0, per_read["size"].to_numpy().cumsum())
    end_ms = (tables.tape.end.t_ns - tables.t0_ns) / 1e6
    look: dict[str, Any] = {
        "linestyle": DASHES[number % len(DASHES)],
        "linewidth": 1.8,
        "fillstyle": "none" if number else "full",
        "label": tables.label or "events",
    }
    look |= normalize_kwargs(line_kws, Line2D)
    t_ms, count = np.append(t_ms, max(end_ms, t_ms[-1])), np.append(count, count[-1])
    (line,) = ax.step(t_ms, count, where="post", gid=f"{GID}-{number}", **look)
    return line


def _points(ax: Axes, line: Line2D, flags: list[Flag], label: str, marker: str) -> None:
    if not flags:
        return
    t_ms = [flag.t_ms for flag in flags]
    look: dict[str, Any] = {
        "color": line.get_color(),
        "fillstyle": line.get_fillstyle(),
        "linestyle": "none",
        "marker": marker,
        "markersize": 7,
        "markeredgewidth": 1.2,
    }
    ax.plot(
        t_ms,
        [height_at(line, each) for each in t_ms],
        label=label,
        gid=line.get_gid(),
        zorder=3,
        clip_on=False,
        **look,
    )


def _fit(ax: Axes, flags: float) -> None:
    """Leave room above the staircase, for the flags of the first tokens."""
    highest = max(ax.dataLim.ymax, 1)
    ax.set_ylim(0, highest / max(1 - flags - 2 * MARGIN, 0.35))


def _frame(ax: Axes, is_new: bool, since: str) -> None:
    figure = ax.get_figure(root=True)
    if is_new and isinstance(figure, Picture):
        width, _ = Figure.get_size_inches(figure)
        figure.set_size_inches(width, HEIGHT_INCHES)
    ax.set(xlabel=f"time since {since} (ms)", ylabel="events so far")
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(FuncFormatter(plain_number))
    ax.yaxis.set_major_formatter(FuncFormatter(plain_number))
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
