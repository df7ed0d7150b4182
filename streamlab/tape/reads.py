"""What arrived, and when: the only facts this package stores.

A *read* is one return of the socket's read that carried body bytes, stamped
as it returned.  Lines, events, deltas, metrics and plots are computed from
reads, and are never saved.

A `Recorder` grows while a stream runs; a `Tape` is what it leaves, and never
changes.  Both keep columns and one run of bytes, not an object a read: that
costs 45 bytes a read beside the bytes.

Rule 1: nothing in here knows what the bytes mean.
Rule 2: nothing in here reads a clock that it was not given.
Rule 3: a read is there when its end is: `Columns.ends` is written last.  So another
thread, or an interrupt in the middle of `append`, never finds half a read.
Rule 4: while a recorder grows, others copy (``body[a:b]``, ``ends[a:b]``).  A
memoryview or a NumPy array over it would make the next `append` fail.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import index
from typing import Any, Literal, NamedTuple

from streamlab.tape.clock import Clock, monotonic_ns

UNKNOWN = -1
"""Stands in an integer column where nothing was observed."""

TIERS = ("kernel", "user", "iterator")
"""Where a stamp was taken; the code in the column is the index in here."""

_CODES = {tier: code for code, tier in enumerate(TIERS)}

Tier = Literal["kernel", "user", "iterator"]

How = Literal[
    "eof",  # the body came to its end
    "closed",  # the consumer left before the end
    "limit",  # max_bytes was reached
    "timeout",
    "reset",  # the other side broke the connection off, or broke HTTP
    "connect",  # there never was a connection: refused, unknown host, TLS
    "error",  # any other failure of the transport
    "cancelled",  # the task was cancelled
    "interrupted",  # Ctrl-C
    "cut",  # the journal ends without an end: its process was killed
]


class Stamp(NamedTuple):
    """When one return of the socket's read happened.  All in ns, monotonic."""

    arrived_ns: int  # the kernel had it (kernel tier), or the same as `seen_ns`
    seen_ns: int  # Python's read had returned
    tier: Tier = "user"
    n_segments: int = UNKNOWN  # TCP segments that this read covers
    lo_ns: int = UNKNOWN  # its first byte arrived no earlier than this


class Read(NamedTuple):
    """One row of a tape, as an object; for loops over few of them."""

    data: bytes
    stamp: Stamp
    delivered_ns: int  # the first piece of it was handed to the consumer
    server_sent_ns: int  # the lab wrote its last byte


@dataclass(frozen=True, slots=True)
class End:
    """How a stream ended.  Breaking off is an observation, not an exception."""

    t_ns: int
    how: How
    detail: str = ""


@dataclass(slots=True)
class Columns:
    """The columns of the reads, as long as there are reads."""

    ends: array[int] = field(default_factory=lambda: array("q"))  # offset after the read
    arrived_ns: array[int] = field(default_factory=lambda: array("q"))
    seen_ns: array[int] = field(default_factory=lambda: array("q"))
    delivered_ns: array[int] = field(default_factory=lambda: array("q"))
    lo_ns: array[int] = field(default_factory=lambda: array("q"))
    n_segments: array[int] = field(default_factory=lambda: array("i"))
    tier: bytearray = field(default_factory=bytearray)  # index in TIERS

    def append(self, end: int, stamp: Stamp) -> None:
        """Add one read whose last byte stands before offset `end`."""
        self.announce(stamp)
        self.ends.append(end)

    def announce(self, stamp: Stamp) -> None:
        """Add all of a read but its end, which makes it count."""
        arrived_ns, seen_ns, tier, n_segments, lo_ns = stamp
        self.arrived_ns.append(arrived_ns)
        self.seen_ns.append(seen_ns)
        self.delivered_ns.append(UNKNOWN)
        self.lo_ns.append(lo_ns)
        self.n_segments.append(n_segments)
        self.tier.append(_CODES[tier])

    def mend(self, n_bytes: int) -> None:
        """Complete or drop a read that an interrupt left without its end.

        It is complete if its bytes are in the body, which has `n_bytes`.
        """
        if n_bytes > self.start(len(self.ends)):
            if len(self.tier) > len(self.ends):
                self.ends.append(n_bytes)
            else:
                self.ends[-1] = n_bytes
        for column in (
            self.arrived_ns,
            self.seen_ns,
            self.delivered_ns,
            self.lo_ns,
            self.n_segments,
            self.tier,
        ):
            del column[len(self.ends) :]

    def start(self, row: int) -> int:
        """Return the offset of the first byte of a read."""
        return self.ends[row - 1] if row else 0

    def stamp(self, row: int) -> Stamp:
        """Return the stamps of a read."""
        return Stamp(
            self.arrived_ns[row],
            self.seen_ns[row],
            TIERS[self.tier[row]],  # type: ignore[arg-type]
            self.n_segments[row],
            self.lo_ns[row],
        )


class Recorder:
    """A tape that still grows: one writer, any number of readers that pull.

    The hot path only appends.  It calls nobody: a journal, a live view or a
    decoder asks for news when it likes, from any thread.

    Parameters
    ----------
    clock : callable, optional
        Used for `end` and `delivered` only; stamps of reads come with them.
    max_bytes : int, optional
        `append` refuses more than so many bytes; see `full`.

    Attributes
    ----------
    meta : dict
        What is known of the request and the response so far; JSON values only.
    marks : dict of str to int
        The phases of the request, ns; ``request_sent`` is t0.
    """

    def __init__(self, clock: Clock = monotonic_ns, max_bytes: int | None = None) -> None:
        self.clock = clock
        self.max_bytes = max_bytes
        self.meta: dict[str, Any] = {}
        self.marks: dict[str, int] = {}
        self.columns = Columns()
        self.body = bytearray()
        self.ended: End | None = None

    def __len__(self) -> int:
        return len(self.columns.ends)

    @property
    def full(self) -> bool:
        """Whether `max_bytes` is reached."""
        return self.max_bytes is not None and len(self.body) >= self.max_bytes

    def append(self, data: bytes, stamp: Stamp) -> None:
        """Add one read.  Its bytes are in the body before its row can be seen."""
        if self.max_bytes is not None:
            data = data[: self.max_bytes - len(self.body)]
        if data and self.ended is None:
            columns, body = self.columns, self.body
            try:
                columns.announce(stamp)
                body += data
                columns.ends.append(len(body))
            except BaseException:  # a Ctrl-C between two columns
                columns.mend(len(body))
                raise

    def extend(self, data: bytes) -> None:
        """Add more bytes of the read added last: HTTP hands a read over in pieces."""
        if self.max_bytes is not None:
            data = data[: self.max_bytes - len(self.body)]
        if data and self.ended is None:
            columns, body = self.columns, self.body
            last = columns.ends[-1]  # there must be one, before the body grows
            try:
                body += data
                columns.ends[-1] = last + len(data)
            except BaseException:
                columns.mend(len(body))
                raise

    def deliver(self) -> None:
        """Note that the consumer is being handed the first piece of the last read."""
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
        """Return the finished tape, without copying the bytes.

        A recorder that nobody ended is ended as ``"closed"``.
        """
        self.end("closed")
        assert self.ended is not None
        body = memoryview(self.body).toreadonly()
        return Tape(body, self.columns, self.ended, dict(self.marks), dict(self.meta))


@dataclass(frozen=True, eq=False)
class Tape:
    """The reads of one stream, finished.

    Attributes
    ----------
    body : bytes or read-only memoryview
        The encoded body as it was sent; the reads cut it at ``columns.ends``.
    columns : Columns
        The stamps, a column each.
    end : End
        How the stream ended.
    marks : mapping of str to int
        The phases of the request, in ns.
    meta : mapping
        Request and response, in JSON values; never a key.
    server_sent_ns : array of int, optional
        When the lab wrote the last byte of each read, as long as the reads.
    """

    body: bytes | memoryview
    columns: Columns
    end: End
    marks: Mapping[str, int] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    server_sent_ns: array[int] | None = None

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

    __hash__ = None  # type: ignore[assignment]  # compared by value, and large

    def _facts(self) -> tuple[object, ...]:
        sent = self.server_sent_ns
        known = None if sent is None or all(t_ns == UNKNOWN for t_ns in sent) else sent
        return self.columns, self.body, known, self.end, dict(self.marks), dict(self.meta)

    @property
    def ended(self) -> End:
        """The same as `end`: a `Recorder` has `ended` too."""
        return self.end

    @property
    def t0_ns(self) -> int:
        """The moment the request's first byte was written; times count from here.

        A tape without that mark counts from the call, then from its first read.
        """
        for name in ("request_sent", "called"):
            if name in self.marks:
                return self.marks[name]
        return self.columns.arrived_ns[0] if len(self) else self.end.t_ns


def tape_of(
    reads: list[Read] | tuple[Read, ...],
    end: End,
    marks: Mapping[str, int] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Tape:
    """Build a tape from rows: for edits, imports and tests."""
    columns, body = Columns(), bytearray()
    for row, read in enumerate(reads):
        body += read.data
        columns.append(len(body), read.stamp)
        columns.delivered_ns[row] = read.delivered_ns
    sent = array("q", [read.server_sent_ns for read in reads])
    known = sent if any(t != UNKNOWN for t in sent) else None
    return Tape(bytes(body), columns, end, dict(marks or {}), dict(meta or {}), known)
