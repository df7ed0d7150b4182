"""To others: each format one file, for reading what others read.

A format is a module of this room with `SUFFIXES`, ``save(tables, path)`` and
``load(path) -> Tape``.  To add one, add its file; nothing else names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from streamlab.errors import UnknownNameError

__all__ = ["format_for", "formats"]


def formats() -> Iterator[ModuleType]:
    """Yield the module of each format, imported."""
    for found in iter_modules(__path__):
        yield import_module(f"{__name__}.{found.name}")


def format_for(path: str | Path) -> ModuleType:
    """Return the format whose files end as `path` does.

    Raises
    ------
    UnknownNameError
        If no format has this suffix.
    """
    suffixes = {suffix: format_ for format_ in formats() for suffix in format_.SUFFIXES}
    suffix = Path(path).suffix.lower()
    if suffix not in suffixes:
        raise UnknownNameError("format for the suffix", suffix, suffixes)
    found: ModuleType = suffixes[suffix]
    return found
