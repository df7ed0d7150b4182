"""The body of an answer read straight from its connection, a piece a read.

Only for requests of our own, on a fresh connection of their own over HTTP/1.1: nobody else
uses it, and it is closed afterwards.  Everything else comes through ``response.stream``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from streamlab.net.http1_body import Framing, after_head, framing_of
from streamlab.net.stamping import Exchange
from streamlab.net.sync_socket import MAX_BYTES


def body(response: Any) -> Iterator[bytes]:
    """Return the pieces of an answer to a sync client."""
    connection = _own(response)
    if connection is None:
        return iter(response.stream)
    return _pieces(connection, _framing(response), _timeout_s(response))


def abody(response: Any) -> AsyncIterator[bytes]:
    """Return the pieces of an answer to an async client."""
    connection = _own(response)
    if connection is None:
        return aiter(response.stream)
    return _apieces(connection, _framing(response), _timeout_s(response))


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


def _own(response: Any) -> Exchange | None:
    """Return the connection of an answer if it is ours alone and speaks HTTP/1."""
    connection = response.extensions.get("network_stream")
    if not isinstance(connection, Exchange) or not connection.keeps_answer:
        return None
    if response.http_version in ("HTTP/1.1", "HTTP/1.0"):
        return connection
    connection.take_answer()  # nobody will
    return None


def _framing(response: Any) -> Framing:
    return framing_of(response.request.method, response.status_code, dict(response.headers))


def _timeout_s(response: Any) -> float | None:
    timeout_s: float | None = response.request.extensions.get("timeout", {}).get("read")
    return timeout_s
