"""The first token and the end of the request as each tool sees them, on the stairs of events.

A flag above the stairs names the tools that see the first token at this moment; a flag below
names the tools that see the end of the request.  Tools that agree share a flag.
"""

from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from streamlab.metrics import Tables
from streamlab.metrics.lens import merged_note
from streamlab.plots import _picture as base
from streamlab.plots import _stairs as stairs
from streamlab.plots._flags import MARGIN, Flag, flags_of, hoist

GID = "streamlab-lens"
POINT: base.Look = {"markersize": 7, "markeredgewidth": 1.2}
HEIGHT_INCHES = 5.2


def draw(ax: Axes, tables: Tables, **line_kws: object) -> None:
    """Draw the stairs of events against time in ms, with each tool's first token and end."""
    is_first = not base.rows_of(ax, GID)
    # The share of the height that the stairs take stays when a second recording is higher.
    stairs_share = ax.dataLim.ymax / ax.get_ylim()[1]
    look: base.Look = {"label": tables.label or "events"} | line_kws
    line = stairs.draw(ax, stairs.steps_of(tables, stairs.end_ms(tables)), GID, look)
    firsts, ends = flags_of(tables) if len(tables.events) else ([], [])
    for flags, what, marker in ((firsts, "first token", "^"), (ends, "end of request", "v")):
        if flags:
            look = POINT | {"marker": marker, "label": f"{what}, by some definition"}
            stairs.mark(ax, line, [flag.t_ms for flag in flags], look)
    if is_first:
        _heighten(ax, fill(caption(tables), base.CAPTION_COLUMNS).count("\n"))
    stairs.finish(ax, GID, "the request was sent" if tables.t0_known else "the first read")
    if tables.events.empty:
        base.tell_empty(ax, tables, "no event arrived")
    if is_first:
        # Many flags may cover the last steps, but the steps can still be read.
        stairs_share = max(1 - sum(flag.height(ax) for flag in firsts) - 2 * MARGIN, 0.35)
    ax.set_ylim(0, max(ax.dataLim.ymax, 1) / stairs_share, auto=None)
    if is_first:
        hoist(ax, line, firsts, ends)


def caption(tables: Tables) -> str:
    """Return the caption of the picture, one sentence."""
    firsts, ends = flags_of(tables)
    if tables.events.empty:
        return stairs.no_event(tables)
    if not tables.t0_known:
        return base.sentence(tables, "the send was not seen, so the clock of no tool is known")
    if not firsts:
        return base.sentence(tables, "no definition sees a first token")
    text = f"by the definitions of the tools, {_told(firsts, 'the first token came')}"
    if ends:
        text += f", and {_told(ends, 'the request ended')}"
    text += "; here all times count from the send, not from the clock of each tool"
    return base.sentence(tables, "; ".join(filter(None, (text, merged_note(tables)))))


def _told(flags: list[Flag], what: str) -> str:
    if len(flags) == 1:
        return f"{what} after {base.moment(flags[0].t_ms)}"
    first, last = base.moment(flags[0].t_ms), base.moment(flags[-1].t_ms)
    return f"{what} at {len(flags)} moments, from {first} to {last}"


def _heighten(ax: Axes, n_breaks: int) -> None:
    """Make a picture of our own that has nothing else high enough for the flags."""
    figure = ax.get_figure(root=True)
    if isinstance(figure, base.Picture) and len(figure.axes) == 1:
        width, _ = Figure.get_size_inches(figure)
        # A long caption takes its height from the flags, which would then lie on each other.
        figure.set_size_inches(width, HEIGHT_INCHES + 0.17 * max(n_breaks - 2, 0))
