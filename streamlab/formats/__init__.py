"""File formats, one file each: recordings for other programs, and for `load`.

A format is a module of this room with ``ENDINGS``, the endings of its files' names;
``save(tables, path)``; and, if its files keep every stamp, ``load(path)``, which returns
the `Tape`.  To add a format, add its file; no other file names it.

Rule: no file is left half written; an old file is replaced when the new one is complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING

from streamlab.errors import FormatError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from streamlab.metrics import Tables
    from streamlab.tape import Tape

# For files that are no recordings: what writes one.
_LINES = {
    ".csv": "rec.lines.to_csv({})",
    ".xlsx": "rec.lines.to_excel({})",
    ".html": "rec.to_html({})",
    ".txt": "pathlib.Path({}).write_text(rec.text)",
    **dict.fromkeys((".png", ".svg", ".pdf"), "rec.plot().figure.savefig({})"),
}

__all__ = ["format_for", "formats", "load", "save"]


def formats() -> Iterator[ModuleType]:
    """Yield the module of each format; it is imported when the loop reaches it."""
    # pyarrow takes long to import.  The format of journals comes first, so that loading a
    # journal never imports pyarrow.
    names = [found.name for found in iter_modules(__path__) if found.name[0] != "_"]
    for name in sorted(names, key=lambda name: name != "jsonl"):
        yield import_module(f"{__name__}.{name}")


def format_for(path: str | PathLike[str]) -> ModuleType:
    """Return the format whose files end as `path` does."""
    file = Path(fspath(path))
    for each in formats():
        if file.name.lower().endswith(each.ENDINGS):
            return each
    endings = [ending for each in formats() for ending in each.ENDINGS]
    raise UnknownNameError("format of files that end in", file.suffix or file.name, endings)


def save(tables: Tables, path: str | PathLike[str]) -> Path:
    """Write a recording in the format that the ending of `path` names.

    Returns the path of the file; raises as `streamlab.Recording.save` does.
    """
    target = Path(fspath(path)).expanduser()
    if line := _LINES.get(target.suffix.lower()):
        raise UsageError(
            "a recording is saved in a .jsonl or .parquet file, for example, and "
            f"{target.name} came. For such a file call {line.format(repr(fspath(path)))}"
        )
    format_for(target).save(tables, target)
    return target


def load(path: str | PathLike[str]) -> Tape:
    """Return the tape in a file, with every stamp as it was.

    A file whose ending belongs to no format is read as a journal; the first line shows whether
    it is one.  Raises as `streamlab.load` does.
    """
    source = Path(fspath(path)).expanduser()
    try:
        format_ = format_for(source)
    except UnknownNameError:
        from streamlab.formats import jsonl as format_
    if not hasattr(format_, "load"):
        raise FormatError(
            f"a recording is loaded with all its stamps, and {source.name} is in a format "
            "that does not keep them. Load a .jsonl or .parquet file that rec.save wrote."
        )
    tape: Tape = format_.load(source)
    return tape
