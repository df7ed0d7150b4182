"""Build the API reference as HTML: ``python -W error .ci/reference.py FOLDER``.

pdoc documents a name that stands in a module's ``__all__`` and in its ``__dict__``.  streamlab
loads its public names on first use, and keeps the providers (``sl.openai``, …) out of
``__all__``.  So this file first loads the names, adds the providers to ``__all__``, and then
calls pdoc.  With ``-W error`` every warning of pdoc ends the build.
"""

from __future__ import annotations

import sys
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from types import GenericAlias, ModuleType

import pandas as pd
import pdoc

import streamlab

ROOMS = (
    "capture.attach",
    "capture.stream",
    "capture.tap",
    "capture.watch",
    "errors",
    "formats",
    "many",
    "metrics",
    "plots",
    "server",
    "tape.edits",
    "testing",
)
"""What a user meets beside the names of ``streamlab`` itself: one page each."""


def add_providers() -> None:
    """Name the providers in ``streamlab.__all__``, where pdoc looks for names."""
    others = set(dir(streamlab)) - set(streamlab.__all__)
    providers = [name for name in others if isfunction(getattr(streamlab, name))]
    streamlab.__all__ = sorted([*streamlab.__all__, *providers], key=str.lower)


def load(module: ModuleType) -> None:
    """Put what ``__all__`` names into the module: a lazy name is only there once used."""
    for name in getattr(module, "__all__", ()):
        vars(module)[name] = getattr(module, name)


def build(folder: Path) -> None:
    """Write the pages into `folder`."""
    # pdoc evaluates annotations, and ``pd.Series[Any]`` means something to type checkers only.
    pd.Series.__class_getitem__ = classmethod(GenericAlias)
    add_providers()
    names = [f"streamlab.{room}" for room in ROOMS]
    for name in ("streamlab", *names):
        load(import_module(name))
    pdoc.render.configure(docformat="numpy")
    # A package alone means a page for every file in it: each pattern takes these out again.
    specs = [spec for name in ("streamlab", *names) for spec in (name, rf"!{name}\..")]
    pdoc.pdoc(*specs, output_directory=folder)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
