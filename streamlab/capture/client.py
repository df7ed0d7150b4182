"""Clients for our own requests: built by httpx as usual, with our sockets beneath."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import httpx

from streamlab.capture.environment import explained, with_certificates
from streamlab.endpoints import redact
from streamlab.endpoints.endpoint import Query
from streamlab.net.async_backend import AsyncSocketBackend
from streamlab.net.connection import Stopper
from streamlab.net.httpx_private import fit
from streamlab.net.interrupts import Gate, HeldCancellation
from streamlab.net.sync_backend import SocketBackend

C = TypeVar("C", httpx.Client, httpx.AsyncClient)
# Seconds; `read` is the longest silence between two reads, not the whole stream.
TIMEOUT = httpx.Timeout(60.0, connect=10.0)


def sync_client(
    options: Mapping[str, Any], url: str, gate: Gate, stopper: Stopper
) -> httpx.Client:
    """Return a client for `url` whose connections are stamped, and wait at `gate`."""
    client = _built(httpx.Client, options, url, KeysStayHome().check)
    fit(client, lambda core, _: SocketBackend(core, gate, stopper=stopper))
    return client


def async_client(
    options: Mapping[str, Any], url: str, held: HeldCancellation, stopper: Stopper
) -> httpx.AsyncClient:
    """Return a client for `url` whose connections lose no bytes in a cancellation.

    After reading to the end, call ``held.check()``: it raises a cancellation that was held
    back.
    """
    client = _built(httpx.AsyncClient, options, url, KeysStayHome().acheck)
    fit(client, partial(AsyncSocketBackend, held=held, stopper=stopper))
    return client


def build(client: Any, query: Query, extensions: dict[str, Any], **timeout: Any) -> Any:
    """Return the request of `client` for a query; by default for an uncompressed body."""
    return client.build_request(
        query.method,
        query.url,
        headers={"Accept-Encoding": "identity", **query.headers},
        params=query.params or None,
        json=query.json,
        extensions=extensions,
        **timeout,
    )


def _built(
    kind: type[C], options: Mapping[str, Any], url: str, check: Callable[[httpx.Request], Any]
) -> C:
    known = {"timeout": TIMEOUT, "follow_redirects": True, **with_certificates(options, url)}
    with explained(options):
        client = kind(**known)
    client.event_hooks["request"].append(check)
    return client


class KeysStayHome:
    """Removes the keys from requests that a redirect sends to another origin.

    httpx removes ``Authorization`` there, but would send ``x-api-key``, ``x-goog-api-key`` and
    other keys.  The origin is that of the client's first request.
    """

    def __init__(self) -> None:
        self._home: httpx.URL | None = None

    def check(self, request: httpx.Request) -> None:
        """Remove the keys from a request to another origin; an event hook of a sync client."""
        self._home = self._home or request.url
        if not _same_origin(self._home, request.url):
            for name in filter(redact.is_secret_name, list(request.headers)):
                del request.headers[name]

    async def acheck(self, request: httpx.Request) -> None:
        """Remove the keys from a request to another origin; the hook of an async client."""
        self.check(request)


def _same_origin(home: httpx.URL, url: httpx.URL) -> bool:
    # The keys may go from http to https, each on its default port, which is None.
    origins = (home.scheme, home.port), (url.scheme, url.port)
    is_upgraded = origins == (("http", None), ("https", None))
    return url.host == home.host and (is_upgraded or origins[0] == origins[1])
