"""What a framer finds in a body: lines as columns, events and comments as rows.

A framer cuts a decoded body into lines and events.  Lines are kept as
columns (where each ends, what it is), for there are many and their bytes are in
the body anyway; events are few enough to be objects.

To add a framing, write a class that is a `Framer` in a file of its own and
name it in ``FRAMERS`` of this room.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple, Protocol

KINDS = ("data", "event", "id", "retry", "comment", "blank", "other", "json", "tail")
"""What a line is; the code in `Lines.kinds` is the index in here.

``other`` is a line the standard ignores; ``tail`` has no line end: the body
stopped in the middle of it.
"""

DATA, EVENT, ID, RETRY, COMMENT, BLANK, OTHER, JSON, TAIL = range(len(KINDS))


class Lines:
    """The lines of a body, as columns.  A line begins where the one before ended.

    Attributes
    ----------
    ends : array of int
        Offset in the decoded body after the line and after its end (LF, CR, CRLF).
        An LF that follows a CR later moves the end of the line by one.
    kinds : bytearray
        Index in `KINDS`.
    """

    __slots__ = ("ends", "kinds")

    def __init__(self) -> None:
        self.ends: array[int] = array("q")
        self.kinds = bytearray()

    def __len__(self) -> int:
        return len(self.kinds)


class Event(NamedTuple):
    """A dispatched server-sent event (WHATWG HTML 9.2.6), or one NDJSON object."""

    type: str
    data: str
    id: str = ""  # the last event ID string when it was dispatched
    retry: int | None = None  # ms; the last valid one of its block
    first_line: int = 0
    last_line: int = 0  # the line that completed it


class Comment(NamedTuple):
    """A comment line, which the standard discards."""

    text: str  # all after the colon, nothing stripped
    line: int
    event: int  # number of the event that comes after it


class Framer(Protocol):
    """Cuts a decoded body into lines and events.  No socket, no clock, never raises."""

    lines: Lines
    comments: list[Comment]

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes, oldest first; note its lines."""
        ...

    def close(self) -> None:
        """Note an unfinished last line as a ``tail``.  It completes no event."""
        ...
