"""Which read brought which byte of which HTTP/2 stream: frames counted as they pass."""

# Streams share a connection, so a piece of one stream may have come with an earlier read
# than the last one of the connection.  The frames' headers decide: the frames of each read are
# counted before the library gets the read, and the ledger of each stream notes which bytes the
# read brought.
# https://www.rfc-editor.org/rfc/rfc9113#section-4.1
#
# Rule: nothing in here waits, and nothing keeps payload.

from collections.abc import Iterator

from streamlab.tape import Stamp

# The first bytes that a client sends (RFC 9113, section 3.4).
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

HEADER_BYTES = 9
_DATA, _HEADERS, _PADDED = 0x0, 0x1, 0x8
MAX_LEDGERS = 256  # of streams that are not followed; a connection has 100 streams at a time
MAX_UNHELD_ROWS = 4096


class Ledger:
    """Which bytes of the body of one stream each read brought."""

    def __init__(self) -> None:
        self.ends: list[int] = []  # offset in the body after each read with bytes of it
        self.stamps: list[Stamp] = []  # of these reads
        self.first: Stamp | None = None  # of the read with the first byte: the response's head
        self.written_ns: int | None = None  # when the stream's first byte was written
        self.followed = False  # it is recorded; else only `MAX_UNHELD_ROWS` reads are kept
        self.lost = False  # more reads came before it was followed; then none is known

    def follow(self, followed: bool) -> None:
        """Keep every read from now on, or stop keeping them."""
        self.followed = followed

    def note_sent(self, t_ns: int) -> None:
        """Note that frames of this stream are written; the first time counts."""
        self.written_ns = self.written_ns or t_ns

    def note_read(self, stamp: Stamp) -> None:
        """Note that a read began a frame of this stream; the first one counts."""
        self.first = self.first or stamp

    def add(self, n_bytes: int, stamp: Stamp) -> None:
        """Note that a read brought `n_bytes` more bytes."""
        if self.stamps and self.stamps[-1] is stamp:
            self.ends[-1] += n_bytes
            return
        if self.lost or (not self.followed and len(self.ends) >= MAX_UNHELD_ROWS):
            self.lost = True
            self.ends.clear()
            self.stamps.clear()
            return
        self.ends.append(n_bytes + (self.ends[-1] if self.ends else 0))
        self.stamps.append(stamp)


class PieceStamps:
    """The stamps of one stream's pieces, in order."""

    def __init__(self, ledger: Ledger) -> None:
        ledger.follow(True)
        self._ledger, self._row, self._at = ledger, 0, 0

    def parts(self, piece: bytes) -> Iterator[tuple[bytes, Stamp | None]]:
        """Cut a piece of the body by the reads that brought it; None for an unknown read."""
        ends, stamps = self._ledger.ends, self._ledger.stamps
        while piece:
            if self._row >= len(ends):
                yield piece, None
                return
            n_bytes = ends[self._row] - self._at
            part, piece = piece[:n_bytes], piece[n_bytes:]
            yield part, stamps[self._row]
            self._at += len(part)
            if self._at == ends[self._row]:
                self._row += 1

    def close(self) -> None:
        """Stop following the stream."""
        self._ledger.follow(False)


class Frames:
    """The frames of one connection, counted as they pass."""

    def __init__(self) -> None:
        self._ledgers: dict[int, Ledger] = {}
        self._header = bytearray()
        self._left = 0  # bytes of the current frame's payload that are to come
        self._data_left = 0  # of these, bytes of a body
        self._padded = False  # the next byte is the length of the padding
        self._current = Ledger()

    def ledger(self, stream_id: int) -> Ledger:
        """Return the ledger of a stream."""
        if stream_id not in self._ledgers:
            self._prune()
            self._ledgers[stream_id] = Ledger()
        return self._ledgers[stream_id]

    def sent(self, buffer: bytes, t_ns: int) -> None:
        """Note the requests that begin in a write; h2 writes whole frames."""
        at = len(PREFACE) if buffer.startswith(PREFACE) else 0
        while at + HEADER_BYTES <= len(buffer):
            n_bytes, kind, _, stream_id = _parsed(buffer[at : at + HEADER_BYTES])
            if kind == _HEADERS:
                self.ledger(stream_id).note_sent(t_ns)
            at += HEADER_BYTES + n_bytes

    def feed(self, data: bytes, stamp: Stamp) -> None:
        """Count the frames in the bytes of one read."""
        at = 0
        while at < len(data):
            if self._left:
                at += self._payload(data, at, stamp)
                continue
            missing = HEADER_BYTES - len(self._header)
            self._header += data[at : at + missing]
            at += missing
            if len(self._header) == HEADER_BYTES:
                self._begin(stamp)

    def _begin(self, stamp: Stamp) -> None:
        self._left, kind, flags, stream_id = _parsed(self._header)
        self._header.clear()
        is_data = kind == _DATA
        self._data_left = self._left if is_data else 0
        self._padded = is_data and bool(flags & _PADDED)
        if kind in (_DATA, _HEADERS):
            self._current = self.ledger(stream_id)
            self._current.note_read(stamp)

    def _payload(self, data: bytes, at: int, stamp: Stamp) -> int:
        # Count the bytes of the current frame's payload; return their number.
        if self._padded:
            # The first byte of a padded frame is the length of its padding.  Both are
            # payload of the frame, but no bytes of the body (RFC 9113, section 6.1).
            self._padded = False
            self._data_left -= 1 + data[at]
            n_bytes = 1
        else:
            n_bytes = min(len(data) - at, self._left)
            if (n_data := min(n_bytes, self._data_left)) > 0:
                self._current.add(n_data, stamp)
                self._data_left -= n_data
        self._left -= n_bytes
        return n_bytes

    def _prune(self) -> None:
        if len(self._ledgers) >= MAX_LEDGERS:
            oldest = next((i for i, each in self._ledgers.items() if not each.followed), None)
            if oldest is not None:
                del self._ledgers[oldest]


def _parsed(header: bytes | bytearray) -> tuple[int, int, int, int]:
    # Return a frame's length, kind, flags and stream.
    stream_id = int.from_bytes(header[5:9]) & 0x7FFFFFFF
    return int.from_bytes(header[:3]), header[3], header[4], stream_id
