"""How a tap gets into a client, and out of it.

A client keeps its pools, proxies, mounts, limits, hooks and cookies.  Each of its transports
is put inside one of ours, which hands every request on as it is and follows the answer;
beneath, the pools open their connections through our sockets, which stamp.

Why a transport and not an event hook: it also sees the request that got no answer, it sees
bodies before anybody's hook has read them, and the lists of hooks stay as they are.
"""

from __future__ import annotations

import inspect
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from streamlab.capture.bodies import follow
from streamlab.capture.following import Following
from streamlab.net.async_backend import AsyncSocketBackend
from streamlab.net.httpx_private import fit
from streamlab.net.interrupts import Gate, wait_readable
from streamlab.net.sync_socket import SocketBackend

_wiring = threading.Lock()  # one client is changed by one thread at a time


def tap_into(client: Any, tap: Any) -> None:
    """Let `tap` begin a `Following` for every request of a client."""
    with _wiring:
        _fit_sockets(client)
        _rewire(client, lambda transport: TappedTransport(transport, tap))


def untap(client: Any, tap: Any) -> None:
    """Take one tap out of a client; the last one leaves it as it was."""
    with _wiring:
        _rewire(client, lambda transport: _without(transport, tap))
        _unfit_sockets(client)


@contextmanager
def stamping(client: Any) -> Iterator[None]:
    """Let the connections that somebody's client opens meanwhile be stamped."""
    with _wiring:
        _fit_sockets(client)
    try:
        yield
    finally:
        with _wiring:
            _unfit_sockets(client)


class TappedTransport:
    """Hands requests on to a client's own transport, and follows the answers."""

    def __init__(self, inner: Any, tap: Any) -> None:
        self.inner, self.tap = inner, tap

    def handle_request(self, request: Any) -> Any:
        """Send a request as it is; return its response, followed."""
        following = self.tap.begin(request)
        try:
            with _traced(request, following, is_async=False):
                response = self.inner.handle_request(request)
        except BaseException as exc:
            following.broke(exc)
            raise
        return follow(response, following)

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request as it is; return its response, followed."""
        following = self.tap.begin(request)
        try:
            with _traced(request, following, is_async=True):
                response = await self.inner.handle_async_request(request)
        except BaseException as exc:
            following.broke(exc)
            raise
        return follow(response, following)

    def __enter__(self) -> TappedTransport:
        self.inner.__enter__()
        return self

    def __exit__(self, *exc: Any) -> Any:
        return self.inner.__exit__(*exc)

    async def __aenter__(self) -> TappedTransport:
        await self.inner.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> Any:
        return await self.inner.__aexit__(*exc)

    def __getattr__(self, name: str) -> Any:  # close, aclose, and whatever the inner one has
        if name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)


@contextmanager
def _traced(request: Any, following: Following[Any], is_async: bool) -> Iterator[None]:
    """Listen to the phases of a request while it is sent; its own dict is not touched.

    What httpcore was given keeps its listener; what the user holds is as before, so that
    a redirect, which inherits it, is not heard by two.
    """
    theirs = request.extensions
    trace = following.traces(theirs.get("trace"), is_async)
    ours = request.extensions = {**theirs, "trace": trace}
    try:
        yield
    finally:
        if request.extensions is ours:
            request.extensions = theirs


def _rewire(client: Any, change: Callable[[Any], Any]) -> None:
    """Replace each transport of a client by what `change` makes of it."""
    changed: dict[int, Any] = {}  # one that serves several mounts stays one

    def once(transport: Any) -> Any:
        if transport is None:  # a mount that goes past the proxy
            return None
        if id(transport) not in changed:
            changed[id(transport)] = change(transport)
        return changed[id(transport)]

    client._transport = once(client._transport)
    mounts = getattr(client, "_mounts", None) or {}
    for pattern, transport in mounts.items():
        mounts[pattern] = once(transport)


def _without(transport: Any, tap: Any) -> Any:
    """Return a transport without the layer of one tap; the layers of others stay."""
    if not isinstance(transport, TappedTransport):
        return transport
    if transport.tap is tap:
        return transport.inner
    transport.inner = _without(transport.inner, tap)
    return transport


# the sockets beneath: one set for all taps of a client

_fitted: weakref.WeakKeyDictionary[Any, tuple[int, Callable[[], None]]]
_fitted = weakref.WeakKeyDictionary()


def _fit_sockets(client: Any) -> None:
    n_taps, undo = _fitted.get(client) or (0, fit(client, _backend))
    _fitted[client] = (n_taps + 1, undo)


def _unfit_sockets(client: Any) -> None:
    n_taps, undo = _fitted.pop(client)
    if n_taps > 1:
        _fitted[client] = (n_taps - 1, undo)
    else:
        undo()


def _backend(core: ModuleType, theirs: Any) -> Any:
    """Return a stamping backend for the library's own; one that the user chose stays."""
    if type(theirs).__name__ not in ("SyncBackend", "AutoBackend"):
        return theirs
    if inspect.iscoroutinefunction(theirs.connect_tcp):
        return OpenSockets(core, theirs)
    return SocketBackend(core, OpenGate())


class OpenSockets(AsyncSocketBackend):
    """Fails in the words of anyio, which somebody else's client connects by."""

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


class OpenGate(Gate):
    """Holds no interrupt back: Ctrl-C in somebody else's client is theirs."""

    def wait(self, sock: Any, timeout: float | None) -> None:
        """Return when `sock` is readable; raise TimeoutError if it is not in time."""
        if sock.fileno() < 0:
            raise OSError("the connection is closed")
        if not wait_readable(sock, timeout):
            raise TimeoutError("timed out")  # a socket's own words

    @contextmanager
    def open(self) -> Iterator[None]:
        """Do nothing: nothing is held back."""
        yield

    def check(self) -> None:
        """Do nothing: nothing is held back."""
