"""The body of an HTTP/1.1 response, cut out of a connection's bytes (RFC 9112, 6 and 7)."""

# For our own requests, each on a connection of its own, httpx reads the head, and this module
# frames the body.  h11 and the layers above it cost more than half of an event's CPU time, and
# with 200 streams on one loop that decided whether sockets were read in time.
#
# Rule 1: no socket, no clock, and as strict as h11.  Bytes that cannot be a frame end the body;
# `close` raises httpx's error, after `feed` has returned all payload before these bytes.
# Rule 2: `feed` returns all payload of its argument; it holds back no byte of it.

from __future__ import annotations

import re
from array import array

import h11
from httpx import RemoteProtocolError

_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"HTTP/[0-9.]+ ([0-9])")
_SIZE = re.compile(rb"([0-9a-fA-F]{1,20})(?:;[^\n]*)?[ \t]*\r\n")
_BEFORE_TRAILERS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
# Bytes of a line, or of all trailers, that have not arrived whole.
_LONGEST = 16384


class Sized:
    """A body of a known length (RFC 9112, 6.2)."""

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes = self._left = n_bytes
        self.done = n_bytes == 0

    def feed(self, data: bytes) -> bytes:
        """Return the payload in `data`."""
        payload = data[: self._left]
        self._left -= len(payload)
        self.done = self._left == 0
        return payload

    def close(self) -> None:
        """Raise if bytes are missing."""
        if self._left:
            raise RemoteProtocolError(
                "peer closed connection without sending complete message body "
                f"(received {self._n_bytes - self._left} bytes, expected {self._n_bytes})"
            )


class UntilClose:
    """A body that ends with the connection (RFC 9112, 6.3, rule 8)."""

    done = False

    def feed(self, data: bytes) -> bytes:
        """Return `data`: all of it is payload."""
        return data

    def close(self) -> None:
        """The body is whole."""


class Chunked:
    """A body in the chunked transfer coding (RFC 9112, 7.1).

    `ends` grows by the end of each chunk, an offset in the payload, once its size is read.
    """

    def __init__(self, ends: array[int] | None = None) -> None:
        self.done = False
        self._ends = array("q") if ends is None else ends
        self._left = 0  # bytes of a chunk that are to come: payload and CRLF
        self._held = b""  # an unfinished line, or unfinished trailers
        self._in_trailers = False
        self._fault: RemoteProtocolError | None = None

    def feed(self, data: bytes) -> bytes:
        """Return the payload of the chunks in `data`, joined."""
        if self._held:
            data, self._held = self._held + data, b""
        payload: list[bytes] = []
        try:
            self._cut(data, payload)
        except RemoteProtocolError as exc:
            # `close` raises the fault, because the payload before it has arrived and must be on
            # tape.
            self._fault, self.done = exc, True
        return payload[0] if len(payload) == 1 else b"".join(payload)

    def close(self) -> None:
        """Raise if bytes were no chunk, or if the last chunk is missing."""
        if self._fault is not None:
            raise self._fault
        if not self.done:
            raise RemoteProtocolError(
                "peer closed connection without sending complete message body "
                "(incomplete chunked read)"
            )

    def _cut(self, data: bytes, payload: list[bytes]) -> None:
        at = 0
        while at < len(data) and not self.done:
            if self._left > 2:
                piece = data[at : at + self._left - 2]
                payload.append(piece)
                at += len(piece)
                self._left -= len(piece)
            elif self._left:
                at += self._skip_end(data, at)
            elif self._in_trailers:
                at += self._take_trailers(data, at)
            else:
                at += self._take_size(data, at)

    def _skip_end(self, data: bytes, at: int) -> int:
        end = data[at : at + self._left]
        if not b"\r\n"[-self._left :].startswith(end):
            raise RemoteProtocolError(f"malformed chunk footer: {end!r} (expected b'\\r\\n')")
        self._left -= len(end)
        return len(end)

    def _take_size(self, data: bytes, at: int) -> int:
        # Take a chunk's size; hold back an unfinished line.
        end = data.find(b"\n", at) + 1
        if not end:
            return self._hold(data, at)
        size = _SIZE.fullmatch(data, at, end)
        if size is None:
            raise RemoteProtocolError(f"illegal chunk header: {data[at:end]!r}")
        n_bytes = int(size[1], 16)
        self._left = n_bytes + 2 if n_bytes else 0
        if n_bytes:
            self._ends.append((self._ends[-1] if self._ends else 0) + n_bytes)
        self._in_trailers = n_bytes == 0
        return end - at

    def _take_trailers(self, data: bytes, at: int) -> int:
        # Take the fields after the last chunk, and the empty line at their end.
        end = 1 if data[at : at + 1] == b"\n" else 2 if data[at : at + 2] == b"\r\n" else 0
        if not end:
            found = _HEAD_END.search(data, at)
            if found is None:
                return self._hold(data, at)
            end = found.end() - at
            _check_trailers(data[at : found.end()])
        self.done = True
        return end

    def _hold(self, data: bytes, at: int) -> int:
        if len(data) - at > _LONGEST:
            raise RemoteProtocolError(f"more than {_LONGEST} bytes came where a line must end")
        self._held = data[at:]
        return len(data) - at


def _check_trailers(block: bytes) -> None:
    # Raise unless h11 takes these lines for the fields after the last chunk.
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(_BEFORE_TRAILERS + block)
    try:
        while not isinstance(reader.next_event(), h11.EndOfMessage):
            pass
    except h11.RemoteProtocolError as exc:
        raise RemoteProtocolError(str(exc)) from None


# Each has `feed`, `close` and `done`: whether no further byte belongs to the body.
Framing = Sized | UntilClose | Chunked


def body_framing(
    method: str, status: int, headers: dict[str, str], chunk_ends: array[int] | None = None
) -> Framing:
    """Return the framing of a response's body (RFC 9112, 6.3); headers are in lower case."""
    # The order is that of section 6.3: the status first, then the transfer coding, which
    # overrides a length, then the length; a body with neither ends with the connection.
    if method == "HEAD" or status in (204, 304):
        return Sized(0)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return Chunked(chunk_ends)
    length = headers.get("content-length", "").strip()
    return Sized(int(length)) if length.isascii() and length.isdigit() else UntilClose()


def after_head(answer: bytes) -> bytes:
    """Return the bytes after the final head of a response; 1xx heads are skipped.

    httpx has read and checked the head before.
    """
    at = 0  # no copy at each head: a server may send many
    while found := _HEAD_END.search(answer, at):
        status, at = _STATUS.match(answer, at), found.end()
        if status is None or status[1] != b"1":
            break
    return answer[at:]
