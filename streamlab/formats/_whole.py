"""Whole files: written beside, put in place at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(path: str | Path) -> Iterator[BinaryIO]:
    """Yield a file to write; it replaces the one at `path` once all is written.

    Raises
    ------
    OSError
        If it cannot be written, with a sentence that says what to do.
    """
    try:
        target = Path(path).resolve()
        if target.exists() and not target.is_file():  # a folder, a pipe, a device
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
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
