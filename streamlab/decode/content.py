"""Undo content-encodings: gzip, deflate, br, zstd.

Our own requests ask for ``identity``.  But a tap never changes a request, and a proxy may
compress without being asked.

Rules:

- a decoder returns every byte as early as it can be decoded, so that the times show when a
  server flushes its compressor;
- nothing raises: ``error`` has one sentence about what went wrong;
- of a damaged body, the part decoded before the damage is kept (of zstd and br, before the
  damaged read);
- the packages brotli and zstandard are imported only when a body needs them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol


class ContentDecoder(Protocol):
    """Undoes content-encodings while the bytes come in.  Never raises."""

    @property
    def error(self) -> str | None:
        """What went wrong, in one sentence; None if nothing went wrong."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Return all that can be decoded with `data`."""
        ...

    def flush(self) -> bytes:
        """Return the rest, and set `error` if the end is missing."""
        ...


def content_decoder(encoding: str) -> ContentDecoder:
    """Return a new decoder for a body.

    Parameters
    ----------
    encoding : str
        The value of the ``Content-Encoding`` header: ``""``, ``identity``, ``gzip``,
        ``deflate``, ``br``, ``zstd``, or several in the order in which the server applied them:
        ``"gzip, br"``.

    Returns
    -------
    ContentDecoder
        If an encoding is unknown or its package is not installed, the decoder returns the
        bytes unchanged, and its ``error`` says so.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    decoders: list[ContentDecoder] = []
    for name in reversed([name for name in names if name not in ("", "identity")]):
        decoders.append(_decoder_named(name))
        if isinstance(decoders[-1], Verbatim):
            break  # the encodings below it cannot be reached
    return decoders[0] if len(decoders) == 1 else Chain(decoders)


class Verbatim:
    """Returns an encoded body unchanged, because it cannot be decoded here."""

    def __init__(self, error: str) -> None:
        self.error = error

    def feed(self, data: bytes) -> bytes:
        """Return `data`."""
        return data

    def flush(self) -> bytes:
        """Return nothing: nothing was held back."""
        return b""


class Chain:
    """Several decoders, one after the other; without any, the identity."""

    def __init__(self, decoders: list[ContentDecoder]) -> None:
        self._decoders = decoders

    @property
    def error(self) -> str | None:
        """The first error, in the order in which the bytes pass."""
        return next((decoder.error for decoder in self._decoders if decoder.error), None)

    def feed(self, data: bytes) -> bytes:
        """Return all that can be decoded with `data`."""
        for decoder in self._decoders:
            data = decoder.feed(data)
        return data

    def flush(self) -> bytes:
        """Return the rest, and set `error` if an end is missing."""
        data = b""
        for decoder in self._decoders:
            data = decoder.feed(data) + decoder.flush()
        return data


class _Decompressor(Protocol):
    """The interface that zlib, zstandard and ``compression.zstd`` share."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Members:
    """A body of compressed members, one after another: gzip's members, zstd's frames.

    Parameters
    ----------
    name : str
        The encoding, for error sentences.
    new : callable
        Takes the first bytes of a member and returns a decompressor for it.
    fault : exception class
        The class that a decompressor raises for damaged data.
    single : bool
        True if there can be one member only.
    """

    # RFC 1952 (gzip, 2.2) and RFC 8878 (zstd, 3) allow several members in one body.  But a
    # decompressor handles one member only: the bytes after its end are in `unused_data`, and
    # they begin the next member.  zlib's format has no members: such bytes are damage.

    def __init__(
        self,
        name: str,
        new: Callable[[bytes], _Decompressor],
        fault: type[Exception],
        single: bool = False,
    ) -> None:
        self.error: str | None = None
        self._name, self._new, self._fault, self._single = name, new, fault, single
        self._member: _Decompressor | None = None
        self._spare: Any = None

    def feed(self, data: bytes) -> bytes:
        """Return all that can be decoded with `data`."""
        out = bytearray()
        while data and not self.error:
            try:
                piece, data = self._decompress(data)
                out += piece
            except self._fault as fault:
                self.error = _damaged(self._name, fault)
                # A decompressor that fails returns nothing, so the copy of before goes as far
                # as it can: a wrong checksum at the end must not cost the last read.
                with suppress(self._fault, AttributeError):
                    for byte in data:
                        out += self._spare.decompress(bytes((byte,)))
        return bytes(out)

    def flush(self) -> bytes:
        """Return nothing: nothing is held back.  Set `error` if the end is missing."""
        if self._member is not None and not (self._member.eof or self.error):
            self.error = _cut_off(self._name)
        return b""

    def _decompress(self, data: bytes) -> tuple[bytes, bytes]:
        """Decode `data` within one member; return the result and the bytes after it."""
        member = self._member
        if member is not None and member.eof and self._single:
            self.error = _damaged(self._name, "bytes after its end")
            return b"", b""
        if member is None or member.eof:
            member = self._member = self._new(data)
        self._spare = copy(member) if hasattr(member, "copy") else None
        piece = member.decompress(data)
        return piece, member.unused_data if member.eof else b""


class Brotli:
    """A body of ``br``, decoded by the package brotli or brotlicffi."""

    def __init__(self, package: ModuleType) -> None:
        self.error: str | None = None
        self._fault: type[Exception] = package.error
        self._stream = package.Decompressor()
        # brotli has `process`, brotlicffi always had `decompress`
        self._process = getattr(self._stream, "process", None) or self._stream.decompress
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        """Return all that can be decoded with `data`."""
        if self.error or not data:
            return b""
        self._begun = True
        try:
            return bytes(self._process(data))
        except self._fault as fault:
            self.error = _damaged("br", fault)
            return b""

    def flush(self) -> bytes:
        """Return nothing: nothing is held back.  Set `error` if the end is missing."""
        if self._begun and not (self.error or self._stream.is_finished()):
            self.error = _cut_off("br")
        return b""


def _gzip() -> ContentDecoder:
    return Members("gzip", lambda _: zlib.decompressobj(16 + zlib.MAX_WBITS), zlib.error)


def _deflate() -> ContentDecoder:
    return Members("deflate", _inflate, zlib.error, single=True)


def _inflate(head: bytes) -> _Decompressor:
    # "deflate" is zlib's format (RFC 9110, 8.4.1.2), but some servers send raw deflate data
    # (RFC 1951), and browsers accept both.  The first byte decides: its low four bits are 8 in
    # zlib's format (RFC 1950).  In raw data they would be 8 only for a stored block with
    # padding bits that are not 0, which no known compressor writes.
    wrapped = head[0] & 0x0F == 8
    return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)


def _br() -> ContentDecoder:
    package = _first_of("brotli", "brotlicffi")
    return Brotli(package) if package else Verbatim(_missing("br", "brotli"))


def _zstd() -> ContentDecoder:
    if own := _first_of("compression.zstd"):  # Python 3.14
        return Members("zstd", lambda _: own.ZstdDecompressor(), own.ZstdError)
    if package := _first_of("zstandard"):
        new = package.ZstdDecompressor
        return Members("zstd", lambda _: new().decompressobj(), package.ZstdError)
    return Verbatim(_missing("zstd", "zstandard"))


_DECODERS: dict[str, Callable[[], ContentDecoder]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _br,
    "zstd": _zstd,
}


def _decoder_named(name: str) -> ContentDecoder:
    return _DECODERS[name]() if name in _DECODERS else Verbatim(_unknown(name))


def _first_of(*packages: str) -> ModuleType | None:
    for package in packages:
        with suppress(ImportError):
            return import_module(package)
    return None


_REMEDY = "Ask for Accept-Encoding: identity"


def _unknown(name: str) -> str:
    known = f"not as one of {', '.join(_DECODERS)}"
    return f"the body is encoded as {name!r}, {known}; it stays encoded. {_REMEDY}."


def _missing(name: str, package: str) -> str:
    return (
        f"the body is encoded as {name} and no package that decodes it is installed; "
        f"it stays encoded. Install {package}, or {_REMEDY[0].lower()}{_REMEDY[1:]}."
    )


def _damaged(name: str, fault: object) -> str:
    return f"the body is not valid {name}: {fault}; the rest of it is lost. {_REMEDY}."


def _cut_off(name: str) -> str:
    return f"the body ends before its {name} data is complete; what arrived is decoded."
