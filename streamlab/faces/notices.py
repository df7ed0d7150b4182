"""What a reader of a raw stream should notice: lines and events that are not what they seem.

`follow.problem` says what went wrong with a request.  These sentences are about the text of a
stream, above all one that a person pasted: a field that the standard ignores, a lost event.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from streamlab.decode import BLANK, COMMENT, DATA, OTHER, TAIL
from streamlab.follow.text import counted, one_line

if TYPE_CHECKING:
    from streamlab.follow import Follower
    from streamlab.metrics import Tables

MOST = 20
"""Further notices are only counted."""

Notice = tuple[int, str]
"""A line, and the sentence about it; -1 for the stream as a whole."""

_FIELDS = ("data", "event", "id", "retry")


def notices(tables: Tables, is_typed: bool = False) -> list[Notice]:
    """Return what a reader should notice, in the order of the lines; at most `MOST`.

    `is_typed` says that a person gave the bytes, so that no server is to blame.
    """
    framed = tables.framed
    found = sorted([*_of_lines(framed), *_of_events(framed)]) if framed.framing == "sse" else []
    if framed.events or not is_typed:
        found += [(-1, tables.problem)] if tables.problem else []
    elif len(framed.body) and not found:
        found.append((-1, "no event: a blank line after a line of data would dispatch one."))
    rest = len(found) - MOST
    return found if rest <= 0 else [*found[:MOST], (-1, f"{counted(rest, 'more notice')}.")]


def _of_lines(framed: Follower) -> Iterator[Notice]:
    kinds = framed.lines.kinds
    for line in range(len(kinds)):
        if kinds[line] == OTHER:
            yield line, _ignored(framed.line(line, 200))
        elif kinds[line] == TAIL and not framed.events:  # else `problem` says so
            yield line, "the stream ends within this line: it is discarded."
        if kinds[line] not in (BLANK, COMMENT) and "\ufffd" in framed.line(line):
            yield line, "has bytes that are not UTF-8, or a � that the server sent."


def _ignored(line: str) -> str:
    """Return why the standard ignores a line."""
    name, colon, value = line.partition(":")
    said = one_line(name, 40)
    if name == "retry":
        return f"retry needs ASCII digits and has {one_line(value.strip(), 40)!r}: ignored."
    if name == "id":
        return "an id with a NUL is ignored."
    if (like := name.strip("\ufeff \t").lower()) in _FIELDS:
        return f"{said!r} is not {like!r}: names are compared letter by letter. Ignored."
    return f"{said!r} is no field{'' if colon else ', and has no colon'}: ignored."


def _of_events(framed: Follower) -> Iterator[Notice]:
    """Yield blocks without data, a block without its blank line, and data that is no JSON."""
    kinds, ended = framed.lines.kinds, {event.last_line for event in framed.events}
    block: list[int] = []
    for line, kind in enumerate(kinds):
        if kind not in (BLANK, COMMENT, TAIL):
            block.append(line)
        elif kind == BLANK:
            if block and line not in ended and any(kinds[n] != OTHER for n in block):
                yield line, "ends a block without a line of data: no event is dispatched."
            block = []
    if any(kinds[line] == DATA for line in block):
        yield block[-1], "no blank line follows: the event is not dispatched, its data is lost."
    for event in framed.events:
        if event.data[:1] in ("{", "[") and event.data != "[DONE]" and not _is_json(event.data):
            yield event.last_line, "the data of this event begins like JSON and is not JSON."


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
