"""From reads to meaning: the one place where the tape meets the decoders.

A `Follower` asks a log (a growing `Recorder` or a finished `Tape`) for the reads
it has not had yet, and turns them into lines, events and deltas.  Live and
afterwards are the same code: a live view polls, a recording polls once.

The time of a line, an event or a delta is that of the read that brought the
byte that completed it; so a follower keeps, for each read, how many there were
after it, and nothing else about time.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from streamlab.decode import FRAMERS, Comment, Event, Framer, Lines, framing_of
from streamlab.decode.content import ContentDecoder, content_decoder
from streamlab.dialects import (
    Delta,
    Reader,
    choose,
    dialect_named,
    framing_at,
    recognise,
)
from streamlab.tape import Columns

MOST_HELD = 10
"""So many events of unknown shape are held, for a later one may tell the dialect."""


class Log(Protocol):
    """What a `Recorder` and a `Tape` have in common."""

    @property
    def body(self) -> bytes | bytearray | memoryview: ...  # noqa: D102
    @property
    def columns(self) -> Columns: ...  # noqa: D102
    @property
    def meta(self) -> Mapping[str, Any]: ...  # noqa: D102


class News(NamedTuple):
    """What one poll found: the numbers of what is new."""

    reads: range
    lines: range
    events: range


class Follower:
    """Lines, events and deltas of a log, as far as it has grown.

    `poll` frames: bytes to lines and events.  `interpret` reads: events to deltas.
    They are two steps because most of the time goes into the second, and a table of
    lines needs only the first.

    Parameters
    ----------
    log : Recorder or Tape
        Asked for news, never told anything.
    dialect : str
        ``"auto"`` goes by the first event whose shape is known, of the first ten; then by
        the URL and the framing.  Events are held until it is decided.

    Attributes
    ----------
    lines : Lines
        Columns; offsets are in `body`.
    events : list of Event
    comments : list of Comment
    deltas : list of Delta
    delta_events : array of int
        The number of the event each delta came with; for a comment, of the next one.
    delta_lines : array of int
        The number of the line that completed each delta.
    lines_after, events_after : array of int, one a read
        How many there were once the read had been decoded.
    dialect : str
        The one in use; ``"auto"`` until it is decided.
    reader : Reader or None
        The dialect's, with its terminator and its verdict; None while no event was read.
    """

    def __init__(self, log: Log, dialect: str = "auto") -> None:
        if dialect != "auto":
            dialect_named(dialect)  # an unknown name fails here, not in mid-stream
        self.dialect = dialect
        self.lines = Lines()
        self.events: list[Event] = []
        self.comments: list[Comment] = []
        self.deltas: list[Delta] = []
        self.delta_events: array[int] = array("q")
        self.delta_lines: array[int] = array("q")
        self.lines_after: array[int] = array("q")
        self.events_after: array[int] = array("q")
        self.reader: Reader | None = None
        self._log = log
        self._fed = 0  # bytes of the encoded body
        self._plain: bytearray | None = None  # the decoded body, where it differs
        self._content: ContentDecoder | None = None
        self._framer: Framer | None = None
        self._framing = ""  # the framer's name
        self._closed = False
        self._told_events = 0
        self._told_comments = 0

    @property
    def body(self) -> bytes | bytearray | memoryview:
        """The decoded body."""
        return self._log.body if self._plain is None else self._plain

    def poll(self) -> News:
        """Frame what the log has gained; return the numbers of what is new."""
        before = self._counts()
        ends = self._log.columns.ends
        for row in range(max(len(self.lines_after) - 1, 0), len(ends)):
            end = ends[row]
            if end > self._fed:
                self._feed(bytes(self._log.body[self._fed : end]))
                self._fed = end
            self._note(row)
        return News(*map(range, before, self._counts()))

    def close(self) -> News:
        """Frame the rest of a log that has ended, with what decoders held back."""
        before = self._counts()
        self.poll()
        self._closed = True
        if self._content is not None:
            self._frame(self._content.flush())
        if self._framer is not None:
            self._framer.close()
            self._note(len(self.lines_after) - 1)
        return News(*map(range, before, self._counts()))

    def interpret(self) -> range:
        """Read the events framed so far; return the numbers of the new deltas.

        There are none while the dialect is open: the one who reads them may then be
        another.  A log that was closed has none that is open.
        """
        start = len(self.deltas)
        reader = self._decided()
        if reader is not None:
            for number in range(self._told_events, len(self.events)):
                event = self.events[number]
                self._tell_comments(before=number)
                self._add(reader.feed(event.type, event.data), number, event.last_line)
            self._told_events = len(self.events)
        self._tell_comments(before=self._told_events)
        return range(start, len(self.deltas))

    def _counts(self) -> tuple[int, int, int]:
        return len(self.lines_after), len(self.lines), len(self.events)

    def _feed(self, data: bytes) -> None:
        """Take in more of the body; only the response's head tells how it is encoded."""
        if self._content is None:
            encoding = self._log.meta.get("content_encoding") or "identity"
            self._content = content_decoder(encoding)
            if encoding != "identity":
                self._plain = bytearray()
        self._frame(self._content.feed(data))

    def _frame(self, plain: bytes) -> None:
        if not plain:
            return
        if self._plain is not None:
            self._plain += plain
        if self._framer is None:
            self._framing = self._framing_from(plain)
            self._framer = FRAMERS[self._framing]()
            self.lines, self.comments = self._framer.lines, self._framer.comments
        self.events += self._framer.feed(plain)

    def _framing_from(self, start: bytes) -> str:
        if self.dialect != "auto":
            return dialect_named(self.dialect).framing
        content_type = self._log.meta.get("content_type") or ""
        return framing_of(content_type, start, framing_at(self._path))

    @property
    def _path(self) -> str:
        return urlsplit(str(self._log.meta.get("url") or "")).path

    def _decided(self) -> Reader | None:
        """Return the reader, if there is an event to read and the dialect is known."""
        if self.reader is None and self.events:
            if self.dialect == "auto":
                self.dialect = self._found_out()
            if self.dialect != "auto":
                self.reader = dialect_named(self.dialect).reader()
        return self.reader

    def _found_out(self) -> str:
        """Return the dialect of the first event that has a known shape; else hold them."""
        first = self.events[:MOST_HELD]
        for event in first:
            if name := recognise(event.type, event.data):
                return name
        if len(first) < MOST_HELD and not self._closed:
            return "auto"
        return choose(self._path, self._framing, first[0].type, first[0].data)

    def _tell_comments(self, before: int) -> None:
        """Add the comments that stand before an event, as deltas of their own."""
        while self._told_comments < len(self.comments):
            comment = self.comments[self._told_comments]
            if comment.event > before:
                break
            self._add([Delta("comment", comment.text)], comment.event, comment.line)
            self._told_comments += 1

    def _add(self, deltas: list[Delta], event: int, line: int) -> None:
        self.deltas += deltas
        for _ in deltas:
            self.delta_events.append(event)
            self.delta_lines.append(line)

    def _note(self, row: int) -> None:
        """Say that everything found so far had arrived with this read."""
        for after, count in (
            (self.lines_after, len(self.lines)),
            (self.events_after, len(self.events)),
        ):
            if len(after) > row:
                after[row] = count
            else:
                after.append(count)
