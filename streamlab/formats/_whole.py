"""Whole files: written under another name, and renamed when they are complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(path: str | Path) -> Iterator[BinaryIO]:
    """Yield a file to write; it replaces the one at `path` when the block ends.

    Raises
    ------
    OSError
        If the file cannot be written; the message says what to do.
    """
    try:
        target = Path(path).resolve()
        # A pipe or a device cannot be replaced: its readers hold the old one.  So it is written
        # directly.  A folder is refused by `open`, with an error that names it.
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                yield file
        else:
            yield from _replaced(target)
    except OSError as refused:
        message = (
            f"cannot write {path}: {refused.strerror or refused}. "
            "Choose a file in a folder that exists and can be written."
        )
        raise type(refused)(message) from None


def _replaced(target: Path) -> Iterator[BinaryIO]:
    # The rename is atomic only within one file system, so the part lies in the same folder.
    # Programs that have the old file open go on reading the old one.
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
