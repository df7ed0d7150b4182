"""The arrivals of the events: their running count against time, one step an arrival."""

from math import nan

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from streamlab.follow.text import between, counted
from streamlab.metrics import Tables
from streamlab.metrics.latency import e2e_finish_ms, ttft_ms
from streamlab.plots import _stairs as stairs
from streamlab.plots._picture import Look, ms, rows_of, sentence, tell_empty

GID = "streamlab-staircase"
FEW_STEPS = 120  # up to this number of steps, each arrival has a dot


def draw(ax: Axes, tables: Tables, **line_kws: object) -> None:
    """Draw the running count of events against time in ms, one step per arrival."""
    steps = stairs.steps_of(tables, _broken_ms(tables))
    look: Look = {
        "marker": "o" if len(steps.t_ms) <= FEW_STEPS else "",
        # Steps that are not arrivals, t0 and the end of a broken stream, have no dot.
        "markevery": slice(1, tables.events["read"].nunique() + len(steps.hidden) + 1),
        "markersize": 4.5 if rows_of(ax, GID) else 3.2,
        "label": tables.label or "events",
    }
    line = stairs.draw(ax, steps, GID, look | line_kws)
    for at_ms, what, marker in _moments(tables):
        look = _mark_look(ax, line, marker) | {"label": f"{what} {ms(at_ms)}"}
        stairs.mark(ax, line, [at_ms], look)
    if tables.events.empty:
        tell_empty(ax, tables, "no event arrived")
    stairs.finish(ax, GID, "the request was sent")


def caption(tables: Tables) -> str:
    """Return the caption of the staircase, one sentence."""
    events = tables.events
    if events.empty:
        return stairs.no_event(tables)
    per_read = events.groupby("read").size()
    text = f"{counted(len(events), 'event')} in {counted(len(per_read), 'read')}"
    least, first = ttft_ms(tables, "lo"), ttft_ms(tables, "hi")
    if first == first:
        text += f", the first token {between(least, first, ms)} after the request"
    last = tables.line_ends.iloc[events["last_line"].iloc[-1]]
    text += f", the last event after {between(last['lo'], last['hi'], ms)}"
    at_once = per_read[~per_read.index.isin(list(stairs.merged(tables, "t_ms", "t_ms")))]
    if at_once.max() > 1:
        text += f"; one read brought as many as {at_once.max()} events at once"
    return sentence(tables, text)


def _moments(tables: Tables) -> list[tuple[float, str, str]]:
    """Return the first token, the finish and the break, if any: time, name, marker."""
    moments = [
        (ttft_ms(tables), "first token", "D"),
        (e2e_finish_ms(tables), "finish", "s"),
        (_broken_ms(tables), _cut(tables), "X"),
    ]
    return [moment for moment in moments if moment[0] == moment[0]]


def _cut(tables: Tables) -> str:
    return f"ended ({tables.tape.end.how}) after {counted(len(tables.events), 'event')},"


def _broken_ms(tables: Tables) -> float:
    """Return when the stream broke off; NaN if it did not."""
    # A body that ended as it should has no break: the line then ends with the last event.
    return stairs.end_ms(tables) if tables.tape.end.how != "eof" else nan


def _mark_look(ax: Axes, line: Line2D, marker: str) -> Look:
    solid = line.get_fillstyle() == "full"
    size, edge, width = (8, ax.get_facecolor(), 0.7) if solid else (9, line.get_color(), 1.6)
    look: Look = {"marker": marker, "markersize": size}
    return look | {"markeredgecolor": edge, "markeredgewidth": width}
