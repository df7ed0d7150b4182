"""The pieces of a response's body: read straight from our connection, or followed."""

# `body` and `abody` are for our own requests.  On a fresh connection over HTTP/1.1 they read
# the connection themselves; else the pieces come through ``response.stream``.
#
# `follow` is for the responses of a tapped client.  Bytes and exceptions pass unchanged, in the
# same pieces; the session takes each piece before the consumer gets it.

from __future__ import annotations

from array import array
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
)
from functools import lru_cache
from typing import Any, cast

from anyio.lowlevel import checkpoint
from httpx import Response

from streamlab.capture.libraries import httpx_of
from streamlab.capture.session import Session
from streamlab.net.connection import Exchange
from streamlab.net.http1_body import Framing, after_head, body_framing
from streamlab.net.sync_socket import MAX_BYTES
from streamlab.tape import How


def body(response: Response, chunk_ends: array[int] | None = None) -> Iterator[bytes]:
    """Return the pieces of the body of a response to a sync client; `chunk_ends` can grow."""
    own, stream = _own(response, chunk_ends), cast("Iterable[bytes]", response.stream)
    return iter(stream) if own is None else _pieces(*own)


def abody(response: Response, chunk_ends: array[int] | None = None) -> AsyncIterator[bytes]:
    """Return the pieces of the body of a response to an async client; see `body`."""
    own, stream = _own(response, chunk_ends), cast("AsyncIterable[bytes]", response.stream)
    return aiter(stream) if own is None else _apieces(*own)


def _pieces(connection: Any, framing: Framing, timeout_s: float | None) -> Iterator[bytes]:
    data = after_head(connection.take_answer())
    while True:
        if piece := framing.feed(data):
            yield piece
        if framing.done or not (data := connection.read(MAX_BYTES, timeout_s)):
            break
    framing.close()


async def _apieces(
    connection: Any, framing: Framing, timeout_s: float | None
) -> AsyncIterator[bytes]:
    data = after_head(connection.take_answer())
    while True:
        if piece := framing.feed(data):
            yield piece
        if framing.done or not (data := await connection.read(MAX_BYTES, timeout_s)):
            break
    framing.close()


def _own(
    response: Response, chunk_ends: array[int] | None
) -> tuple[Exchange, Framing, float | None] | None:
    # Return the connection of a response, if it is ours alone and speaks HTTP/1.
    # And the framing of its body, and the timeout of its reads in seconds.
    connection = response.extensions.get("network_stream")
    if not isinstance(connection, Exchange) or not connection.keeps_answer:
        return None
    if response.http_version not in ("HTTP/1.1", "HTTP/1.0"):
        connection.take_answer()  # HTTP/2: the kept bytes are not needed, and would grow
        return None
    # Two headers by name: a dict of all would take as long as the square of their number.
    names = ("transfer-encoding", "content-length")
    headers = {name: response.headers.get(name, "") for name in names}
    asked, status = response.request, response.status_code
    framing = body_framing(asked.method, status, headers, chunk_ends)
    return connection, framing, asked.extensions.get("timeout", {}).get("read")


def follow(response: Response, session: Session) -> Response:
    """Note the head of a response, let `session` record its body, and return the response."""
    session.answered(response)
    if response.is_closed:  # a mock transport makes it whole, and its stream is not iterated
        for piece in response.stream if isinstance(response.stream, Iterable) else ():
            session.take(piece)
        session.end("eof")
        return response
    library = httpx_of(response)
    kinds = (library.SyncByteStream, library.AsyncByteStream)
    bases = tuple(kind for kind in kinds if isinstance(response.stream, kind))
    left: How = "eof" if _bodiless(response, session) else "closed"
    response.stream = _body_class(bases)(response.stream, session, left)
    return response


def _bodiless(response: Response, session: Session) -> bool:
    # Return whether a response has no body, so that an unread body is no early end.
    return (
        response.status_code in (204, 304)
        or session.recorder.meta.get("method") == "HEAD"
        or response.headers.get("content-length") == "0"
    )


def followed(pieces: Iterable[bytes], session: Session) -> Generator[bytes, None, None]:
    """Yield the pieces of a body, each after the session took it."""
    try:
        for piece in pieces:
            session.take(piece)
            yield piece
            session.asked_on()
    except BaseException as exc:
        session.broke(exc)
        raise
    session.end("eof")


async def afollowed(
    pieces: AsyncIterable[bytes], session: Session
) -> AsyncGenerator[bytes, None]:
    """Yield the pieces of a body, each after the session took it."""
    iterator = aiter(pieces)
    try:
        async for piece in iterator:
            session.take(piece, at_once=False)
            while session.catch_up():
                await checkpoint()
            yield piece
            session.asked_on()
    except BaseException as exc:
        session.broke(exc)
        raise
    finally:
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()
    session.end("eof")


class _Body:
    """A response's stream, followed; `left` is the end if it is not read to its end."""

    def __init__(self, stream: Any, session: Session, left: How) -> None:
        self._stream, self._session, self._left = stream, session, left

    def __iter__(self) -> Generator[bytes, None, None]:
        return followed(self._stream, self._session)

    def close(self) -> None:
        self._session.end(self._left)
        self._stream.close()

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        return afollowed(self._stream, self._session)

    async def aclose(self) -> None:
        self._session.end(self._left)
        await self._stream.aclose()

    def __del__(self) -> None:
        self._session.end("closed")  # the garbage collector took an open response


@lru_cache
def _body_class(bases: tuple[type, ...]) -> type[Any]:
    # Return a body that the library accepts: httpx and httpx2 check for their own classes.
    return type("Body", (_Body, *bases), {})
