"""Clients for requests of our own: built by httpx as usual, with our backend beneath.

One SSL context serves the whole process: a new one costs 26–45 ms, which would stand
in every recording.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import httpx

from streamlab.capture.home import Home
from streamlab.endpoints.endpoint import Query
from streamlab.errors import UsageError
from streamlab.net.async_backend import AsyncSocketBackend
from streamlab.net.async_socket import Held
from streamlab.net.httpx_private import fit
from streamlab.net.sync_socket import SocketBackend

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds; `read` is the longest silence between two reads, not the whole stream."""


@lru_cache(maxsize=1)
def ssl_context() -> ssl.SSLContext:
    """Return the process's SSL context, made as httpx makes its own."""
    return httpx.create_ssl_context()


def sync_client(options: Mapping[str, Any]) -> tuple[httpx.Client, list[SocketBackend]]:
    """Return a client whose connections are stamped, and the backends beneath it."""
    client = httpx.Client(**_options(options))
    _guard(client, Home().guard)
    backends: list[SocketBackend] = []

    def make(core: Any, _: Any) -> SocketBackend:
        backends.append(SocketBackend(core, own=True))
        return backends[-1]

    fit(client, make)
    return client, backends


def async_client(
    options: Mapping[str, Any],
) -> tuple[httpx.AsyncClient, list[AsyncSocketBackend], Held]:
    """Return a client whose connections lose nothing to a cancellation, and its backends.

    With them goes what says whether a cancellation is held back; who has read to the end
    must raise it.
    """
    client = httpx.AsyncClient(**_options(options))
    _guard(client, Home().aguard)
    backends: list[AsyncSocketBackend] = []
    held = Held()

    def make(core: Any, foreign: Any) -> AsyncSocketBackend:
        backends.append(AsyncSocketBackend(core, foreign, held=held))
        return backends[-1]

    fit(client, make)
    return client, backends, held


def build(client: Any, query: Query, extensions: dict[str, Any], **timeout: Any) -> Any:
    """Return the request of `client` for a query; the answer uncompressed unless asked."""
    return client.build_request(
        query.method,
        query.url,
        headers={"Accept-Encoding": "identity", **query.headers},
        params=query.params or None,
        json=query.json,
        extensions=extensions,
        **timeout,
    )


def _guard(client: httpx.Client | httpx.AsyncClient, hook: Callable[[Any], Any]) -> None:
    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [*hooks.get("request", ()), hook]}


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    known = {"timeout": TIMEOUT, "follow_redirects": True, **options}
    if "verify" not in known and "cert" not in known:
        known["verify"] = ssl_context()
    return known


def checked_timeout(timeout: Any) -> Any:
    """Return a timeout as httpx takes it; None waits for ever.

    Raises
    ------
    UsageError
        If it is neither a number of seconds above 0 nor an ``httpx.Timeout``.
    """
    if timeout is None or isinstance(timeout, httpx.Timeout):
        return timeout
    if isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0:
        return httpx.Timeout(timeout)
    raise UsageError(
        f"timeout is a number of seconds above 0, or an httpx.Timeout, not {timeout!r}. "
        "Pass timeout=60, or None to wait for ever."
    )
