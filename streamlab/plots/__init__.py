"""Pictures: one file each, whose function is ``draw``.

A picture is a module of this room, without an underscore, with

- ``draw(tables, *, ax=None, **kws) -> Axes``: on `ax`, or on a new figure; `kws` go to its
  main artist only; several recordings can be drawn on one Axes;
- ``caption(tables) -> str``: one true sentence, computed from the data that is drawn.

To add a picture, add its file and its test.  Nothing here uses pyplot: pyplot keeps figures
open, and shows them a second time in a notebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from matplotlib.axes import Axes

from streamlab.errors import UnknownNameError
from streamlab.metrics import Tables
from streamlab.plots._picture import Picture, alt, new_axes, to_html, to_png

__all__ = ["PLOTS", "Picture", "alt", "caption", "draw", "overview", "to_html", "to_png"]

PLOTS: Mapping[str, ModuleType] = MappingProxyType(
    {
        found.name: import_module(f"{__name__}.{found.name}")
        for found in iter_modules(__path__)
        if not found.name.startswith("_")
    }
)
"""The module of each picture, by its name."""


def draw(name: str, tables: Tables, *, ax: Axes | None = None, **kws: object) -> Axes:
    """Draw a picture by its name.

    Parameters
    ----------
    name : str
        One of `PLOTS`.
    ax : Axes, optional
        Where to draw; by default on a new figure, ``ax.figure``.
    **kws
        Passed to the main artist of the picture.

    Raises
    ------
    UnknownNameError
        If there is no such picture.
    """
    drawn: Axes = _named(name).draw(tables, ax=ax, **kws)
    return drawn


def caption(name: str, tables: Tables) -> str:
    """Return the sentence under a picture."""
    sentence: str = _named(name).caption(tables)
    return sentence


def overview(tables: Tables, names: Iterable[str] = ("staircase", "gaps")) -> Picture:
    """Draw several pictures of one recording, one under the other, on one axis of time."""
    modules = [_named(name) for name in names]
    axes = new_axes(len(modules))
    for module, ax in zip(modules, axes, strict=True):
        module.draw(tables, ax=ax)
        ax.label_outer()
    picture = axes[0].figure
    assert isinstance(picture, Picture)
    return picture


def _named(name: str) -> ModuleType:
    if name not in PLOTS:
        raise UnknownNameError("plot", name, PLOTS)
    return PLOTS[name]
