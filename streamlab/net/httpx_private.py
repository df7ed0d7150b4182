"""The one place that reaches into httpx: whose backend a client's pools use.

A client is built normally, by httpx and by whoever owns it; then its pools are told to
open their connections through us.  Proxies, mounts, limits, ``verify`` and HTTP/2
keep working, since they are the pool's business and the pool stays.

It takes four private names, the same in httpx and httpx2: ``_transport``, ``_mounts``,
``_pool`` and ``_network_backend``.  Where one is missing, the client streams as
before and its recordings say ``iterator`` instead of ``kernel``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

MakeBackend = Callable[[ModuleType, Any], Any]
"""Given the core module and the backend so far, returns the one to use."""


def fit(client: Any, make: MakeBackend) -> Callable[[], None]:
    """Put the backend that `make` returns under every pool of `client`.

    Returns
    -------
    callable
        Undoes it.  Connections that are open by then stay as they are.
    """
    fitted = [(pool, pool._network_backend) for pool in pools(client)]
    for pool, backend in fitted:
        pool._network_backend = make(core_of(pool), backend)

    def undo() -> None:
        for pool, backend in fitted:
            pool._network_backend = backend

    return undo


def pools(client: Any) -> list[Any]:
    """Return the connection pools of an httpx or httpx2 client, each once."""
    mounts = getattr(client, "_mounts", None) or {}
    transports = [getattr(client, "_transport", None), *mounts.values()]
    found = {id(pool): pool for transport in transports if (pool := _pool(transport))}
    return list(found.values())


def core_of(pool: Any) -> ModuleType:
    """Return the module whose exceptions a pool's backend must raise."""
    return sys.modules[type(pool).__module__.partition(".")[0]]


def _pool(transport: Any) -> Any:
    pool = getattr(transport, "_pool", None)
    return pool if hasattr(pool, "_network_backend") else None
