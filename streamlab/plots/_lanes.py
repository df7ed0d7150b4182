"""Many streams at once, one lane each: a tick is a read, a hatched bar is a merged read."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from streamlab.follow.text import counted
from streamlab.metrics import Tables
from streamlab.metrics.tables import Streams, tables_by_name
from streamlab.plots import _picture as base
from streamlab.plots import _stairs as stairs

GID = "streamlab-lanes"
# The offsets of two clocks that differ by less are those of one machine.
SAME_NS = 1_000_000_000
NAMED = 40  # up to this number of lanes, each has its name


def plot_lanes(
    recordings: Streams, *, ax: Axes | None = None, aligned: bool = False, dark: bool = False
) -> Axes:
    """Draw many streams on one axis of time: a tick is a read, a hatched bar a merged read.

    `recordings` is an iterable or a mapping of Recording.  It draws on `ax`, or on a new
    figure, which `dark` gives light ink on a dark ground.  `aligned` draws each stream from its
    own t0; by default all count from the first request, in ms, so that streams in a row and
    streams at once look different.  UsageError if there is no recording.
    """
    tables = tables_by_name("plot_lanes", recordings)
    height = min(max(0.2 + 0.07 * len(tables), 0.5), 2.5)
    ax = base.new_axes([height], dark=dark)[0] if ax is None else ax
    fill(ax, tables, aligned=aligned)
    base.sign(ax, caption(tables))
    return ax


def fill(ax: Axes, tables: Mapping[str, Tables], *, aligned: bool) -> None:
    """Draw the lanes on `ax`, all from t0 if `aligned`, else on one clock."""
    colours = base.next_colour(ax), base.next_colour(ax)
    for lane, (each, since_ms) in enumerate(_since(tables, aligned)):
        _draw_lane(ax, each, lane, since_ms, colours)
    shown = [*tables] if len(tables) <= NAMED else []
    since = "each request" if aligned else "the first request"
    base.frame(ax, GID, f"time since {since} was sent (ms)", "", left=None)
    base.name_rows(ax, shown, len(tables))


def _since(tables: Mapping[str, Tables], aligned: bool) -> list[tuple[Tables, float]]:
    """Return each stream, and by how much its lane begins later than the first."""
    # Recordings of one machine share its monotonic clock, which never steps.  Recordings of
    # several machines share only the wall clock.
    anchors = [each.meta["anchor"] for each in tables.values() if "anchor" in each.meta]
    offsets_ns = [anchor["wall_ns"] - anchor["mono_ns"] for anchor in anchors]
    one_machine = len(anchors) < len(tables) or max(offsets_ns) - min(offsets_ns) < SAME_NS
    shift_ns = [0] * len(tables) if one_machine else offsets_ns
    begin_ns = [each.t0_ns + ns for each, ns in zip(tables.values(), shift_ns, strict=True)]
    first_ns = min(begin_ns)
    return [
        (each, 0.0 if aligned else (t_ns - first_ns) / 1e6)
        for each, t_ns in zip(tables.values(), begin_ns, strict=True)
    ]


def _draw_lane(
    ax: Axes, tables: Tables, lane: int, since_ms: float, colours: Sequence[Any]
) -> None:
    reads, (colour, broken) = tables.reads, colours
    end_ms = since_ms + stairs.end_ms(tables)
    ax.plot([since_ms, end_ms], [lane, lane], color=base.ink(ax), lw=0.7, alpha=0.5)
    t_ms = since_ms + reads["t_ms"]
    (ticks,) = ax.plot(
        *(t_ms, [lane] * len(t_ms)), "|", color=colour, ms=11, gid=f"{GID}-{lane}"
    )
    for (lo_ms, at_ms), _ in stairs.merged(tables, "gap_lo_ms", "gap_hi_ms").values():
        base.unknown(ax, (since_ms + lo_ms, since_ms + at_ms), (lane - 0.3, lane + 0.3), ticks)
    at = (end_ms, lane)
    if tables.problem is None:
        ax.plot(*at, ".", color=base.ink(ax), clip_on=False)
    else:
        said = f"✕ {tables.tape.end.how} after {counted(len(tables.events), 'event')}"
        ax.annotate(said, at, va="center", fontsize=8, color=broken)


def caption(tables: Mapping[str, Tables]) -> str:
    """Return the caption of the lanes: how many streams, how many at once, how long."""
    spans = [
        (since_ms, since_ms + stairs.end_ms(each)) for each, since_ms in _since(tables, False)
    ]
    at_once = max(sum(begin <= t_ms < end for begin, end in spans) for t_ms, _ in spans)
    text = f"{counted(len(spans), 'stream')}, at most {at_once} at the same time; "
    text += f"the last ended {base.ms(max(end for _, end in spans))} after the first request."
    if broken := sum(each.problem is not None for each in tables.values()):
        text += f" {counted(broken, 'stream')} had a problem."
    return text[:1].upper() + text[1:]
