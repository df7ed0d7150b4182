"""Whole files: written under another name, and renamed when they are complete.

Rule: a file that exists keeps its content until the new file is on the disk; the new file has
the old one's mode.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO


@contextmanager
def whole(path: str | Path) -> Iterator[BinaryIO]:
    """Yield a file to write; it replaces the one at `path` when the block ends."""
    with refusals(path):
        target = Path(os.path.realpath(path))  # a link stays a link; its target is replaced
        if target.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        # A pipe or a device cannot be replaced: its readers hold the old one.  So it is written
        # directly.  A folder is refused by `open`, with an error that names it.
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                yield file
        else:
            yield from _replaced(target)


@contextmanager
def refusals(path: str | Path) -> Iterator[None]:
    """Turn an OSError into one sentence with the path and a remedy."""
    try:
        yield
    except OSError as refused:
        message = (
            f"cannot write {path}: {refused.strerror or refused}. "
            "Choose a file in a folder that exists and can be written."
        )
        raise type(refused)(message) from None


def _replaced(target: Path) -> Iterator[BinaryIO]:
    # The rename is atomic only within one file system, so the part lies in the same folder.
    # Programs that have the old file open go on reading the old one.  The name of the part is
    # random: no file and no link of that name lies there before, and two saves at once have
    # two parts.
    part = target.with_name(f".streamlab-{token_hex(16)}.part")
    old_mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    mode = 0o666 if old_mode is None else 0o600
    try:
        with open(part, "xb", opener=partial(_opened, mode=mode)) as file:
            if old_mode is not None and os.chmod in os.supports_fd:
                os.chmod(file.fileno(), old_mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    _sync(target.parent)


def _opened(path: str, flags: int, mode: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), mode)  # "xb" adds O_EXCL


def _sync(folder: Path) -> None:
    """Bring a rename to the disk, where the system lets a folder be opened."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
