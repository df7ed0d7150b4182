"""Compresses what is played, well or badly, on demand.

``encoding`` in the body or the query: ``gzip`` flushes after each write, as a streaming
server must; ``gzip-unflushed`` does not, and holds all back until its buffer is full, which is
what many proxies and middlewares do to streams.  The client's ``accept-encoding`` is not
looked at: who sets the knob wants to see it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

from streamlab.errors import UnknownNameError
from streamlab.server.play import Play, Write

ENCODINGS = ("identity", "gzip", "gzip-unflushed")

GZIP_WBITS = 31


def encoded(play: Play, name: str) -> Play:
    """Return `play` in the encoding named; documents and encoded recordings as they are."""
    if name not in ENCODINGS:
        raise UnknownNameError("encoding", name, ENCODINGS)
    has_one = any(header == "content-encoding" for header, _ in play.headers)
    if name == "identity" or has_one or play.length is not None:
        return play
    headers = (*play.headers, ("content-encoding", "gzip"))
    return replace(play, writes=_gzipped(play, flush=name == "gzip"), headers=headers)


def _gzipped(play: Play, flush: bool) -> Iterator[Write]:
    """Compress lazily; a play that breaks off leaves the gzip member unfinished."""
    squeeze, at_ns = zlib.compressobj(wbits=GZIP_WBITS), 0
    for at_ns, plain in play.writes:
        data = squeeze.compress(plain) + (squeeze.flush(zlib.Z_SYNC_FLUSH) if flush else b"")
        if data:
            yield Write(at_ns, data)
    if play.ending == "eof":
        yield Write(at_ns, squeeze.flush())
