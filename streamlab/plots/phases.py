"""The phases of a request as bars: how long the client, the connection and the server took."""

from matplotlib.axes import Axes

from streamlab.metrics import Tables
from streamlab.metrics.phases import phases
from streamlab.plots import _picture as base

GID = "streamlab-phases"


def draw(ax: Axes, tables: Tables, **bar_kws: object) -> None:
    """Draw each phase of the request as a bar from its start to its end, in ms since t0."""
    table, first = phases(tables), len(ax.patches)
    place = [*range(first, first + len(table))]
    number = len({bar.get_gid() for bar in ax.patches})
    look: base.Look = {"height": 0.62, "color": base.next_colour(ax), "linewidth": 1}
    look["edgecolor"] = look["color"]  # a phase of 0.1 ms in a second is still seen
    look |= bar_kws
    bars = ax.barh(place, table["duration_ms"], left=table["start_ms"], **look)
    beside: base.Look = {"textcoords": "offset points", "va": "center", "color": base.ink(ax)}
    rows = zip(bars, table["end_ms"], table["duration_ms"], strict=True)
    for bar, end_ms, duration_ms in rows:
        bar.set_gid(f"{GID}-{number}")
        at = (end_ms, bar.get_y() + bar.get_height() / 2)
        ax.annotate(base.ms(duration_ms), at, (4, 0), **beside)
    names = [tick.get_text() for tick in ax.get_yticklabels()] if first else []
    names += [f"{tables.label}: {name}" if tables.label else name for name in table["phase"]]
    if table.empty:
        base.tell_empty(ax, tables, "no phase was seen")
    base.frame(ax, GID, "time since the request was sent (ms)", "", left=None)
    base.name_rows(ax, names, len(names))
    ax.margins(x=0.09)


def caption(tables: Tables) -> str:
    """Return the caption of the phases, one sentence."""
    table = phases(tables)
    if table.empty:
        return base.sentence(tables, "no phase of the request was seen")
    longest_ms, phase = max(zip(table["duration_ms"], table["phase"], strict=True))
    in_all_ms = table["end_ms"].max() - table["start_ms"].min()
    text = f"from the call to the end {base.ms(in_all_ms)}; the longest phase was {phase}, "
    return base.sentence(tables, text + base.ms(longest_ms))
