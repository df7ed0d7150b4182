"""The arrival benchmark as a picture: a panel a load, a row a client, from p50 to p99."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator

from tests.benchmarks.arrivals.figures import Table

INK, FAINT, BAND = "#22262b", "#d9dce0", "#f3f5f7"
LOOKS: dict[str, dict[str, Any]] = {
    "arrived": {"color": "#0072b2", "marker": "o", "above": 0.17},
    "delivered": {"color": "#d55e00", "marker": "D", "above": -0.17},
}
"""Two colours of Okabe and Ito; told apart by marker, dash and place too."""

SAYS = {
    "arrived": "arrived: as the kernel stamped it",
    "delivered": "delivered: as the consumer's loop had it",
}
LIMITS = {"recv": "bare recv", "recvmsg": "bare recvmsg, the limit"}
NOTE = (
    "Mark: median; bar: to the 99th percentile; log scale; left is better.  "
    "A client without a blue mark knows no arrival time, only the delivery."
)
UNITS = ((1e6, "s"), (1e3, "ms"), (1.0, "µs"))


def draw(tables: Mapping[str, Table]) -> Canvas:
    """Return the figure: lag after the sender's clock, on one log axis."""
    names = list(next(iter(tables.values())))
    canvas = Canvas(figsize=(12, 1.9 + 0.36 * len(names)), facecolor="white")
    grid = {"left": 0.155, "right": 0.985, "top": 0.80, "bottom": 0.15, "wspace": 0.06}
    panels = canvas.subplots(1, len(tables), sharex=True, sharey=True, gridspec_kw=grid)
    for ax, (title, rows) in zip(panels, tables.items(), strict=True):
        _panel(ax, title, rows)
    _scale(panels[0], names)
    _words(canvas, _sentence(*list(tables.items())[-1]))
    return canvas


def _sentence(title: str, rows: Table) -> str:
    """Say what the last panel shows, in its own numbers."""
    shown = [
        f"{name} {what} {_time(value)}"
        for name, what in (("streamlab async", "arrived"), ("aiohttp", "delivered"))
        if (value := rows.get(name, {}).get(f"{what}_p50")) is not None
    ]
    return f"{title}, medians: {', '.join(shown)}." if shown else ""


def _panel(ax: Axes, title: str, rows: Table) -> None:
    ax.set_title(title, fontsize=10.5, loc="left", color=INK)
    for place, (name, found) in enumerate(rows.items()):
        if name.startswith("streamlab"):
            ax.axhspan(place - 0.5, place + 0.5, color=BAND, zorder=0, linewidth=0)
        for what, look in LOOKS.items():
            p50, p99 = found[f"{what}_p50"], found[f"{what}_p99"]
            above = 0 if found["arrived_p50"] is None else look["above"]
            if p50 is not None and p99 is not None:
                _bar(ax, place - above, p50, p99, look)
    ax.grid(axis="x", color=FAINT, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(length=0, colors=INK, labelsize=9)


def _bar(ax: Axes, height: float, p50: float, p99: float, look: Mapping[str, Any]) -> None:
    """Draw a dot at p50 and a line to p99, with the median's value beside it."""
    ax.plot([p50, p99], [height, height], color=look["color"], linewidth=2.2, alpha=0.75)
    ax.plot(p99, height, color=look["color"], marker="|", markersize=6, markeredgewidth=1.6)
    ax.plot(p50, height, color=look["color"], markersize=5.5, **_mark(look))
    ax.annotate(
        _time(p50),
        (p50, height),
        xytext=(-6, -0.5),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=7,
        color=INK,
    )


def _scale(ax: Axes, names: list[str]) -> None:
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ax.set_xlim(low / 3, high)  # room for the values left of the dots
    ax.xaxis.set_major_locator(LogLocator(base=10, numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _time(value)))
    ax.xaxis.minorticks_off()
    ax.set_yticks(range(len(names)), [LIMITS.get(name, name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)


def _time(us: float) -> str:
    """Return a time in its own unit, with two figures."""
    size, unit = next((each for each in UNITS if us >= each[0]), UNITS[-1])
    value = us / size
    return f"{value:.1f} {unit}" if 0 < value < 9.95 and value % 1 else f"{value:.0f} {unit}"


def _words(canvas: Canvas, sentence: str) -> None:
    title = "How long after the send does a client say it came?"
    canvas.suptitle(title, x=0.155, y=0.965, ha="left", fontsize=13, color=INK)
    canvas.legend(
        handles=[_key(what) for what in LOOKS],
        loc="upper left",
        bbox_to_anchor=(0.147, 0.925),
        ncols=2,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )
    said = f"{NOTE}\n{sentence}  python -m tests.benchmarks arrival"
    canvas.text(0.155, 0.035, said, fontsize=8, color=INK, va="center")


def _key(what: str) -> Line2D:
    """Return a time's entry in the legend, drawn as its marks are."""
    line = Line2D([], [], color=LOOKS[what]["color"], linewidth=2.2, label=SAYS[what])
    line.set(markersize=5.5, **_mark(LOOKS[what]))
    return line


def _mark(look: Mapping[str, Any]) -> dict[str, Any]:
    filling = look["color"] if look["marker"] == "o" else "white"
    return {"marker": look["marker"], "markerfacecolor": filling}
