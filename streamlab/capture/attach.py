"""A response made elsewhere, by httpx, httpx2, aiohttp or requests, recorded as it is read.

The bytes are stamped where the library returns them (the iterator tier), because the sockets
below are not ours.  Pieces that it returns without a wait between them are one arrival.
Under a tap the sockets are ours, and stamp the bytes.
"""

import contextlib
import weakref
from collections.abc import AsyncGenerator, Callable, Generator
from types import SimpleNamespace
from typing import Any, NamedTuple

import httpx

from streamlab.capture.body import afollowed, follow, followed
from streamlab.capture.libraries import content_of, httpx_of, is_a
from streamlab.capture.options import check_bytes
from streamlab.capture.session import Session
from streamlab.capture.stream import AsyncStream, Stream
from streamlab.errors import UsageError

_NOT_YET = (
    "a recording exists when its response has ended, and this one is open. "
    "Read it to its end, close it, or call {}(); until then use .recorder."
)


class Attached(Stream):
    """An open response, for a ``for`` loop; ``with`` ends the recording, not the response.

    The recording ends when the response is read to its end, or closed.
    """

    _not_yet = _NOT_YET.format("close")

    def close(self) -> None:
        """End the recording now; the response stays open."""
        self.__exit__(None, None, None)


class AsyncAttached(AsyncStream):
    """An open response, for ``async for``; see `Attached`."""

    _not_yet = _NOT_YET.format("aclose")

    async def aclose(self) -> None:
        """End the recording now; the response stays open."""
        await self.__aexit__(None, None, None)


def attach(
    response: Any,
    *,
    label: str = "",
    max_bytes: int | None = None,
    max_decoded_bytes: int | None = None,
) -> Attached | AsyncAttached:
    """Record a response made elsewhere, while you read it through the object returned here.

    Parameters
    ----------
    response : response of httpx, httpx2, aiohttp or requests
        Opened as a stream, and not read yet.
    label, max_bytes, max_decoded_bytes
        As for `tap`; your loop goes on after the limits.

    Returns
    -------
    Attached or AsyncAttached
        Loop over it for deltas, or over ``iter_lines()``, ``iter_events()``, ``iter_raw()`` and
        their async twins.  After the end of the response, or after `close` or `aclose`,
        ``recording`` has the recording.  Exceptions of the library are raised unchanged.

    Raises
    ------
    UsageError
        If `response` is no such response, or has been read already, even in part.

    Notes
    -----
    The send of the request is not known, so times that count from the send (``ttft_ms``,
    ``e2e_eof_ms``) are NaN; gaps are known.  To know all times, `tap` an httpx client instead.

    Examples
    --------
    ::

        async with session.post(url, json=body) as response:  # aiohttp
            s = sl.attach(response)
            async for line in s.aiter_lines():
                if "42" in line:
                    break
        s.recording  # of what was read; the response was closed
    """
    check_bytes(max_bytes=max_bytes, max_decoded_bytes=max_decoded_bytes)
    source = _source(response)
    session = Session(
        label=label,
        max_bytes=max_bytes,
        max_decoded_bytes=max_decoded_bytes,
        attached=True,
        closed=source.closed,
    )
    session.asked(source.request, content=content_of(source.request))
    pieces = source.pieces(session)
    if isinstance(pieces, AsyncGenerator):
        return AsyncAttached(session, pieces)
    return Attached(session, pieces)


Pieces = Generator[bytes, None, None] | AsyncGenerator[bytes, None]


class _Source(NamedTuple):
    # A request, and the function that follows its response.
    # ``closed`` is None where `follow` notices the end of the response, as in httpx.

    request: Any
    pieces: Callable[[Session], Pieces]
    closed: Callable[[], bool] | None = None


def _source(response: Any) -> _Source:
    for library, name, adapt in _ADAPTERS:
        if is_a(response, library, name):
            return adapt(response)
    raise UsageError(
        "sl.attach follows a response of httpx, httpx2, aiohttp or requests, "
        f"and {type(response).__name__} came. Pass the response itself, before it is read."
    )


def _of_httpx(response: Any) -> _Source:
    if response.is_closed or response.is_stream_consumed:
        raise _already_read("client.stream(…)")
    is_async = isinstance(response.stream, httpx_of(response).AsyncByteStream)

    def pieces(session: Session) -> Pieces:
        follow(response, session)  # in its stream, because httpx closes it after the last piece
        found: Pieces = response.aiter_raw() if is_async else response.iter_raw()
        return found

    return _Source(response.request, pieces)


def _of_aiohttp(response: Any) -> _Source:
    # `_cursor` counts the bytes that were read.  aiohttp has no public name for that.
    if response.content.at_eof() or getattr(response.content, "_cursor", 0):
        raise _already_read("async with session.post(…)")
    info, version = response.request_info, response.version
    name = f"HTTP/{version.major}.{version.minor}" if version else ""
    request = _request(info.method, info.real_url, info.headers)
    head = _head(response.status, response.reason, name, response)

    def pieces(session: Session) -> Pieces:
        session.answered(head)
        return afollowed(response.content.iter_any(), session)

    # `closed` alone is also true once all bytes have arrived, read or not.  A close or a
    # release by the user leaves an exception for later reads.
    def is_closed(found: Any) -> bool:
        return bool(found.closed and found.content.exception() is not None)

    return _Source(request, pieces, _watched(response, is_closed))


def _of_requests(response: Any) -> _Source:
    # requests and urllib3 have no public name for "some of the body was read" either.  Three
    # signs show it: a body that was read whole, a position, and the rest of an HTTP chunk.
    amid_chunk = getattr(response.raw, "chunk_left", None) is not None
    if response._content_consumed or response.raw.tell() or amid_chunk:
        raise _already_read("requests.post(…, stream=True)")
    name = {10: "HTTP/1.0", 11: "HTTP/1.1"}.get(response.raw.version, "")
    asked = response.request
    request = _request(asked.method, response.url, asked.headers, asked.body)
    head = _head(response.status_code, response.reason, name, response)

    def pieces(session: Session) -> Pieces:
        session.answered(head)
        return _pieces_of_requests(response, session)

    return _Source(request, pieces, _watched(response, lambda found: bool(found.raw.closed)))


def _pieces_of_requests(response: Any, session: Session) -> Generator[bytes, None, None]:
    with contextlib.closing(followed(response.iter_content(None), session)) as pieces:
        for piece in pieces:
            # urllib3 closes a body by itself with its last byte, before the consumer has it.
            # That is its end; a close that is seen later is the user's.
            if response.raw.closed:
                session.end("eof")
            yield piece


_ADAPTERS = (
    ("httpx2", "Response", _of_httpx),
    ("httpx", "Response", _of_httpx),
    ("aiohttp", "ClientResponse", _of_aiohttp),
    ("requests", "Response", _of_requests),
)


def _watched(response: Any, is_closed: Callable[[Any], bool]) -> Callable[[], bool]:
    # Return a function: is the response closed or gone?  It holds no strong reference.
    held = weakref.ref(response)
    return lambda: (found := held()) is None or is_closed(found)


def _request(method: str, url: Any, headers: Any, content: Any = None) -> Any:
    pairs = httpx.Headers(list(headers.items()))
    url = httpx.URL(str(url))
    return SimpleNamespace(method=method, url=url, headers=pairs, content=content)


def _head(status: int, reason: str | None, version: str, response: Any) -> Any:
    # Return a response's head in the form of httpx; both libraries decompress the body.
    headers = httpx.Headers(list(response.headers.items()))
    headers.pop("content-encoding", None)
    return SimpleNamespace(
        status_code=status,
        reason_phrase=reason or "",
        http_version=version,
        headers=headers,
        extensions={},
    )


def _already_read(how: str) -> UsageError:
    return UsageError(
        "a response is attached before it is read, and this one was read, at least in part. "
        f"Open it by {how} and attach it first."
    )
