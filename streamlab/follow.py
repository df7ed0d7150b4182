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

from streamlab.decode import Comment, Event, Lines, framer_for
from streamlab.decode.content import ContentDecoder, content_decoder
from streamlab.dialects import Delta, Reader, choose, dialect_named
from streamlab.tape import Columns, End


class Log(Protocol):
    """What a `Recorder` and a `Tape` have in common."""

    @property
    def body(self) -> bytes | bytearray | memoryview: ...  # noqa: D102
    @property
    def columns(self) -> Columns: ...  # noqa: D102
    @property
    def meta(self) -> Mapping[str, Any]: ...  # noqa: D102


class News(NamedTuple):
    """What one poll found: numbers of the first and after the last."""

    reads: range
    lines: range
    events: range
    deltas: range


class Follower:
    """Lines, events and deltas of a log, as far as it has grown.

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
    deltas : list of Delta
    delta_events : array of int
        The number of the event each delta came with; for a comment, of the next one.
    lines_after, events_after, deltas_after : array of int, one a read
        How many there were once the read had been decoded.
    body : bytes-like
        The decoded body.
    dialect : str
        The one in use; ``"auto"`` until the first event decided it.
    """

    def __init__(self, log: Log, dialect: str = "auto") -> None:
        if dialect != "auto":
            dialect_named(dialect)  # an unknown name fails here, not in mid-stream
        self.dialect = dialect
        self.lines = Lines()
        self.events: list[Event] = []
        self.deltas: list[Delta] = []
        self.delta_events: array[int] = array("q")
        self.lines_after: array[int] = array("q")
        self.events_after: array[int] = array("q")
        self.deltas_after: array[int] = array("q")
        self.comments: list[Comment] = []
        self.reader: Reader | None = None
        self._log = log
        self._fed = 0  # bytes of the encoded body
        self._plain: bytearray | None = None  # decoded body, if it differs from the encoded
        self._content: ContentDecoder | None = None

    @property
    def body(self) -> bytes | bytearray | memoryview:
        """The decoded body."""
        return self._log.body if self._plain is None else self._plain

    def poll(self) -> News:
        """Take in what the log has gained; return the numbers of what is new."""
        before = self._counts()
        ends = self._log.columns.ends
        row = max(len(self.lines_after) - 1, 0)
        while row < len(ends):
            if ends[row] > self._fed:
                self._take(row, bytes(self._log.body[self._fed : ends[row]]))
                self._fed = ends[row]
            row += 1
        return News(*map(range, before, self._counts()))

    def close(self) -> News:
        """Take in the rest of a log that has ended, with what decoders held back."""
        self.poll()
        before = self._counts()
        if self._content is not None:
            self._feed(self._content.flush())
            self._framer.close()
            self._note(len(self.lines_after) - 1)
        return News(*map(range, before, self._counts()))

    def _counts(self) -> tuple[int, int, int, int]:
        return len(self.lines_after), len(self.lines), len(self.events), len(self.deltas)

    def _take(self, row: int, data: bytes) -> None:
        if self._content is None:
            self._open()
        assert self._content is not None
        self._feed(self._content.feed(data))
        self._note(row)

    def _open(self) -> None:
        """Choose the decoders, which only the response's head can tell."""
        meta = self._log.meta
        encoding = meta.get("content_encoding") or "identity"
        self._content = content_decoder(encoding)
        if encoding != "identity":
            self._plain = bytearray()
        framing = "" if self.dialect == "auto" else dialect_named(self.dialect).framing
        self._framer = framer_for(framing, meta.get("content_type") or "")
        self.lines, self.comments = self._framer.lines, self._framer.comments

    def _feed(self, data: bytes) -> None:
        if self._plain is not None:
            self._plain += data
        n_comments = len(self.comments)
        for event in self._framer.feed(data):
            n_comments = self._tell_comments(n_comments, before=len(self.events))
            self._tell(event)
        self._tell_comments(n_comments, before=len(self.events))

    def _tell(self, event: Event) -> None:
        if self.reader is None:
            self.reader = self._reader(event)
        deltas = self.reader.feed(event.type, event.data)
        self.delta_events.extend([len(self.events)] * len(deltas))
        self.deltas += deltas
        self.events.append(event)

    def _tell_comments(self, start: int, before: int) -> int:
        for comment in self.comments[start:]:
            if comment.event > before:
                break
            self.deltas.append(Delta("comment", comment.text))
            self.delta_events.append(comment.event)
            start += 1
        return start

    def _reader(self, event: Event) -> Reader:
        meta = self._log.meta
        if self.dialect == "auto":
            path = urlsplit(str(meta.get("url", ""))).path
            self.dialect = choose(path, meta.get("content_type") or "", event.type, event.data)
        return dialect_named(self.dialect).reader()

    def _note(self, row: int) -> None:
        """Say that everything found so far had arrived with this read."""
        for after, things in (
            (self.lines_after, self.lines),
            (self.events_after, self.events),
            (self.deltas_after, self.deltas),
        ):
            while len(after) <= row:
                after.append(len(things))
            after[row] = len(things)
