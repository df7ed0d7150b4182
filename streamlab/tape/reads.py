"""What arrived, and when: the only facts that this package stores.

A *read* is one return of the socket's read that carried body bytes, stamped as it
returned.  Lines, events, deltas, metrics and plots are computed from reads and never saved.

A `Recorder` grows while a stream runs; `Recorder.finish` makes a `Tape`, which never changes.
Both keep columns and one run of bytes, 46 bytes a read besides the data.

Rule 1: this module does not know what the bytes mean.
Rule 2: this module reads no clock that it was not given.
Rule 3: `Columns.ends` is written last, and a read counts only once its end is there.
Rule 4: while a recorder grows, other code copies from it (``body[a:b]``, ``ends[a:b]``).
"""

# Rule 3 replaces a lock.  CPython runs each `append` of an array or a bytearray as one
# step, so another thread sees the columns between two steps, never within one.  Because
# `ends` grows last, a reader that counts rows by `ends` finds complete rows only.
#
# Rule 4: an array or a bytearray that exports its buffer (a memoryview, a NumPy array)
# refuses to grow.  The next `append` would raise BufferError, in the hot path.

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import index
from typing import Literal, NamedTuple

from streamlab.tape.clock import Clock, monotonic_ns

UNKNOWN = -1  # the value in an integer column where nothing was observed
Tier = Literal["kernel", "user", "iterator"]

# Where a stamp was taken.  The `tier` column holds the index in this tuple.
TIERS: tuple[Tier, ...] = ("kernel", "user", "iterator")

Arrival = Literal[
    "single",  # one segment: its stamp is exact
    "burst",  # several segments that came together, while the reader waited
    "merged",  # several that queued while the reader was away: an interval, not a moment
]

# How the bytes of a read arrived.  The `arrival` column holds the index in this tuple.
ARRIVALS: tuple[Arrival, ...] = ("single", "burst", "merged")

_CODES = {tier: code for code, tier in enumerate(TIERS)}
_ARRIVAL_CODES: dict[str | None, int] = {name: code for code, name in enumerate(ARRIVALS)}

How = Literal[
    "eof",  # the whole body arrived
    "closed",  # the consumer left before the end
    "limit",  # max_bytes was reached
    "left_open",  # the API's last word came, and then no end of the body
    "timeout",
    "reset",  # the server closed the connection too early, or violated HTTP
    "connect",  # no connection was made: refused, unknown host, TLS
    "error",  # any other failure of the connection
    "cancelled",  # the task was cancelled
    "interrupted",  # Ctrl-C
    "cut",  # the journal has no end, because its process was killed
]


class Stamp(NamedTuple):
    """When one return of the socket's read happened.  All in ns, monotonic."""

    arrived_ns: int  # the kernel received it (kernel tier); else equal to `seen_ns`
    seen_ns: int  # Python's read returned
    tier: Tier = "user"
    n_segments: int = UNKNOWN  # TCP segments in this read
    lo_ns: int = UNKNOWN  # the first byte arrived no earlier than this
    arrival: Arrival | None = None  # None: it is not known


class Read(NamedTuple):
    """One row of a tape, as an object; for loops over few rows."""

    data: bytes
    stamp: Stamp
    delivered_ns: int  # the consumer got the first piece of it
    server_sent_ns: int  # the lab wrote its last byte


@dataclass(frozen=True, slots=True)
class End:
    """How a stream ended.  A stream that breaks off is data, not an exception."""

    t_ns: int
    how: How
    detail: str = ""


class Sends(NamedTuple):
    """The lab's log of one stream: one value a write in each column."""

    ends: array[int]  # offset in the encoded body after the write
    sent_ns: array[int]  # right before the `send` that took its last byte
    due_ns: array[int]


@dataclass(slots=True)
class Columns:
    """The columns of the reads: one entry a read in each."""

    ends: array[int] = field(default_factory=lambda: array("q"))  # offset after the read
    arrived_ns: array[int] = field(default_factory=lambda: array("q"))
    seen_ns: array[int] = field(default_factory=lambda: array("q"))
    delivered_ns: array[int] = field(default_factory=lambda: array("q"))
    lo_ns: array[int] = field(default_factory=lambda: array("q"))
    n_segments: array[int] = field(default_factory=lambda: array("i"))
    arrival: array[int] = field(default_factory=lambda: array("b"))  # index in ARRIVALS
    tier: bytearray = field(default_factory=bytearray)  # index in TIERS

    def append(self, end: int, stamp: Stamp) -> None:
        """Add one read whose last byte is the one before offset `end`."""
        self.announce(stamp)
        self.ends.append(end)

    def announce(self, stamp: Stamp) -> None:
        """Add all of a read but its end.  The read counts once `ends` has grown."""
        arrived_ns, seen_ns, tier, n_segments, lo_ns, arrival = stamp
        self.arrived_ns.append(arrived_ns)
        self.seen_ns.append(seen_ns)
        self.delivered_ns.append(UNKNOWN)
        self.lo_ns.append(lo_ns)
        self.n_segments.append(n_segments)
        self.arrival.append(_ARRIVAL_CODES.get(arrival, UNKNOWN))
        self.tier.append(_CODES[tier])

    def mend(self, n_bytes: int) -> None:
        """Complete or drop the last read, after an interrupt left its row unfinished.

        `n_bytes` is the size of the body.
        """
        # A Ctrl-C can be raised between any two bytecodes of `Recorder.append` or `extend`.
        # Bytes that are already in the body arrived and must stay.  They are a new read if
        # `tier`, the last column that `announce` fills, has one row more than `ends`;
        # else they are further bytes of the read before.
        if n_bytes > self.start(len(self.ends)):
            if len(self.tier) > len(self.ends):
                self.ends.append(n_bytes)
            else:
                self.ends[-1] = n_bytes
        for column in fields(self):
            del getattr(self, column.name)[len(self.ends) :]

    def start(self, row: int) -> int:
        """Return the offset of the first byte of a read."""
        return self.ends[row - 1] if row else 0

    def stamp(self, row: int) -> Stamp:
        """Return the stamps of a read."""
        arrival = self.arrival[row]
        return Stamp(
            self.arrived_ns[row],
            self.seen_ns[row],
            TIERS[self.tier[row]],
            self.n_segments[row],
            self.lo_ns[row],
            None if arrival == UNKNOWN else ARRIVALS[arrival],
        )


# A body, ends of reads in it, and the metadata: all of one moment.
Final = tuple[bytes | bytearray | memoryview, "array[int]", Mapping[str, object]]


class Recorder:
    """A tape that still grows: one thread writes, any number of threads read.

    The hot path only appends and calls no other code.  A journal, a live view or a decoder
    asks for news when it wants to, from any thread.

    `clock` is for `end` and `deliver` only; each read comes with its own stamps.  `append` and
    `extend` drop what exceeds `max_bytes`; see `full`.
    """

    def __init__(self, clock: Clock = monotonic_ns, max_bytes: int | None = None) -> None:
        self.clock = clock
        self.max_bytes = max_bytes
        self.meta: dict[str, object] = {}  # request and response, in JSON values
        self.marks: dict[str, int] = {}  # phases of the request, ns; ``request_sent`` is t0
        self.columns = Columns()
        self.body = bytearray()
        self.chunk_ends: array[int] = array("q")  # see `Tape`
        self.ended: End | None = None
        self.settled: int | None = None  # so many bytes of the body are final; None for all

    def __len__(self) -> int:
        return len(self.columns.ends)

    @property
    def full(self) -> bool:
        """True if `max_bytes` is reached."""
        return self.max_bytes is not None and len(self.body) >= self.max_bytes

    def append(self, data: bytes, stamp: Stamp) -> None:
        """Add one read; its bytes are in the body before its row counts."""
        if self.max_bytes is not None:
            data = data[: self.max_bytes - len(self.body)]
        if data and self.ended is None:
            columns, body = self.columns, self.body
            try:
                columns.announce(stamp)
                body += data
                columns.ends.append(len(body))
            except BaseException:
                columns.mend(len(body))
                raise

    def extend(self, data: bytes) -> None:
        """Add more bytes to the last read: an HTTP library returns a read in pieces."""
        if self.max_bytes is not None:
            data = data[: self.max_bytes - len(self.body)]
        if data and self.ended is None:
            columns, body = self.columns, self.body
            last = columns.ends[-1]  # raises without a read, before the body grows
            try:
                body += data
                columns.ends[-1] = last + len(data)
            except BaseException:
                columns.mend(len(body))
                raise

    def final(self, first: int) -> Final:
        """Return the body, and the ends of the reads from `first` on, as far as it is final."""
        while True:
            news = self.body, self.columns.ends, self.settled, self.meta
            if news[0] is self.body:  # else another thread called `become` in between
                break
        body, ends, settled, meta = news
        ends = ends[first:]
        if settled is not None and ends and ends[-1] > settled:
            # Of the read that `settled` cuts, the beginning is final.
            ends = array("q", [*ends[: bisect_left(ends, settled)], settled])
        return body, ends, meta

    def overwrite(self, at: int, data: bytes) -> None:
        """Replace bytes that are not final by as many others."""
        # A slice of the same size: a memoryview of the body forbids to resize it.
        end = max(min(at + len(data), len(self.body)), at)
        self.body[at:end] = data[: end - at]

    def settle(self, at: int | None) -> None:
        """Note that the bytes before `at` are final; None for all."""
        self.settled = at

    def become(self, body: bytearray, ends: array[int], meta: Mapping[str, object]) -> None:
        """Store another body, with the end of each read in it; reads without bytes go."""
        columns, begin = Columns(), 0
        for row, end in enumerate(ends):
            if end > begin:
                columns.append(end, self.columns.stamp(row))
                columns.delivered_ns[-1] = self.columns.delivered_ns[row]
            begin = end
        # In one step, because threads may read: `dict.update` runs no other bytecode.
        # The ends of chunks are offsets in the body as it was sent.
        news = {"body": body, "columns": columns, "meta": meta, "settled": 0}
        vars(self).update(news, chunk_ends=array("q"))

    def deliver(self) -> None:
        """Note that the consumer gets the first piece of the last read now."""
        delivered_ns = self.columns.delivered_ns
        if delivered_ns and delivered_ns[-1] == UNKNOWN:
            delivered_ns[-1] = self.clock()

    def mark(self, name: str, t_ns: int) -> None:
        """Note when a phase of the request began or ended."""
        self.marks[name] = t_ns

    def end(self, how: How, detail: str = "", t_ns: int | None = None) -> None:
        """Note how the stream ended, and when, by default now; the first end counts."""
        if self.ended is None:
            self.ended = End(self.clock() if t_ns is None else t_ns, how, detail)

    def finish(self) -> Tape:
        """Return the finished tape, without a copy of the bytes.

        A recorder without an end ends as ``"closed"``.
        """
        self.end("closed")
        assert self.ended is not None
        body = memoryview(self.body).toreadonly()
        marks, meta, chunk_ends = dict(self.marks), dict(self.meta), self.chunk_ends or None
        return Tape(body, self.columns, self.ended, marks, meta, chunk_ends=chunk_ends)


@dataclass(frozen=True, eq=False)
class Tape:
    """The reads of one stream, finished.

    Attributes
    ----------
    body : bytes or read-only memoryview
        The encoded body as it was sent; ``columns.ends`` cuts it into reads.
    columns : Columns
    end : End
    marks : mapping of str to int
        The phases of the request, in ns.
    meta : mapping
        Request and response, in JSON values; never a key.
    server_sent_ns : array of int, optional
        When the lab wrote the last byte of each read; one entry a read.
    chunk_ends : array of int, optional
        Offsets in `body` where the chunks of HTTP/1.1 end (RFC 9112, 7.1); one entry a chunk.
        The last can lie behind a body that was cut off.  None where chunks were not seen.
    sends : Sends, optional
        Every write of the lab.
    """

    body: bytes | memoryview
    columns: Columns
    end: End
    marks: Mapping[str, int] = field(default_factory=dict)
    meta: Mapping[str, object] = field(default_factory=dict)
    server_sent_ns: array[int] | None = None
    chunk_ends: array[int] | None = None
    sends: Sends | None = None

    def __len__(self) -> int:
        return len(self.columns.ends)

    def __iter__(self) -> Iterator[Read]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, row: int) -> Read:
        row = index(row)
        if not -len(self) <= row < len(self):
            raise IndexError(f"read {row} of a tape of {len(self)} reads")
        row %= len(self)
        data = bytes(self.body[self.columns.start(row) : self.columns.ends[row]])
        sent = UNKNOWN if self.server_sent_ns is None else self.server_sent_ns[row]
        return Read(data, self.columns.stamp(row), self.columns.delivered_ns[row], sent)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tape):
            return NotImplemented
        return self._facts() == other._facts()

    __hash__ = None  # type: ignore[assignment]  # Tapes are compared by value

    def __getstate__(self) -> dict[str, object]:
        """Return what a copy and a pickle hold; a memoryview cannot be copied."""
        return {**vars(self), "body": bytes(self.body)}

    def _facts(self) -> tuple[object, ...]:
        sent = self.server_sent_ns
        known = None if sent is None or all(t_ns == UNKNOWN for t_ns in sent) else sent
        about = (self.end, dict(self.marks), dict(self.meta))
        return self.columns, self.body, self.chunk_ends, self.sends, known, about

    def final(self, first: int) -> Final:
        """Return the body, and the ends of the reads from `first` on; see `Recorder`."""
        ends = self.columns.ends
        return self.body, ends[first:] if first else ends, self.meta  # no copy of all

    @property
    def ended(self) -> End:
        """The same as `end`: a `Recorder` has `ended` too."""
        return self.end

    @property
    def t0_ns(self) -> int:
        """The moment when the first byte of the request was written, in ns.

        A tape without that mark uses the call, else its first read, else its end.
        """
        for name in ("request_sent", "called"):
            if name in self.marks:
                return self.marks[name]
        return self.columns.arrived_ns[0] if len(self) else self.end.t_ns


def tape_of(
    reads: list[Read] | tuple[Read, ...],
    end: End,
    marks: Mapping[str, int] | None = None,
    meta: Mapping[str, object] | None = None,
) -> Tape:
    """Return a tape made of rows: for imports and tests."""
    columns, body = Columns(), bytearray()
    for row, read in enumerate(reads):
        body += read.data
        columns.append(len(body), read.stamp)
        columns.delivered_ns[row] = read.delivered_ns
    sent = array("q", [read.server_sent_ns for read in reads])
    known = sent if any(t != UNKNOWN for t in sent) else None
    return Tape(bytes(body), columns, end, dict(marks or {}), dict(meta or {}), known)
