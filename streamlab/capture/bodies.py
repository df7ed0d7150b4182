"""A response's body, followed on its way to whoever reads it.

Rule: bytes and exceptions go through as they are, in the pieces in which they come.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from functools import lru_cache
from typing import Any

from streamlab.capture.following import Following
from streamlab.tape import How

_BYTE_STREAMS = ("SyncByteStream", "AsyncByteStream")
"""httpx's and httpx2's: they take no other stream."""


def follow(response: Any, following: Following[Any]) -> Any:
    """Note the head of a response, and let its body pass by `following`; return it."""
    following.taping.response(response)
    if response.is_closed:  # made whole, as a mock transport does: nobody will iterate
        for piece in response.stream if hasattr(response.stream, "__iter__") else ():
            following.take(piece)
        following.end("eof")
        return response
    kinds = type(response.stream).__mro__
    bases = tuple(kind for kind in kinds if kind.__name__ in _BYTE_STREAMS)
    left: How = "eof" if _bodiless(response, following) else "closed"
    response.stream = _body_class(bases)(response.stream, following, left)
    return response


def _bodiless(response: Any, following: Following[Any]) -> bool:
    """Say whether a response has no body, so that nobody breaks it off by not reading it."""
    return (
        response.status_code in (204, 304)
        or following.recorder.meta.get("method") == "HEAD"
        or response.headers.get("content-length") == "0"
    )


def followed(
    pieces: Iterable[bytes], following: Following[Any]
) -> Generator[bytes, None, None]:
    """Hand on the pieces of a body, each on tape before it is handed on."""
    try:
        for piece in pieces:
            following.take(piece)
            yield piece
    except BaseException as exc:
        following.broke(exc)
        raise
    following.end("eof")


async def afollowed(
    pieces: AsyncIterable[bytes], following: Following[Any]
) -> AsyncGenerator[bytes, None]:
    """Hand on the pieces of a body, each on tape before it is handed on."""
    iterator = aiter(pieces)
    try:
        async for piece in iterator:
            following.take(piece)
            yield piece
    except BaseException as exc:
        following.broke(exc)
        raise
    finally:
        if isinstance(iterator, AsyncGenerator):
            await iterator.aclose()
    following.end("eof")


class _Body:
    """A response's stream, followed; `left` is how it ends if nobody reads it to its end."""

    def __init__(self, stream: Any, following: Following[Any], left: How) -> None:
        self._stream, self._following, self._left = stream, following, left

    def __iter__(self) -> Generator[bytes, None, None]:
        return followed(self._stream, self._following)

    def close(self) -> None:
        self._following.end(self._left)
        self._stream.close()

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        return afollowed(self._stream, self._following)

    async def aclose(self) -> None:
        self._following.end(self._left)
        await self._stream.aclose()

    def __del__(self) -> None:
        self._following.end("closed")  # dropped without a word


@lru_cache
def _body_class(bases: tuple[type, ...]) -> type[_Body]:
    """Return a body that httpx, or httpx2, takes for one of its own streams."""
    return type("Body", (_Body, *bases), {})
