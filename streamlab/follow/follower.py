"""From reads to meaning: the one place where the tape meets the decoders.

A `Follower` asks a log (a growing `Recorder` or a finished `Tape`) for its new reads, and
turns them into lines, events and deltas.  Live and afterwards are the same code: a live
view polls many times, a recording polls once.

The time of a line, an event or a delta is that of the read that brought the byte that completed
it.  So a follower keeps the number of lines after each read, and no times.
"""

# Two steps, because the second takes most of the time: `poll` and `close` frame (bytes
# to lines and events), `interpret` reads (events to deltas).  A table of lines needs only
# the first, and `dialect="auto"` can hold events back until it knows how to read them,
# while their lines and their times are already there.

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from urllib.parse import urlsplit
from weakref import proxy

from streamlab.decode import FRAMERS, Body, Comment, Event, Framer, Lines, framing_of
from streamlab.decode.content import MAX_DECODED_BYTES, Decoded, content_decoder
from streamlab.dialects import choose, dialect_named, framing_at, recognise
from streamlab.dialects.custom import FUNCTION, CustomReader, Reading
from streamlab.dialects.deltas import Delta
from streamlab.dialects.reader import Reader
from streamlab.follow.kept import Deltas, Events
from streamlab.follow.text import line_of
from streamlab.tape import End, Recorder, Tape

Log = Recorder | Tape  # what a follower reads: a tape that still grows, or a finished one
_AT_ONCE = 1 << 16  # bytes
_EVENTS_AT_ONCE = 1 << 10
# At most so many events of unknown shape are held: a later one may show the dialect.
MOST_HELD = 10


class Follower:
    """Lines, events and deltas of a log, as far as it has grown.

    With the dialect ``"auto"``, the first event with a known shape decides, of the first ten;
    else the URL and the framing.  Events are held until the dialect is known.  It is
    ``"custom"`` where a reader of the user's own reads: a function in its place, or paths in
    the metadata.
    """

    def __init__(self, log: Log, dialect: Reading = "auto") -> None:
        self._call = dialect if callable(dialect) else None
        if callable(dialect):
            dialect = str(log.meta.get("dialect") or "auto")
        if dialect != "auto":
            dialect_named(dialect)  # so that an unknown name fails here, and not in mid-stream
        self.log = log
        self.dialect = dialect  # "auto" until it is known
        self.lines = Lines()  # offsets are in `body`
        self.events = Events()
        self.comments: list[Comment] = []
        self.deltas = Deltas()
        # One number a delta: of its event (of a comment, the next one), and of the line that
        # completed it.  Numbers of lines have 32 bits: four billion lines fit in no memory.
        self.delta_events: array[int] = array("q")
        self.delta_lines: array[int] = array("I")
        # One number a read: how many lines there were once it had been decoded.
        self.lines_after: array[int] = array("I")
        self.reader: Reader | None = None  # None until the first event is read
        self._fed = 0  # bytes of the encoded body
        self._plain: bytearray | None = None  # the decoded body, where it differs
        self._content: Decoded | None = None
        self._framer: Framer | None = None
        self.framing = ""  # one of `FRAMERS`; "" before the first byte
        self._closed = False
        self._told_events = self._told_comments = 0

    @property
    def body(self) -> Body:
        """The decoded body."""
        return self.log.body if self._plain is None else self._plain

    @property
    def undecoded(self) -> str | None:
        """Why the body, or a part of it, is not decoded, in one sentence; None if all is."""
        return None if self._content is None else self._content.error

    def line(self, number: int, limit: int | None = None) -> str:
        """Return a line as text, without its end; with `limit`, only its first bytes."""
        ends = self.lines.ends
        begin = ends[number - 1] if number else 0
        end = ends[number] if limit is None else min(ends[number], begin + limit)
        return line_of(bytes(self.body[begin:end]))

    def read_of_line(self, number: int) -> int:
        """Return the number of the read that completed a line."""
        # `lines_after` never decreases, and read r brought the lines from lines_after[r-1]
        # up to lines_after[r], without the last.  So the read is the first whose count is
        # greater than the line's number; `bisect_right` also skips reads without a line.
        return bisect_right(self.lines_after, number)

    def deltas_of(self, event: int, limit: int = 1 << 62) -> list[Delta]:
        """Return the deltas of an event, not the comments before it; see `Deltas.item`."""
        first = bisect_left(self.delta_events, event)
        rows = range(first, bisect_right(self.delta_events, event))
        found = (self.deltas.item(row, limit) for row in rows)
        return [delta for delta in found if delta.kind != "comment"]

    @property
    def end(self) -> End | None:
        """How the stream ended; None before `close`."""
        return self.log.ended if self._closed else None

    def poll(self, interpret: bool = False) -> None:
        """Frame the new reads of the log, as far as they are final; interpret them at once."""
        first = max(len(self.lines_after) - 1, 0)
        body, ends, meta = self.log.final(first)
        encoding = str(meta.get("content_encoding") or "identity")
        if self._plain is not None and encoding == "identity":
            self._go_on_decoded()
            return self.poll(interpret)
        if self._content is None:  # made late: the encoding is in the response's head
            limit = meta.get("max_decoded_bytes")
            limit = limit if isinstance(limit, int) else MAX_DECODED_BYTES
            self._content = content_decoder(encoding, limit)
            self._plain = None if encoding == "identity" else bytearray()
        row = 0
        if ends and ends[0] <= self._fed:  # the last read of the poll before
            self._note(first, len(self.lines))
            row = 1
        while row < len(ends):
            # Many reads at once are framed faster.  Which of them brought a line is seen by the
            # ends of the lines; but after a CR, an LF of a later read moves such an end.
            stop = max(bisect_right(ends, self._fed + _AT_ONCE), row + 1)
            data = bytes(body[self._fed : ends[stop - 1]])
            if stop > row + 1 and (self._plain is not None or b"\r" in data):
                stop = row + 1
                data = data[: max(ends[row] - self._fed, 0)]
            for plain in filter(None, self._content.pieces(data)):
                self._frame(plain)
            self._fed += len(data)
            self._note(first + row, *self._until(ends[row : stop - 1]), len(self.lines))
            row = stop
            if interpret:
                self.interpret()
        return None

    def _go_on_decoded(self) -> None:
        # A log is stored decoded from the moment on in which a secret is masked in it.
        # What was decoded so far is the beginning of the new body, whose reads are fewer.
        assert self._plain is not None
        self._fed, self._plain, self._content = len(self._plain), None, None
        ends = (end for end in self.log.final(0)[1] if end <= self._fed)
        self.lines_after = array("I", self._until(ends))

    def close(self) -> None:
        """Frame the rest of a log that has ended, and the bytes that decoders held back."""
        if self._closed:
            return
        self.poll()
        self._closed = True
        # A body that was left or broke off is cut there; only at its end can bytes be missing.
        if self._content is not None and self.log.ended and self.log.ended.how == "eof":
            self._content.close()
        if self._framer is not None:
            self.events.extend(self._framer.close(), self.body, self.lines)
            self._note(len(self.lines_after) - 1, len(self.lines))

    def interpret(self) -> range:
        """Read the events framed so far; return the numbers of the new deltas.

        While the dialect is not known, there are none.  After `close` the dialect is always
        known.
        """
        start = len(self.deltas)
        reader = self._decided()
        if reader is not None:
            events = self.events.since(self._told_events)
            while self._told_events < len(self.events):
                self._read(reader, islice(events, _EVENTS_AT_ONCE))
            if self._closed:
                self._add(reader.close(), len(self.events) - 1, self.events.last_line[-1])
        self._tell_comments(before=self._told_events)
        return range(start, len(self.deltas))

    def _frame(self, plain: bytes) -> None:
        if self._plain is not None:
            self._plain += plain
        if self._framer is None:
            self.framing = self._framing_from(plain)
            me = proxy(self)  # not a circle, which would keep the body until it is collected
            self._framer = FRAMERS[self.framing](lambda: me.body)
            self.lines, self.comments = self._framer.lines, self._framer.comments
        self.events.extend(self._framer.feed(plain), self.body, self.lines)

    def _framing_from(self, start: bytes) -> str:
        if self.dialect != "auto":
            return dialect_named(self.dialect).framing
        content_type = str(self.log.meta.get("content_type") or "")
        return framing_of(content_type, start, framing_at(url_path(self.log)))

    def _decided(self) -> Reader | None:
        if self.reader is None and self.events:
            self.reader = self._new_reader()
            if self.reader is not None and self.log.meta.get("think_tags"):
                self.reader.split_think_tags()
        return self.reader

    def _new_reader(self) -> Reader | None:
        paths = self.log.meta.get("reader")
        named = paths if isinstance(paths, Mapping) and FUNCTION not in paths else None
        if custom := self._call or named:
            self.dialect = "custom"
            return CustomReader(custom)
        if self.dialect == "auto":
            self.dialect = self._found_out()
        return None if self.dialect == "auto" else dialect_named(self.dialect).reader()

    def _found_out(self) -> str:
        """Return the dialect of the first event that has a known shape; "auto" to wait."""
        first = self.events[:MOST_HELD]
        for event in first:
            if name := recognise(event.type, event.data):
                return name
        if len(first) < MOST_HELD and not self._closed:
            return "auto"
        return choose(url_path(self.log), self.framing, first[0].type, first[0].data)

    def _read(self, reader: Reader, events: Iterator[Event]) -> None:
        found: list[Delta] = []
        number = self._told_events
        for event in events:  # no `enumerate`, which would hold the event
            if self._told_comments < len(self.comments):
                self.deltas.extend(found)
                found.clear()
                self._tell_comments(before=number)
            new = reader.feed(event.type, event.data)
            while reader.pieces.thought:
                self.deltas.extend(found)
                found.clear()
                self.deltas.think(reader.pieces.thought.pop())
            found += new
            for _ in new:
                self.delta_events.append(number)
                self.delta_lines.append(event.last_line)
            number += 1
            if len(event.data) > _AT_ONCE:
                del event  # as long as the stream, perhaps: it is free before its text is kept
                self.deltas.extend(found)
                found.clear()
        self.deltas.extend(found)
        self._told_events = number

    def _tell_comments(self, before: int) -> None:
        while self._told_comments < len(self.comments):
            comment = self.comments[self._told_comments]
            if comment.event > before:
                break
            self._add([Delta("comment", comment.text)], comment.event, comment.line)
            self._told_comments += 1

    def _add(self, deltas: list[Delta], event: int, line: int) -> None:
        self.deltas.extend(deltas)
        for _ in deltas:
            self.delta_events.append(event)
            self.delta_lines.append(line)

    def _until(self, ends: Iterable[int]) -> Iterator[int]:
        found = 0
        for end in ends:
            found = bisect_right(self.lines.ends, end, found)
            yield found

    def _note(self, row: int, *n_lines: int) -> None:
        # The last row is noted again by the next poll and by `close`.  HTTP can deliver one
        # read in several pieces, and a recorder then extends its last row: the lines of the
        # later pieces arrived with the same read.
        del self.lines_after[row:]
        self.lines_after.extend(n_lines)


def url_path(log: Log) -> str:
    """Return the path of the URL of a request."""
    return urlsplit(str(log.meta.get("url") or "")).path
