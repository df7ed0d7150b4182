"""Pictures: one file each, whose function is ``draw``.

A picture is a module of this room, without an underscore, with

- ``draw(ax, tables, **kws)``: `kws` go to its main artist only, by their long names; several
  recordings can be drawn on one Axes;
- ``caption(tables) -> str``: one true sentence, computed from the data that is drawn.

`plot_comparison`, `plot_delivery` and `plot_lanes` draw several streams.

To add a picture, add its file and its test.  Nothing here uses pyplot: pyplot keeps figures
open, and shows them a second time in a notebook.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from matplotlib.axes import Axes
from matplotlib.cbook import normalize_kwargs
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from streamlab.errors import UnknownNameError
from streamlab.metrics import Tables
from streamlab.plots._comparison import plot_comparison
from streamlab.plots._delivery import plot_delivery
from streamlab.plots._lanes import plot_lanes
from streamlab.plots._picture import (
    Picture,
    alt,
    mark_guess,
    new_axes,
    picture_of,
    sign,
    to_html,
    to_png,
)

__all__ = [
    "PLOTS",
    "Picture",
    "alt",
    "caption",
    "draw",
    "mark_guess",
    "picture",
    "plot_comparison",
    "plot_delivery",
    "plot_lanes",
    "to_html",
    "to_png",
]

# The module of each picture, by its name.
PLOTS: Mapping[str, ModuleType] = MappingProxyType(
    {
        found.name: import_module(f"{__name__}.{found.name}")
        for found in iter_modules(__path__)
        if not found.name.startswith("_")
    }
)


def draw(
    name: str, tables: Tables, *, ax: Axes | None = None, dark: bool = False, **kws: object
) -> Axes:
    """Draw a picture by its name, one of `PLOTS`.

    Parameters
    ----------
    ax : Axes, optional
        Where to draw; by default on a new figure, ``ax.figure``.  Several recordings can
        share one.
    dark : bool
        Draw the new figure in light ink on a dark ground.
    **kws
        Passed to the main artist of the picture.
    """
    module, ax = _named(name), new_axes(dark=dark)[0] if ax is None else ax
    module.draw(ax, tables, **normalize_kwargs(normalize_kwargs(kws, Line2D), Patch))
    sign(ax, module.caption(tables))
    return ax


def caption(name: str, tables: Tables) -> str:
    """Return the sentence under a picture."""
    sentence: str = _named(name).caption(tables)
    return sentence


def picture(kind: str, tables: Mapping[str, Tables], *, dark: bool = False) -> Picture:
    """Draw several recordings, given by name, in one picture.

    `kind` is one of `PLOTS`, all on the same Axes, or ``"comparison"``, ``"delivery"``,
    ``"lanes"``.
    """
    if kind == "comparison":
        return plot_comparison(tables, dark=dark)
    if kind == "delivery":
        return plot_delivery(tables, dark=dark)
    ax = plot_lanes(tables, dark=dark) if kind == "lanes" else new_axes(dark=dark)[0]
    for each in tables.values() if kind != "lanes" else ():
        draw(kind, each, ax=ax)
    return picture_of(ax)


def _named(name: str) -> ModuleType:
    if name not in PLOTS:
        raise UnknownNameError("plot", name, PLOTS)
    return PLOTS[name]
