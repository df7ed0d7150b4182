"""Puts our sockets under a client of the user, and removes them again."""

import inspect
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from streamlab.net.async_backend import AsyncSocketBackend
from streamlab.net.httpx_private import fit, is_default
from streamlab.net.interrupts import OpenGate
from streamlab.net.sync_backend import SocketBackend

# Held while a client is changed: one thread at a time.
changing = threading.RLock()

# How many calls of `install` for a client are open, and the function that undoes them.
_installed: WeakKeyDictionary[Any, tuple[int, Callable[[], None]]] = WeakKeyDictionary()


def install(client: Any) -> None:
    """Stamp the connections that a client opens from now on."""
    with changing:
        n_users, undo = _installed.get(client) or (0, fit(client, _backend))
        _installed[client] = (n_users + 1, undo)


def uninstall(client: Any) -> None:
    """Undo one `install`; after the last one the client is as it was before."""
    with changing:
        n_users, undo = _installed.pop(client)
        if n_users > 1:
            _installed[client] = (n_users - 1, undo)
        else:
            undo()


@contextmanager
def stamping(client: Any) -> Iterator[None]:
    """Stamp the connections that a client opens while this block runs."""
    install(client)
    try:
        yield
    finally:
        uninstall(client)


def _backend(core: ModuleType, theirs: Any) -> Any:
    # Return a stamping backend in place of the library's own; a backend of the user stays.
    if not is_default(core, theirs):
        return theirs
    if inspect.iscoroutinefunction(theirs.connect_tcp):
        return TappedAsyncBackend(core, theirs)
    return SocketBackend(core, OpenGate())


class TappedAsyncBackend(AsyncSocketBackend):
    """Fails with the messages of anyio, which the client uses without a tap."""

    async def connect_tcp(self, *args: Any, **options: Any) -> Any:
        """Connect to the first address of a host that answers."""
        try:
            return await super().connect_tcp(*args, **options)
        except self._core.ConnectTimeout as exc:
            raise self._core.ConnectTimeout from exc.__cause__
        except self._core.ConnectError as exc:
            if isinstance(exc.__cause__, socket.gaierror):
                raise
            raise self._core.ConnectError("All connection attempts failed") from exc.__cause__
