"""What a reader of a raw stream should notice: ignored lines, and events that are lost.

`follow.problem` says what went wrong with a request.  These sentences are about the text of a
stream, above all one that a person wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from streamlab.decode import BLANK, DATA, EVENT, OTHER, TAIL
from streamlab.dialects.reading import parse
from streamlab.follow.text import one_line

if TYPE_CHECKING:
    from streamlab.follow import Follower
    from streamlab.metrics import Tables

# A body that is no stream at all would give a notice for each of its lines.
MOST = 20

Notice = tuple[int, str]  # a line, and the sentence about it; -1 for the stream as a whole


def notices(tables: Tables, is_typed: bool = False) -> list[Notice]:
    """Return the first `MOST` things to notice, in the order of the lines.

    `is_typed` says that a person gave the bytes, so that no server is to blame.
    """
    framed = tables.framed
    lost = [*_lost(framed)] if framed.framing == "sse" else []
    found = sorted([*_ignored(framed), *lost]) if framed.framing == "sse" else []
    # What a person typed lacks an end more often than it has one: a notice says so already.
    if tables.problem and (not is_typed or (framed.events and not lost)):
        found.append((-1, tables.problem))
    return found[:MOST]


def _ignored(framed: Follower) -> Iterator[Notice]:
    """Yield lines that the standard ignores, and lines that are not UTF-8."""
    for line, kind in enumerate(framed.lines.kinds):
        if kind == OTHER:
            name, colon, value = framed.line(line, 200).partition(":")
            like, why = name.strip("\ufeff \t").lower(), "" if colon else " and has no colon"
            said = f"{one_line(name, 40)!r} is no field{why}"
            if name in ("retry", "id"):
                said = f"{name} cannot be {one_line(value.strip(), 40)!r}"
            elif like in ("data", "event", "id", "retry"):
                said = f"{name!r} is not {like!r}: names are compared letter by letter"
            yield line, f"{said}. Ignored."
        elif "\ufffd" in framed.line(line):
            yield line, "some bytes are not UTF-8, or the server sent a �."


def _lost(framed: Follower) -> Iterator[Notice]:
    """Yield events that are not dispatched, and events with broken JSON."""
    kinds = bytes(framed.lines.kinds)
    for block in re.finditer(b"[^%c]+" % BLANK, kinds):
        has_data, last = DATA in block[0] or TAIL in block[0], block.end() - 1
        if has_data and block.end() == len(kinds):
            yield last, "no blank line follows: the event is not dispatched, its data is lost."
        elif EVENT in block[0] and not has_data:
            yield last, "no line of data follows: an event without data is not dispatched."
    for event in framed.events:
        if event.data.startswith("{") and parse(event.data) is None:
            yield event.last_line, "the data of this event begins like JSON and is not JSON."
