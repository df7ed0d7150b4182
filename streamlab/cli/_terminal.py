"""What may reach a terminal, and how: text without control characters, colours, tables.

Rule: streamed text is somebody else's.  Whatever comes out of a stream or a file goes
through `clean` or `one_line` first; only the codes written in this room move a cursor.
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
    """Say one thing about the run on standard error."""
    sys.stdout.flush()
    print(f"streamlab: {clean(message)}", file=sys.stderr, flush=True)


def remark(message: str) -> None:
    """Add something for who watches: on standard error, and only if that is a terminal."""
    if sys.stderr.isatty():
        sys.stdout.flush()
        print(dim(clean(message), sys.stderr), file=sys.stderr, flush=True)


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
