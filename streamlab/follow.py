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

from streamlab.decode import Comment, Event, Framer, Lines, framer_for
from streamlab.decode.content import ContentDecoder, content_decoder
from streamlab.dialects import Delta, Reader, choose, dialect_named
from streamlab.tape import Columns


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
        ``"auto"`` decides from the URL, the content type and the first event.

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
        The one in use; ``"auto"`` until the first event decides it.
    reader : Reader or None
        The dialect's, with its terminator and its verdict; None before the first event.
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
        if self._content is not None and self._framer is not None:
            self._feed(self._content.flush(), flushed=True)
            self._framer.close()
            self._note(len(self.lines_after) - 1)
        return News(*map(range, before, self._counts()))

    def interpret(self) -> range:
        """Read the events framed so far; return the numbers of the new deltas."""
        start = len(self.deltas)
        for number in range(self._told_events, len(self.events)):
            event = self.events[number]
            self._tell_comments(before=number)
            self._add(self._reader(event).feed(event.type, event.data), number, event.last_line)
        self._told_events = len(self.events)
        self._tell_comments(before=len(self.events))
        return range(start, len(self.deltas))

    def _counts(self) -> tuple[int, int, int]:
        return len(self.lines_after), len(self.lines), len(self.events)

    def _feed(self, data: bytes, flushed: bool = False) -> None:
        content, framer = self._decoders()
        plain = data if flushed else content.feed(data)
        if self._plain is not None:
            self._plain += plain
        self.events += framer.feed(plain)

    def _decoders(self) -> tuple[ContentDecoder, Framer]:
        """Choose the decoders at the first byte: only the response's head can tell."""
        if self._content is None or self._framer is None:
            meta = self._log.meta
            encoding = meta.get("content_encoding") or "identity"
            self._content = content_decoder(encoding)
            if encoding != "identity":
                self._plain = bytearray()
            framing = None if self.dialect == "auto" else dialect_named(self.dialect).framing
            self._framer = framer_for(meta.get("content_type") or "", framing)
            self.lines, self.comments = self._framer.lines, self._framer.comments
        return self._content, self._framer

    def _reader(self, event: Event) -> Reader:
        if self.reader is None:
            if self.dialect == "auto":
                meta = self._log.meta
                path = urlsplit(str(meta.get("url") or "")).path
                content_type = meta.get("content_type") or ""
                self.dialect = choose(path, content_type, event.type, event.data)
            self.reader = dialect_named(self.dialect).reader()
        return self.reader

    def _tell_comments(self, before: int) -> None:
        """Add the comments that stand before an event, as deltas of their own."""
        for comment in self.comments[self._told_comments :]:
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
