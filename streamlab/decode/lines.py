"""Bytes to lines, as the standard for server-sent events ends them.

    "The stream must then be parsed by reading everything line by line, with a U+000D
    CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a single U+000A LINE FEED
    (LF) character not preceded by a U+000D CARRIAGE RETURN (CR) character, and a single
    U+000D CARRIAGE RETURN (CR) character not followed by a U+000A LINE FEED (LF)
    character being the ways in which a line can end."  (WHATWG HTML 9.2.6)

Nothing else ends a line: not U+2028, not U+0085, not a form feed, all of which
``str.splitlines`` cuts at.  ``bytes.splitlines`` cuts at exactly these three, and
we stay with bytes: a character may be cut in two by a read, a line end never is
part of a character.

Rule: a line is released by the first byte that ends it.  After a CR we do not wait
to see whether an LF follows, for then the line, and the event it completes, would
be dated by a later read than the one that brought it.
"""

from __future__ import annotations

from array import array

LF, CR = b"\n\r"  # as numbers: `LF in data` is five times as fast as `b"\n" in data`
BOM = b"\xef\xbb\xbf"


class LineSplitter:
    """Split a stream of bytes into lines.

    Attributes
    ----------
    ends : array of int
        Offset after each line and its end, in all the bytes fed so far.  An LF that
        completes a CRLF after its CR was fed moves the last of them by one.

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

    def __init__(self, ends: array[int] | None = None) -> None:
        self.ends: array[int] = array("q") if ends is None else ends
        self._tail = bytearray()  # an unfinished line
        self._after_cr = False  # an LF now would belong to a line already released

    @property
    def between_lines(self) -> bool:
        """Whether the next byte begins a line, whatever it is."""
        return not (self._tail or self._after_cr)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their ends.

        The byte order mark that "UTF-8 decode" removes from the head of a stream is
        not in the first line; its three bytes still count in `ends`.
        """
        if self._after_cr and data:
            data = self._complete_crlf(data)
        if LF not in data and CR not in data:
            self._tail += data
            return []
        if self._tail:
            data = self._take_tail() + data
        at_head = not self.ends
        lines = self._split(data) if CR in data else self._split_at_lf(data)
        if at_head:  # no byte of the mark ends a line, so it is whole if its line is
            lines[0] = lines[0].removeprefix(BOM)
        return lines

    def close(self) -> bool:
        """End the last line where the stream ended; return whether there was one."""
        tail = self._take_tail()
        if tail:
            self.ends.append(self._end() + len(tail))
        return bool(tail)

    def _complete_crlf(self, data: bytes) -> bytes:
        self._after_cr = False
        if data.startswith(b"\n"):
            self.ends[-1] += 1
            return data[1:]
        return data

    def _split(self, data: bytes) -> list[bytes]:
        lines = data.splitlines(keepends=True)
        if lines[-1].endswith((b"\n", b"\r")):
            self._after_cr = data.endswith(b"\r")
        else:
            self._tail += lines.pop()
        end = self._end()
        for line in lines:
            end += len(line)
            self.ends.append(end)
        return [line.rstrip(b"\r\n") for line in lines]

    def _split_at_lf(self, data: bytes) -> list[bytes]:
        """Do what `_split` does, in less time, where there is no CR."""
        *lines, rest = data.split(b"\n")
        self._tail += rest
        end = self._end()
        for line in lines:
            end += len(line) + 1
            self.ends.append(end)
        return lines

    def _take_tail(self) -> bytes:
        tail = bytes(self._tail)
        self._tail.clear()
        return tail

    def _end(self) -> int:
        return self.ends[-1] if self.ends else 0
