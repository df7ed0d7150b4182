"""A response made elsewhere, by httpx, httpx2, aiohttp or requests, recorded as it is read.

Its bytes are stamped where the library hands them over, which is the iterator tier: the
sockets beneath were not ours.  Where they were, as under a tap, the stamps are theirs.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar, cast

import httpx

from streamlab.capture.bodies import afollowed, follow, followed
from streamlab.capture.following import Following
from streamlab.capture.stream import AsyncStream, Stream
from streamlab.errors import UsageError
from streamlab.tape import Clock, Tape, monotonic_ns

R = TypeVar("R")


class Attached(Stream[R]):
    """A response under way, for ``for``; ``with`` closes the recording, not the response.

    The recording ends with the response: when that is read to its end, or closed.
    """

    def __init__(self, pieces: Any, arrival: Arrival, make: Callable[[Tape], R]) -> None:
        super().__init__(cast("Any", arrival), make)
        self._pieces: Generator[bytes, None, None] = pieces
        self._arrival = arrival

    @property
    def recording(self) -> R:
        """The recording, once the response has ended or was closed; see `close`.

        Raises
        ------
        UsageError
            While it is on its way.
        """
        self._arrival.check("close")
        return super().recording

    def close(self) -> None:
        """End the recording here; closing the response is still yours."""
        self.__exit__(None, None, None)

    def __enter__(self) -> Attached[R]:
        return self

    def _start_if_new(self) -> None:
        self._arrival.following.end("closed")


class AsyncAttached(AsyncStream[R]):
    """A response under way, for ``async for``; see `Attached`."""

    def __init__(self, pieces: Any, arrival: Arrival, make: Callable[[Tape], R]) -> None:
        super().__init__(cast("Any", arrival), make)
        self._pieces: AsyncGenerator[bytes, None] = pieces
        self._arrival = arrival

    @property
    def recording(self) -> R:
        """The recording, once the response has ended or was closed; see `aclose`.

        Raises
        ------
        UsageError
            While it is on its way.
        """
        self._arrival.check("aclose")
        return super().recording

    async def aclose(self) -> None:
        """End the recording here; closing the response is still yours."""
        await self.__aexit__(None, None, None)

    async def __aenter__(self) -> AsyncAttached[R]:
        return self

    async def _start_if_new(self) -> None:
        self._arrival.following.end("closed")


class Source(NamedTuple):
    """What was asked, and what begins to follow the answer."""

    request: Any
    pieces: Callable[[Following[Any]], Iterable[bytes] | AsyncIterable[bytes]]


class Arrival:
    """What a `Stream` needs of an attempt, for an answer that is already coming."""

    def __init__(self, following: Following[Tape]) -> None:
        self.following = following
        self.recorder, self.taping = following.recorder, following.taping
        self.endpoint = SimpleNamespace(dialect="auto")

    @property
    def tape(self) -> Tape | None:
        """The tape, once the stream has ended."""
        return self.following.recording() if self.following.done else None

    def check(self, how: str) -> None:
        """Raise a UsageError unless the stream has ended; `how` ends the recording early."""
        if not self.following.done:
            raise UsageError(
                "a recording is there when its response has ended, and this one is on its way. "
                f"Read it to its end, close it, or call {how}(); until then there is .recorder."
            )


def attach(
    response: Any,
    make: Callable[[Tape], R],
    *,
    label: str = "",
    max_bytes: int | None = None,
    clock: Clock = monotonic_ns,
) -> Attached[R] | AsyncAttached[R]:
    """Follow a response that nobody has read yet.

    Raises
    ------
    UsageError
        If it is no response of a library we know, or has been read already.
    """
    source = _source(response)
    following: Following[Tape] = Following(
        lambda tape: tape, label=label, max_bytes=max_bytes, clock=clock
    )
    following.asked(source.request)
    pieces = source.pieces(following)
    kind = AsyncAttached if isinstance(pieces, AsyncIterable) else Attached
    return kind(pieces, Arrival(following), make)


def _source(response: Any) -> Source:
    libraries = [cls.__module__.partition(".")[0] for cls in type(response).__mro__]
    for library, adapt in _ADAPTERS.items():
        if library in libraries and hasattr(response, "raise_for_status"):
            return adapt(response)
    raise UsageError(
        "sl.attach follows a response of httpx, httpx2, aiohttp or requests, "
        f"and {type(response).__name__} came. Pass the response itself, before it is read."
    )


def _of_httpx(response: Any) -> Source:
    if response.is_closed or response.is_stream_consumed:
        raise _already_read("client.stream(…)")
    kinds = {base.__name__ for base in type(response.stream).__mro__}
    is_async = "AsyncByteStream" in kinds

    def pieces(following: Following[Any]) -> Any:
        follow(response, following)  # in its stream, which httpx closes after the last piece
        return response.aiter_raw() if is_async else response.iter_raw()

    return Source(response.request, pieces)


def _of_aiohttp(response: Any) -> Source:
    if response.content.at_eof() or getattr(response.content, "_cursor", 0):  # handed out
        raise _already_read("async with session.post(…)")
    info, version = response.request_info, response.version
    name = f"HTTP/{version.major}.{version.minor}" if version else ""
    request = _request(info.method, info.real_url, info.headers)
    head = _response(response.status, response.reason, name, response)

    def pieces(following: Following[Any]) -> Any:
        _begin(response, head, following)
        return afollowed(response.content.iter_any(), following)

    return Source(request, pieces)


def _of_requests(response: Any) -> Source:
    amid_chunk = getattr(response.raw, "chunk_left", None) is not None
    if response._content_consumed or response.raw.tell() or amid_chunk:
        raise _already_read("requests.post(…, stream=True)")
    name = {10: "HTTP/1.0", 11: "HTTP/1.1"}.get(response.raw.version, "")
    asked = response.request
    request = _request(asked.method, response.url, asked.headers)
    head = _response(response.status_code, response.reason, name, response)

    def pieces(following: Following[Any]) -> Any:
        _begin(response, head, following)
        return followed(response.iter_content(None), following)

    return Source(request, pieces)


_ADAPTERS = {
    "httpx": _of_httpx,
    "httpx2": _of_httpx,
    "aiohttp": _of_aiohttp,
    "requests": _of_requests,
}


def _begin(response: Any, head: Any, following: Following[Any]) -> None:
    """Note the head; end the recording when the response is closed, or its connection free."""
    following.taping.response(head)
    for name in ("close", "release"):
        if hasattr(response, name):
            setattr(response, name, _ending(response, name, following))


def _ending(response: Any, name: str, following: Following[Any]) -> Callable[[], Any]:
    """Return a method that ends a recording first; it does not keep its response alive."""
    method, held = getattr(type(response), name), weakref.ref(response)

    def ended() -> Any:
        following.end("closed")
        return method(held())

    return ended


def _request(method: str, url: Any, headers: Any) -> Any:
    pairs = httpx.Headers(list(headers.items()))
    return SimpleNamespace(method=method, url=httpx.URL(str(url)), headers=pairs)


def _response(status: int, reason: str | None, version: str, response: Any) -> Any:
    """Return a head as httpx has it; both libraries hand over the body decompressed."""
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
        "a response is attached before it is read, and this one has been, at least in part. "
        f"Open it by {how} and attach it first."
    )
