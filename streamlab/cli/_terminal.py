"""What may reach a terminal, and how: text without control characters, colours, tables.

Rule: streamed text is untrusted.  All text from a stream or a file goes through
`several_lines` or `one_line` first; only the codes written in this room move a cursor.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from streamlab.follow.text import several_lines

if TYPE_CHECKING:
    from rich.console import Console

DIM = "\x1b[2m"
PLAIN = "\x1b[0m"
ERASE_LINE = "\r\x1b[K"


def say(message: str) -> None:
    """Say one thing about the run on standard error."""
    sys.stdout.flush()
    print(f"streamlab: {several_lines(message)}", file=sys.stderr, flush=True)


def remark(message: str) -> None:
    """Add something for who watches: on standard error, and only if that is a terminal."""
    if sys.stderr.isatty():
        sys.stdout.flush()
        print(dim(several_lines(message), sys.stderr), file=sys.stderr, flush=True)


def dim(text: str, stream: TextIO) -> str:
    """Return text that stands back, on a terminal that can do that."""
    return f"{DIM}{text}{PLAIN}" if text and _has_styles(stream) else text


def _has_styles(stream: TextIO) -> bool:
    dumb = os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown")
    return stream.isatty() and not dumb


def console() -> Console:
    """Return where tables go: as wide as the terminal or COLUMNS says, else without limit."""
    from rich.console import Console

    told = os.environ.get("COLUMNS", "").isdigit()
    width = None if told or sys.stdout.isatty() else 100_000
    made = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
    made.on_broken_pipe = _raise  # type: ignore[method-assign]  # rich would exit with 1
    return made


def _raise() -> None:
    raise BrokenPipeError
