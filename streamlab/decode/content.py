"""Undo content-encodings: gzip, deflate, br, zstd.  Nothing raises, see ``error``."""

# Our own requests ask for `identity`.  But a tap never changes a request, and a proxy may
# compress without being asked.
#
# Rules:
#
# - a decoder returns every byte as early as it can be decoded, so that the times show when a
#   server flushes its compressor;
# - `error` has one sentence about what went wrong;
# - of a damaged body, the part decoded before the damage is kept (of zstd and br, before the
#   damaged read);
# - a decoder stops at a limit, and until then needs little memory besides what it returns:
#   130 KB of gzip in gzip can be 500 MB;
# - the packages brotli and zstandard are imported only when a body needs them.

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

# The most bytes that a body may have once it is decoded, by default.
MAX_DECODED_BYTES = 1 << 30
MOST_ENCODINGS = 3
_PIECE_BYTES = 1 << 16


def content_decoder(encoding: str, limit: int = MAX_DECODED_BYTES) -> Decoded:
    """Return a new decoder for a body; it stops after `limit` bytes, of each encoding.

    `encoding` is the value of the ``Content-Encoding`` header; it may name several encodings in
    the order in which the server applied them.  If one is unknown or its package is not
    installed, the decoder returns the bytes unchanged, and its ``error`` says so.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if len(names) > MOST_ENCODINGS:
        many = f"{len(names)} times, and at most {MOST_ENCODINGS} are decoded"
        return Decoded([Decoder(_kept(many))], limit)
    decoders: list[Decoder] = []
    for name in reversed(names):
        unknown = f"as {name!r}, not as one of {', '.join(_DECODERS)}"
        decoders.append(_DECODERS[name]() if name in _DECODERS else Decoder(_kept(unknown)))
        if decoders[-1].error:
            break  # the encodings below it cannot be reached
    return Decoded(decoders, limit)


class Decoder:
    """Undoes an encoding while the bytes come in, and never raises.

    This base returns the body unchanged, because it cannot be decoded here: `error` says why,
    in one sentence.
    """

    def __init__(self, error: str | None = None) -> None:
        self.error = error

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield all that can be decoded with `data`, in pieces of bounded size."""
        yield data

    def close(self) -> None:
        """Set `error` if the end of the body is missing."""


class Decoded:
    """Several decoders, one after the other; without any, the identity."""

    def __init__(self, decoders: list[Decoder], limit: int = MAX_DECODED_BYTES) -> None:
        self._decoders, self._limit = decoders, limit
        self._left = [limit] * len(decoders)  # also between two: the inner bytes cost time
        self.is_over = False  # the limit was passed: the rest is not decoded

    @property
    def error(self) -> str | None:
        """The first error, in the order in which the bytes pass."""
        if self.is_over:
            limit = f"more than max_decoded_bytes={self._limit} bytes once it is decoded"
            return f"the body has {limit}; the rest is not decoded."
        return next((decoder.error for decoder in self._decoders if decoder.error), None)

    def feed(self, data: bytes) -> bytes:
        """Return all that can be decoded with `data`."""
        return b"".join(self.pieces(data))

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield all that can be decoded with `data`, in pieces of bounded size."""
        found: Iterator[bytes] = iter((data,))
        for stage in range(len(self._decoders)):
            found = self._through(stage, found)
        return found

    def _through(self, stage: int, encoded: Iterator[bytes]) -> Iterator[bytes]:
        for data in encoded:
            for piece in self._decoders[stage].pieces(data):
                if self.is_over or len(piece) > self._left[stage]:
                    kept = b"" if self.is_over else piece[: self._left[stage]]
                    self.is_over = True
                    yield kept
                    return
                self._left[stage] -= len(piece)
                yield piece

    def close(self) -> None:
        """Set `error` if the end of the body is missing."""
        for decoder in self._decoders:
            decoder.close()


class Members(Decoder):
    """A body of compressed members, one after another: gzip's members, zstd's frames."""

    # RFC 1952 (gzip, 2.2) and RFC 8878 (zstd, 3) allow several members in one body.  But a
    # decompressor handles one member only: the bytes after its end are in `unused_data`, and
    # they begin the next member.  zlib's format has no members: such bytes are damage.

    def __init__(
        self,
        name: str,
        new: Callable[[bytes], Any],  # makes a decompressor of a member's first bytes
        step: Callable[[Any, bytes], tuple[bytes, bytes]],  # returns a piece, and the rest
        fault: type[Exception],
        single: bool = False,  # there can be one member only
    ) -> None:
        super().__init__()
        self._name, self._new, self._step = name, new, step
        self._fault, self._single = fault, single
        self._member: Any = None
        self._spare: Any = None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield all that can be decoded with `data`, in pieces of bounded size."""
        is_full = False  # then the member holds more, even if no data is left
        while (data or is_full) and not self.error:
            try:
                piece, data = self._decompress(data)
            except self._fault as fault:
                self.error = _damaged(self._name, fault)
                # A decompressor that fails returns nothing, so the copy of before goes as far
                # as it can: a wrong checksum at the end must not cost the last read.
                with suppress(self._fault, AttributeError):
                    for byte in data:
                        yield self._spare.decompress(bytes((byte,)), _PIECE_BYTES)
            else:
                is_full = len(piece) >= _PIECE_BYTES and not self._member.eof
                yield piece

    def close(self) -> None:
        """Set `error` if the end of the body is missing."""
        if self._member is not None and not (self._member.eof or self.error):
            self.error = _cut_off(self._name)

    def _decompress(self, data: bytes) -> tuple[bytes, bytes]:
        member = self._member
        if member is not None and member.eof and self._single:
            self.error = _damaged(self._name, "bytes after its end")
            return b"", b""
        if member is None or member.eof:
            member = self._member = self._new(data)
        self._spare = copy(member) if hasattr(member, "copy") else None
        return self._step(member, data)


def _bounded(member: Any, data: bytes) -> tuple[bytes, bytes]:
    piece = member.decompress(data, _PIECE_BYTES)
    rest = member.unused_data if member.eof else getattr(member, "unconsumed_tail", b"")
    return piece, rest


def _sliced(member: Any, data: bytes) -> tuple[bytes, bytes]:
    # zstandard takes no bound, but a block of four bytes or more has at most 128 KiB (RFC 8878,
    # 3.1.1.2): so many bytes have at most 8 MiB.
    piece = member.decompress(data[:256])
    return piece, (member.unused_data if member.eof else b"") + data[256:]


class Brotli(Decoder):
    """A body of ``br``, decoded by the package brotli or brotlicffi."""

    def __init__(self, package: ModuleType) -> None:
        super().__init__()
        self._fault: type[Exception] = package.error
        self._stream = package.Decompressor()
        # brotli has `process`, brotlicffi always had `decompress`
        self._process = getattr(self._stream, "process", None) or self._stream.decompress
        # Only brotli from 1.2 on can bound a piece.
        is_new = hasattr(self._stream, "can_accept_more_data")
        self._bound = {"output_buffer_limit": _PIECE_BYTES} if is_new else {}
        self._begun = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield all that can be decoded with `data`, in pieces of bounded size."""
        self._begun = self._begun or bool(data)
        is_full = False
        try:
            while (data or is_full) and not self.error:
                piece, data = bytes(self._process(data, **self._bound)), b""
                is_full = bool(self._bound) and self._has_more(piece)
                yield piece
        except self._fault as fault:
            self.error = _damaged("br", fault)

    def _has_more(self, piece: bytes) -> bool:
        is_cut = len(piece) >= _PIECE_BYTES or not self._stream.can_accept_more_data()
        return is_cut and not self._stream.is_finished()

    def close(self) -> None:
        """Set `error` if the end of the body is missing."""
        if self._begun and not (self.error or self._stream.is_finished()):
            self.error = _cut_off("br")


def _inflate(head: bytes) -> Any:
    # "deflate" is zlib's format (RFC 9110, 8.4.1.2), but some servers send raw deflate data
    # (RFC 1951), and browsers accept both.  The first byte decides: its low four bits are 8 in
    # zlib's format (RFC 1950).  In raw data they would be 8 only for a stored block with
    # padding bits that are not 0, which no known compressor writes.
    wrapped = head[0] & 0x0F == 8
    return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)


def _br() -> Decoder:
    package = _first_of("brotli", "brotlicffi")
    return Brotli(package) if package else _undecoded("br", "brotli")


def _zstd() -> Decoder:
    if own := _first_of("compression.zstd"):  # Python 3.14
        return Members("zstd", lambda _: own.ZstdDecompressor(), _bounded, own.ZstdError)
    if package := _first_of("zstandard"):
        # RFC 9659 allows no larger window in HTTP, and a window needs as much memory.
        new = partial(package.ZstdDecompressor, max_window_size=1 << 23)
        return Members("zstd", lambda _: new().decompressobj(), _sliced, package.ZstdError)
    return _undecoded("zstd", "zstandard")


def _undecoded(name: str, package: str) -> Decoder:
    none = f"as {name} and no package that decodes it is installed"
    return Decoder(_kept(none, f"Install {package}, or ask"))


_gunzip = partial(zlib.decompressobj, 16 + zlib.MAX_WBITS)
_gzip = partial(Members, "gzip", lambda _: _gunzip(), _bounded, zlib.error)
_DECODERS: dict[str, Callable[[], Decoder]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": partial(Members, "deflate", _inflate, _bounded, zlib.error, single=True),
    "br": _br,
    "zstd": _zstd,
}


def _first_of(*packages: str) -> ModuleType | None:
    for package in packages:
        with suppress(ImportError):
            return import_module(package)
    return None


def _kept(encoded: str, remedy: str = "Ask") -> str:
    stays = f"the body is encoded {encoded}; it stays encoded"
    return f"{stays}. {remedy} for Accept-Encoding: identity."


def _damaged(name: str, fault: object) -> str:
    lost = f"the body is not valid {name}: {fault}; the rest of it is lost"
    return f"{lost}. Ask for Accept-Encoding: identity."


def _cut_off(name: str) -> str:
    return f"the body ends before its {name} data is complete; what arrived is decoded."
