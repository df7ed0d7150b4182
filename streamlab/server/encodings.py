"""Compression of a response, with a flush after each write or without.

The parameter ``encoding`` chooses: ``gzip`` flushes after each write, as a streaming server
must; ``gzip-unflushed`` sends nothing before its buffer is full, like many proxies and
middlewares.  The client's ``accept-encoding`` is ignored, so that a request gets the encoding
in its parameter.
"""

import zlib
from collections.abc import Iterator
from dataclasses import replace

from streamlab.errors import UnknownNameError
from streamlab.server.response import Response, Write

ENCODINGS = ("identity", "gzip", "gzip-unflushed")
GZIP_WBITS = 31


def encoded(response: Response, name: str) -> Response:
    """Return a response in the encoding named; documents and encoded recordings unchanged.

    An UnknownNameError says that there is no such encoding.
    """
    if name not in ENCODINGS:
        raise UnknownNameError("encoding", name, ENCODINGS)
    has_one = any(header == "content-encoding" for header, _ in response.headers)
    if name == "identity" or has_one or response.length is not None:
        return response
    headers = (*response.headers, ("content-encoding", "gzip"))
    return replace(response, writes=_gzipped(response, name == "gzip"), headers=headers)


def _gzipped(response: Response, flush: bool) -> Iterator[Write]:
    """Compress lazily; a response that breaks off leaves the gzip member unfinished."""
    squeeze, at_ns = zlib.compressobj(wbits=GZIP_WBITS), 0
    for at_ns, plain in response.writes:
        data = squeeze.compress(plain) + (squeeze.flush(zlib.Z_SYNC_FLUSH) if flush else b"")
        if data:
            yield Write(at_ns, data)
    if response.ending == "eof":
        yield Write(at_ns, squeeze.flush())
