"""Content-encodings: the body as it was sent, to the body as it was meant.

Own requests ask for ``identity``; but a tap never changes a request, and a proxy may
compress what nobody asked it to.

Rules:

- what the bytes allow to be decoded is out with the byte that allows it: a server that
  flushes its compressor is seen to, and one that does not is not excused;
- nothing raises: what is wrong, or cannot be done, is one sentence in ``error``;
- of a damaged body stays what was decoded before the read that brought the damage;
- packages (brotli, zstandard) are looked for when a body needs them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Protocol


class ContentDecoder(Protocol):
    """Undoes content-encodings, as the bytes come in.  Never raises."""

    @property
    def error(self) -> str | None:
        """What went wrong, in one sentence; None as long as nothing has."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Return all that can be decoded once `data` has come."""
        ...

    def flush(self) -> bytes:
        """Return what is left, and note in `error` if the end is missing."""
        ...


def content_decoder(encoding: str) -> ContentDecoder:
    """Return a new decoder for a body.

    Parameters
    ----------
    encoding : str
        The value of the ``Content-Encoding`` header: ``identity`` (or nothing),
        ``gzip``, ``deflate``, ``br``, ``zstd``, or several of them, in the order in
        which the server applied them: ``"gzip, br"``.

    Returns
    -------
    ContentDecoder
        One that hands the bytes on as they are, and says so in its ``error``, if the
        encoding is unknown or the package that knows it is not installed.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    decoders: list[ContentDecoder] = []
    for name in reversed([name for name in names if name not in ("", "identity")]):
        decoders.append(_decoder_named(name))
        if isinstance(decoders[-1], Verbatim):
            break  # the encodings under it are out of reach
    return decoders[0] if len(decoders) == 1 else Chain(decoders)


class Verbatim:
    """Hands an encoded body on as it is, for nobody here can decode it."""

    def __init__(self, error: str) -> None:
        self.error = error

    def feed(self, data: bytes) -> bytes:
        """Return `data`."""
        return data

    def flush(self) -> bytes:
        """Return nothing, for nothing was held back."""
        return b""


class Chain:
    """Several decoders, one after the other; without any, the identity."""

    def __init__(self, decoders: list[ContentDecoder]) -> None:
        self._decoders = decoders

    @property
    def error(self) -> str | None:
        """What went wrong first on the way from the network."""
        return next((decoder.error for decoder in self._decoders if decoder.error), None)

    def feed(self, data: bytes) -> bytes:
        """Return all that can be decoded once `data` has come."""
        for decoder in self._decoders:
            data = decoder.feed(data)
        return data

    def flush(self) -> bytes:
        """Return what is left, and note in `error` if an end is missing."""
        data = b""
        for decoder in self._decoders:
            data = decoder.feed(data) + decoder.flush()
        return data


class _Decompressor(Protocol):
    """What zlib, zstandard and Python's own ``compression.zstd`` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Members:
    """A body of compressed members, one behind the other: gzip's members, zstd's frames.

    Parameters
    ----------
    name : str
        Of the encoding, for the sentences.
    new : callable
        Returns a decompressor for one member; is shown its first bytes.
    fault : exception class
        What a decompressor raises over damage.
    single : bool
        Whether there can be one member only.
    """

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

    def feed(self, data: bytes) -> bytes:
        """Return all that can be decoded once `data` has come."""
        out = bytearray()
        try:
            while data and not self.error:
                piece, data = self._decompress(data)
                out += piece
        except self._fault as fault:
            self.error = _damaged(self._name, fault)
        return bytes(out)

    def flush(self) -> bytes:
        """Return nothing, for nothing is held back; note in `error` if the end is missing."""
        if self._member is not None and not (self._member.eof or self.error):
            self.error = _cut_off(self._name)
        return b""

    def _decompress(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what `data` decodes to within one member, and what lies behind it."""
        member = self._member
        if member is not None and member.eof and self._single:
            self.error = _damaged(self._name, "bytes behind its end")
            return b"", b""
        if member is None or member.eof:
            member = self._member = self._new(data)
        piece = member.decompress(data)
        return piece, member.unused_data if member.eof else b""


class Brotli:
    """A body of ``br``, by one of the packages brotli and brotlicffi."""

    def __init__(self, package: Any) -> None:
        self.error: str | None = None
        self._fault: type[Exception] = package.error
        self._stream = package.Decompressor()
        # brotli has `process`, brotlicffi always had `decompress`
        self._process = getattr(self._stream, "process", None) or self._stream.decompress
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        """Return all that can be decoded once `data` has come."""
        if self.error or not data:
            return b""
        self._begun = True
        try:
            return bytes(self._process(data))
        except self._fault as fault:
            self.error = _damaged("br", fault)
            return b""

    def flush(self) -> bytes:
        """Return nothing, for nothing is held back; note in `error` if the end is missing."""
        if self._begun and not (self.error or self._stream.is_finished()):
            self.error = _cut_off("br")
        return b""


def _gzip() -> ContentDecoder:
    return Members("gzip", lambda _: zlib.decompressobj(16 + zlib.MAX_WBITS), zlib.error)


def _deflate() -> ContentDecoder:
    return Members("deflate", _inflate, zlib.error, single=True)


def _inflate(head: bytes) -> _Decompressor:
    # RFC 9110 means zlib's format, and servers that send the bare one were always
    # there.  The first byte tells: its low half is 8 in zlib's format (RFC 1950), and
    # would be in the other the padding of a stored block, which compressors leave 0.
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


def _first_of(*packages: str) -> Any:
    for package in packages:
        with suppress(ImportError):
            return import_module(package)
    return None


_REMEDY = "Ask for Accept-Encoding: identity"


def _unknown(name: str) -> str:
    known = ", ".join(_DECODERS)
    return f"the body is encoded as {name!r}, not as one of {known}; it stays so. {_REMEDY}."


def _missing(name: str, package: str) -> str:
    return (
        f"the body is encoded as {name} and no package that decodes it is installed; "
        f"it stays so. Install {package}, or {_REMEDY[0].lower()}{_REMEDY[1:]}."
    )


def _damaged(name: str, fault: object) -> str:
    return f"the body is not sound {name}: {fault}; the rest of it is lost. {_REMEDY}."


def _cut_off(name: str) -> str:
    return f"the body ends before its {name} does; what had come is decoded."
