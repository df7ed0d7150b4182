"""What goes to a terminal: text without control characters, colours, tables.

Rule: text from a stream or a file goes through `clean` or `one_line` first.  Only the control
codes of this room reach the terminal.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

DIM = "\x1b[2m"
PLAIN = "\x1b[0m"
ERASE_LINE = "\r\x1b[K"

_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # they make text show in another order
_ONE_LINE = {
    **{code: chr(0x2400 + code) for code in range(0x20)},  # ESC is shown as ␛
    0x7F: "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys((*range(0x80, 0xA0), *_BIDI, *range(0xD800, 0xE000)), _UNPRINTABLE),
}
_LINES = {code: shown for code, shown in _ONE_LINE.items() if chr(code) not in "\n\t"}


def clean(text: str) -> str:
    """Return text whose control characters are pictures; line feeds and tabs stay."""
    return text.translate(_LINES)


def one_line(text: str) -> str:
    """Return text whose control characters are all pictures, line feeds and tabs too."""
    return text.translate(_ONE_LINE)


def counted(n: int, thing: str) -> str:
    """Return a number of things: "1 read", "2,000 reads"."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def say(message: str) -> None:
    """Print a sentence about the run on standard error."""
    sys.stdout.flush()
    print(f"streamlab: {clean(message)}", file=sys.stderr, flush=True)


def remark(message: str) -> None:
    """Print a detail on standard error, if that is a terminal."""
    if sys.stderr.isatty():
        sys.stdout.flush()
        print(dim(clean(message), sys.stderr), file=sys.stderr, flush=True)


def dim(text: str, stream: TextIO) -> str:
    """Return text that is dim, if `stream` is a terminal with styles."""
    return f"{DIM}{text}{PLAIN}" if text and _has_styles(stream) else text


def _has_styles(stream: TextIO) -> bool:
    dumb = os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown")
    return stream.isatty() and not dumb


def console() -> Console:
    """Return a console for tables: as wide as the terminal or COLUMNS, else without limit."""
    from rich.console import Console

    class PipeConsole(Console):
        # rich would end the process with exit code 1, and `cli` promises 141.
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    known = os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty()
    width = None if known else 100_000  # rows in a pipe are whole: `grep` and `cut` need that
    return PipeConsole(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
