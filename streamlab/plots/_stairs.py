"""The stairs of a stream: the running count of its events against time.

Width is time and height is count.  A long horizontal line is a wait; a high step is several
events that came in one read.
"""

from collections.abc import Sequence
from math import nan
from typing import NamedTuple, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from streamlab.metrics import Tables
from streamlab.plots._picture import Look, frame, rows_of, sentence, unknown

Span: TypeAlias = tuple[float, float]
MERGED = "merged"  # the kind of a read whose bytes arrived at times that are not known
DASHES = ("-", (0, (3, 3)), (0, (1.2, 2)), (0, (6, 2, 1.5, 2)))


class Steps(NamedTuple):
    """The times of the arrivals, and how many events there were after each."""

    t_ms: NDArray[np.float64]
    n_events: NDArray[np.float64]  # NaN from the moment from which the number is not known
    hidden: list[tuple[Span, Span]]  # the times and the heights between which nothing is known


def steps_of(tables: Tables, until_ms: float) -> Steps:
    """Return the steps from t0 to the last arrival, or to `until_ms` if it is not NaN."""
    by_read = tables.events.groupby("read")["t_ms"].agg(["first", "size"])
    boxes = merged(tables, "t_ms", "t_ms")
    t_ms = np.append(0.0, by_read["first"])
    count = np.append(0.0, by_read["size"].cumsum())
    numbers = enumerate(by_read.index, 1)
    since_ms = {row: boxes[read][0][0] for row, read in numbers if read in boxes}
    hidden = [
        ((since, float(t_ms[row])), (float(count[row - 1]), float(count[row])))
        for row, since in since_ms.items()
    ]
    if until_ms == until_ms:
        t_ms, count = np.append(t_ms, max(until_ms, t_ms[-1])), np.append(count, count[-1])
    rows = list(since_ms)
    t_ms, count = np.insert(t_ms, rows, [*since_ms.values()]), np.insert(count, rows, nan)
    return Steps(t_ms, count, hidden)


def merged(tables: Tables, low: str, high: str) -> dict[int, tuple[Span, Span]]:
    """Return a box for each merged read: its times, and its values of two columns of bounds."""
    reads = tables.reads
    reads = reads[(reads["arrival"] == MERGED).fillna(value=False)]
    since_ms = reads["t_lo_ms"].fillna(reads["t_ms"] - reads["gap_hi_ms"])
    times = zip(since_ms, reads["t_ms"], strict=True)
    boxes = zip(times, zip(reads[low], reads[high], strict=True), strict=True)
    return dict(zip(reads["read"], boxes, strict=True))


def usual(number: int) -> Look:
    """Return how the line of the recording of this number looks."""
    fill = "none" if number else "full"  # a full mark would hide the marks below
    return {"linestyle": DASHES[number % len(DASHES)], "linewidth": 1.8, "fillstyle": fill}


def draw(ax: Axes, steps: Steps, gid: str, look: Look) -> Line2D:
    """Draw the steps of one recording; return their line."""
    number = len(rows_of(ax, gid))
    look = usual(number) | look
    (line,) = ax.step(*steps[:2], where="post", gid=f"{gid}-{number}", **look)
    for times_ms, heights in steps.hidden:
        unknown(ax, times_ms, heights, line)
    return line


def mark(ax: Axes, line: Line2D, at_ms: Sequence[float], look: Look) -> None:
    """Draw marks on the stairs, in the colour of the line."""
    usual: Look = {"color": line.get_color(), "fillstyle": line.get_fillstyle(), "zorder": 3}
    # Clipping would cut a mark at the edge of the Axes in half.
    usual |= {"linestyle": "none", "gid": line.get_gid(), "clip_on": False}
    ax.plot(at_ms, [height_at(line, each) for each in at_ms], **(usual | look))


def finish(ax: Axes, gid: str, since: str) -> None:
    """Label the axes of stairs and add the legend."""
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    ax.set_ylim(bottom=0, top=None if ax.dataLim.ymax > 0 else 1, auto=None)
    frame(ax, gid, f"time since {since} (ms)", "events so far")


def height_at(line: Line2D, t_ms: float) -> float:
    """Return how many events there were at a moment."""
    # An event at exactly this moment counts: with side="right" the index is after it.
    times, count = (np.asarray(data) for data in line.get_data())
    return float(count[np.searchsorted(times, t_ms, side="right") - 1])


def end_ms(tables: Tables) -> float:
    """Return when the stream ended, however it ended, in ms since t0."""
    return (tables.tape.end.t_ns - tables.t0_ns) / 1e6


def no_event(tables: Tables) -> str:
    """Return the caption of stairs without a step."""
    return sentence(tables, f"no event arrived before the stream ended ({tables.tape.end.how})")
