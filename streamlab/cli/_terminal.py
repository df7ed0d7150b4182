"""Output for a terminal: text without control characters, colours, tables.

Rule: streamed text is untrusted.  All text from a stream or a file goes through
`several_lines` or `one_line` first; only the codes written in this room move a cursor.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from shlex import quote
from shutil import which
from typing import TYPE_CHECKING, TextIO

from streamlab.follow.text import several_lines

if TYPE_CHECKING:
    from rich.console import Console

DIM = "\x1b[2m"
PLAIN = "\x1b[0m"
ERASE_LINE = "\r\x1b[K"


def say(message: str) -> None:
    """Print a sentence about the run on standard error."""
    sys.stdout.flush()
    print(f"streamlab: {several_lines(message)}", file=sys.stderr, flush=True)


def remark(message: str) -> None:
    """Print a detail on standard error, if that is a terminal."""
    if sys.stderr.isatty():
        sys.stdout.flush()
        print(dim(several_lines(message), sys.stderr), file=sys.stderr, flush=True)


def itself() -> str:
    """Return this command as it was called, so that a hint with it works where the user is."""
    # In a fresh clone it is .venv/bin/streamlab, which is not on the PATH.
    called = Path(sys.argv[0])
    if called.name == "__main__.py" and called.parent.name == "streamlab":
        return f"{quote(sys.executable)} -m streamlab"
    usual = which("streamlab")
    is_usual = usual is not None and Path(usual).resolve() == called.resolve()
    return "streamlab" if is_usual or called.stem != "streamlab" else quote(sys.argv[0])


def dim(text: str, stream: TextIO) -> str:
    """Return text that is dim, if `stream` is a terminal with styles."""
    dumb = os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown")
    return f"{DIM}{text}{PLAIN}" if text and stream.isatty() and not dumb else text


def console() -> Console:
    """Return a console for tables: as wide as the terminal or COLUMNS, else without limit."""
    from rich.console import Console

    class PipeConsole(Console):
        # rich would end the process with exit code 1, but `cli` promises 141.
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    known = os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty()
    width = None if known else 100_000  # rows in a pipe are whole: `grep` and `cut` need that
    return PipeConsole(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
