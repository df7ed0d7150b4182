"""Bytes to lines, as the standard for server-sent events ends them.

    "The stream must then be parsed by reading everything line by line, with a U+000D
    CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a single U+000A LINE FEED
    (LF) character not preceded by a U+000D CARRIAGE RETURN (CR) character, and a single
    U+000D CARRIAGE RETURN (CR) character not followed by a U+000A LINE FEED (LF)
    character being the ways in which a line can end."  (WHATWG HTML 9.2.6)

Nothing else ends a line: not U+2028, not U+0085, not a form feed.  ``str.splitlines`` cuts at
all of these; ``bytes.splitlines`` cuts only at LF, CR and CRLF.  So this module works on bytes.
A read may cut a character in two, but no part of a character is a line end.

Rule: the first byte that ends a line releases it.
"""

# Why a CR releases its line at once: the splitter could wait for the next byte, to see whether
# it is an LF, as httpx-sse does.  But the line, and the event that it completes, would then
# have the time of a later read than the one that brought it; on a slow stream that is the time
# of the next event.  So the CR releases the line, and an LF that follows is skipped.

from __future__ import annotations

from array import array
from collections.abc import Callable

from streamlab.decode.records import Body

LF, CR = b"\n\r"  # numbers, because `LF in data` is five times as fast as `b"\n" in data`
BOM = b"\xef\xbb\xbf"


class LineSplitter:
    """Split a stream of bytes into lines.

    `ends` has the offset after each line with its end, counted in all bytes fed so far.  If an
    LF is fed after its CR, the last offset grows by one.  `body` returns all bytes fed so far,
    if the caller keeps them; the splitter then keeps none.

    Examples
    --------
    >>> splitter = LineSplitter()
    >>> splitter.feed(b"one\\rtwo")
    [b'one']
    >>> splitter.feed(b"\\r\\n\\n")
    [b'two', b'']
    >>> splitter.ends.tolist()
    [4, 9, 10]
    """

    def __init__(
        self, ends: array[int] | None = None, body: Callable[[], Body] | None = None
    ) -> None:
        self.ends: array[int] = array("q") if ends is None else ends
        self._body = body
        self._tail = bytearray()  # an unfinished line, unless the caller keeps it
        self._n_tail = 0  # its bytes
        self._after_cr = False  # an LF now would belong to the line released last

    @property
    def between_lines(self) -> bool:
        """True if any next byte begins a new line."""
        return not (self._n_tail or self._after_cr)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their ends.

        The first line comes without the byte order mark at the head of a stream ("UTF-8
        decode" removes it); its three bytes still count in `ends`.
        """
        if self._after_cr and data:
            data = self._complete_crlf(data)
        # Without a line end, only the tail grows.  Joining it to `data` here would copy the
        # tail once a read: a line of 100 MB would take quadratic time.
        if LF not in data and CR not in data:
            self._hold(data)
            return []
        start, n_tail, self._n_tail = self._end(), self._n_tail, 0
        tail, self._tail = self._tail, bytearray()
        at_head, end = not self.ends, start + n_tail
        lines = self._split(data, end) if CR in data else self._split_at_lf(data, end)
        if n_tail and self._body:  # no memoryview: a body that grows could not be resized
            lines[0] = bytes(self._body()[start : end + len(lines[0])])
        elif n_tail:
            lines[0] = b"".join((tail, lines[0]))
        if at_head:  # the mark has no line end, so all of it is in the first line
            lines[0] = lines[0].removeprefix(BOM)
        return lines

    def close(self) -> bytes:
        """End an unfinished line at the end of the stream and return it; empty without one."""
        start, kept = self._end(), self._body and self._body()
        tail = bytes(kept[start : start + self._n_tail] if kept else self._tail)
        at_head = not self.ends
        self.drop()
        return tail.removeprefix(BOM) if at_head else tail

    def drop(self) -> bool:
        """End an unfinished line, as `close` does; return whether there is one."""
        n_tail, self._n_tail = self._n_tail, 0
        if n_tail:
            self._tail.clear()
            self.ends.append(self._end() + n_tail)
        return n_tail > 0

    def _complete_crlf(self, data: bytes) -> bytes:
        self._after_cr = False
        self.ends[-1] += data.startswith(b"\n")
        return data.removeprefix(b"\n")

    def _split(self, data: bytes, end: int) -> list[bytes]:
        lines = data.splitlines(keepends=True)
        if lines[-1].endswith((b"\n", b"\r")):
            self._after_cr = data.endswith(b"\r")
        else:
            self._hold(lines.pop())
        for line in lines:
            end += len(line)
            self.ends.append(end)
        return [line.rstrip(b"\r\n") for line in lines]

    def _split_at_lf(self, data: bytes, end: int) -> list[bytes]:
        """Do what `_split` does, but faster, for data without a CR."""
        *lines, rest = data.split(b"\n")
        self._hold(rest)
        for line in lines:
            end += len(line) + 1
            self.ends.append(end)
        return lines

    def _hold(self, data: bytes) -> None:
        self._n_tail += len(data)
        if self._body is None:
            self._tail += data

    def _end(self) -> int:
        return self.ends[-1] if self.ends else 0
