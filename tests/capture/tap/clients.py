"""The common parts of the tests of taps: plain clients, and the parts a tap might change."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

each_library = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])


def client(library: Any, **options: Any) -> Any:
    return library.Client(**{"trust_env": False, "timeout": 5, **options})


def aclient(library: Any, **options: Any) -> Any:
    return library.AsyncClient(**{"trust_env": False, "timeout": 5, **options})


def wiring(http: Any) -> list[Any]:
    """Return all of a client that a tap might touch."""
    transports = [http._transport, *http._mounts.values()]
    backends = [each._pool._network_backend for each in transports if each is not None]
    return [transports, list(http._mounts), backends, {**http.event_hooks}]
