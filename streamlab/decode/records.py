"""What a framer finds in a body: lines as columns, events and comments as objects.

To add a framing, write a class that satisfies `Framer` in its own file and add it to
``FRAMERS`` in this room's ``__init__``.
"""

from array import array
from collections.abc import Callable
from typing import NamedTuple, Protocol

Body = bytes | bytearray | memoryview

# What a line is; `Lines.kinds` holds indexes in this tuple.  `other` is a line that the
# standard ignores.  `tail` is a line without a line end: the body stopped within it.  `text`
# is a line of a stream of plain text.
KINDS = ("data", "event", "id", "retry", "comment", "blank", "other", "json", "tail", "text")
DATA, EVENT, ID, RETRY, COMMENT, BLANK, OTHER, JSON, TAIL, TEXT = range(len(KINDS))


class Lines:
    """The lines of a body, as columns.  Each line begins where the line before ended."""

    # Columns cost 9 bytes a line.  The text of a line is not kept: it is in the body.

    __slots__ = ("_bounds", "ends", "kinds")

    def __init__(self) -> None:
        # The offset in the decoded body after each line and its end (LF, CR, CRLF).  If an LF
        # comes later than its CR, the offset grows by one then.
        self.ends: array[int] = array("q")
        self.kinds = bytearray()  # indexes in `KINDS`

    def __len__(self) -> int:
        return len(self.kinds)

    def bounds(self) -> memoryview:
        """Return 0 and all ends; from then on, no line can be added."""
        if isinstance(self.ends, array):
            self.ends.insert(0, 0)  # in place, because a second array is as long as the first
            self._bounds = memoryview(self.ends).toreadonly()
            self.ends = self._bounds[1:]  # type: ignore[assignment]  # it is only read now
        return self._bounds


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
    event: int  # the number of the next event


class Framer(Protocol):
    """Cuts a decoded body into lines and events.  No socket, no clock, never raises."""

    lines: Lines
    comments: list[Comment]

    def __init__(self, body: Callable[[], Body] | None = None) -> None: ...
    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes, oldest first; record its lines."""
        ...

    def close(self) -> list[Event]:
        """Return the event in an unfinished last line that is whole; else it is a ``tail``."""
        ...
