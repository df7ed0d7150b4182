"""The flags of the lens: their moments, their tools and their places.

Rule: the flags of first tokens hang above the stairs, the earliest highest; the flags of
ends hang below them, the latest lowest.  So no pole crosses a flag, and no flag crosses the
stairs.
"""

from collections.abc import Iterable
from textwrap import fill
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from streamlab.metrics import Tables
from streamlab.metrics.definitions import Seen
from streamlab.metrics.lens import figures_of, starts_ms
from streamlab.plots._picture import Look, figure_of, ink, moment
from streamlab.plots._stairs import height_at

NO_BREAK = "\N{NO-BREAK SPACE}"
# Characters in a row of a flag: below the stairs, for ends of requests, there is less room.
WRAP_FIRST, WRAP_END = 50, 36
MARGIN = 0.02  # the space to the frame, of the height of the Axes

# Flags are placed before the figure is drawn, when matplotlib does not know yet how large a
# text will be.  So the height of a row is a constant, which fits the font size of 8 points.
# The height of a row of a flag, and the space between two flags.
ROW_INCHES, APART_INCHES = 0.142, 0.06


class Flag(NamedTuple):
    """A moment, and the names of the tools that agree on it."""

    t_ms: float
    text: str

    def height(self, ax: Axes) -> float:
        """Return the share of the height of an Axes that the flag takes."""
        inches = ax.get_position().height * figure_of(ax).get_figheight()
        return (ROW_INCHES * (self.text.count("\n") + 1) + APART_INCHES) / inches


def flags_of(tables: Tables) -> tuple[list[Flag], list[Flag]]:
    """Return the flags of first tokens and those of ends, each the earliest first."""
    # Each tool counts from its own clock.  Here all are moved to t0, and rounded to the
    # nanosecond: otherwise two tools with the same moment would have two flags.
    firsts: dict[float, list[str]] = {}
    ends: dict[float, list[str]] = {}
    seen = Seen(tables)
    for definition, figures in figures_of(seen):
        for tools, since_ms in ((firsts, figures.ttft_ms), (ends, figures.e2e_ms)):
            if since_ms == since_ms:
                t_ms = round(since_ms + starts_ms(definition, seen), 6)
                tools.setdefault(t_ms, []).append(definition.tool.partition(",")[0])
    return _sorted(firsts, WRAP_FIRST), _sorted(ends, WRAP_END)


def _sorted(tools: dict[float, list[str]], wrap: int) -> list[Flag]:
    return [Flag(t_ms, _text(t_ms, tools[t_ms], wrap)) for t_ms in sorted(tools)]


def _text(t_ms: float, tools: Iterable[str], wrap: int) -> str:
    names = ", ".join(name.replace(" ", NO_BREAK) for name in dict.fromkeys(tools))
    text = f"{moment(t_ms).replace(' ', NO_BREAK)}: {names}"
    return fill(text, wrap, break_long_words=False, break_on_hyphens=False)


def hoist(ax: Axes, line: Line2D, firsts: list[Flag], ends: list[Flag]) -> None:
    """Hang the flags: the earliest first token highest, the latest end lowest."""
    top = 1 - MARGIN
    for flag in firsts:
        _flag(ax, line, flag, top, "top")
        top -= flag.height(ax)
    bottom = MARGIN
    for flag in reversed(ends):
        _flag(ax, line, flag, bottom, "bottom")
        bottom += flag.height(ax)


def _flag(ax: Axes, line: Line2D, flag: Flag, height: float, valign: str) -> None:
    left, right = ax.get_xlim()
    to_the_right = (flag.t_ms - left) < 0.53 * (right - left)
    pole: Look = {"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.9}
    pole |= {"relpos": (0 if to_the_right else 1, 0.5), "shrinkA": 0, "shrinkB": 2}
    box: Look = {"boxstyle": "square,pad=0", "fc": ax.get_facecolor(), "ec": "none"}
    look: Look = {"textcoords": ax.get_xaxis_transform(), "fontsize": 8, "parse_math": False}
    look |= {"ha": "left" if to_the_right else "right", "va": valign, "color": ink(ax)}
    lines = flag.text.split("\n")
    apart = (f"{NO_BREAK}{each}" if to_the_right else f"{each}{NO_BREAK}" for each in lines)
    at, place = (flag.t_ms, height_at(line, flag.t_ms)), (flag.t_ms, height)
    ax.annotate("\n".join(apart), at, place, arrowprops=pole, bbox=box, **look)
