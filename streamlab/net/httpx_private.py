"""Every private name of httpx, httpx2 and their core that this package uses."""

# A client is built normally, by its owner or by us.  Then its connection pools open their
# connections through our sockets.  Proxies, mounts, limits, ``verify`` and HTTP/2 keep working,
# because the pool does their work and the pool stays.
#
# The names are the same in both libraries: ``_transport``, ``_mounts``, ``_pool``,
# ``_network_backend``, ``_transport_for_url``, and the core's
# ``_proxy_url`` and ``_backends.auto``.  Where a name is missing, the client streams as before,
# and its recordings have the tier ``iterator`` and not ``kernel``.
#
# Rule: no other module uses these names; a test checks it.

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property, partial
from importlib import import_module
from types import MemberDescriptorType, ModuleType
from typing import Any

# How many attributes down `http_clients` looks.
DEPTH = 4

# Takes the core module and the present backend; returns the backend to use.
MakeBackend = Callable[[ModuleType, Any], Any]


def fit(client: Any, make: MakeBackend) -> Callable[[], None]:
    """Put the backend that `make` returns under every pool of `client`.

    The function that is returned restores the client; open connections stay unchanged.
    """
    fitted = [(pool, pool._network_backend) for pool in _pools(client)]
    for pool, backend in fitted:
        core = sys.modules[type(pool).__module__.partition(".")[0]]
        pool._network_backend = make(core, backend)

    def undo() -> None:
        for pool, backend in fitted:
            pool._network_backend = backend

    return undo


def is_default(core: ModuleType, backend: Any) -> bool:
    """Return whether a backend is the core's own, and not one that the user made."""
    auto = import_module(f"{core.__name__}._backends.auto")
    return isinstance(backend, core.SyncBackend | auto.AutoBackend)


def rewire(client: Any, change: Callable[[Any], Any]) -> None:
    """Replace each transport of a client by the result of `change`."""
    changed: dict[int, Any] = {}  # because one transport may serve several mounts

    def once(transport: Any) -> Any:
        if transport is None:  # a mount without the proxy
            return None
        if id(transport) not in changed:
            changed[id(transport)] = change(transport)
        return changed[id(transport)]

    client._transport = once(client._transport)
    mounts = getattr(client, "_mounts", None) or {}
    for pattern, transport in mounts.items():
        mounts[pattern] = once(transport)


def http_clients(thing: object) -> list[Any]:
    """Return the first httpx clients in an object, at most four attributes down.

    Both a sync and an async one, if an SDK has both at the same depth.
    """
    level, seen = [thing], {id(thing)}
    for _ in range(DEPTH + 1):
        if found := list(filter(is_client, level)):
            return list({hasattr(each, "aclose"): each for each in reversed(found)}.values())
        values = {id(value): value for each in level for value in _attributes(each)}
        # An SDK's resources all refer to their client: each object is looked into once.
        level = [value for key, value in values.items() if key not in seen]
        seen |= values.keys()
    return []


def is_client(thing: object) -> bool:
    """Return whether an object is a client of httpx or httpx2."""
    loaded = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    return any(isinstance(thing, (each.Client, each.AsyncClient)) for each in loaded)


def _attributes(thing: object) -> Iterator[object]:
    # Yield the values of an object's attributes, without running a property of it.
    kind = type(thing)
    if kind.__module__ == "builtins" or isinstance(thing, type):
        return
    own = partial(object.__getattribute__, thing)  # a `__getattr__` may answer to any name
    for name in ("__dict__", "__pydantic_private__"):
        with suppress(AttributeError):
            yield from (own(name) or {}).values()
    for name in dir(kind):
        found = getattr(kind, name, None)
        # Some SDKs make their client on first use: this is their first use.
        is_lazy = name.endswith("client") and isinstance(found, cached_property)
        if is_lazy or isinstance(found, MemberDescriptorType):
            with suppress(AttributeError):  # an empty slot
                yield own(name)


def n_open(client: Any) -> int:
    """Return how many connections a client has open."""
    return sum(len(pool.connections) for pool in _pools(client))


def transport_for(client: Any, url: Any) -> Any:
    """Return the transport that a client uses for a URL."""
    return client._transport_for_url(url)


def proxy_of(transport: Any) -> str | None:
    """Return the URL of the proxy that a transport goes through, without its password."""
    url = getattr(getattr(transport, "_pool", None), "_proxy_url", None)
    if url is None:
        return None
    scheme, host = url.scheme.decode(), url.host.decode()
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{url.port}" if url.port else f"{scheme}://{host}"


def _pools(client: Any) -> list[Any]:
    mounts = getattr(client, "_mounts", None) or {}
    transports = [getattr(client, "_transport", None), *mounts.values()]
    pools = (getattr(transport, "_pool", None) for transport in transports)
    return list(
        {id(pool): pool for pool in pools if hasattr(pool, "_network_backend")}.values()
    )
