"""Somebody else's client, recorded unchanged.

A client keeps its pools, proxies, mounts, limits, hooks and cookies.  Each of its transports
is put inside one of ours, which hands every request on as it is and follows the answer;
beneath, the pools open their connections through our sockets, which stamp.

Why a transport and not an event hook: it also sees the request that got no answer, it sees
bodies before anybody's hook has read them, and the lists of hooks stay as they are.

Rule 1: what the client's owner sees is the same with and without: bytes, exceptions, order.
Rule 2: taps of one client know nothing of each other, and may be closed in any order.
"""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Generic, TypeVar

from streamlab.errors import UsageError
from streamlab.tape import Clock, Recorder, Tape, monotonic_ns
from streamlab.transport.aconnect import AsyncSocketBackend
from streamlab.transport.bodies import follow
from streamlab.transport.following import Following
from streamlab.transport.gate import Gate, wait_readable
from streamlab.transport.seam import fit
from streamlab.transport.streams import SocketBackend

R = TypeVar("R")

_wiring = threading.Lock()  # one client is changed by one thread at a time


class Tap(Generic[R]):
    """Records every response of a client, until it is closed.

    Use it in a ``with`` block, or call `close`.  A response that is still on its way then is
    recorded to its end.  Recordings stay in memory as long as the tap does.
    """

    def __init__(
        self,
        client: Any,
        make: Callable[[Tape], R],
        *,
        label: str = "",
        max_bytes: int | None = None,
        clock: Clock = monotonic_ns,
        ended: Callable[[Following[R]], None] | None = None,
    ) -> None:
        self._follow: Callable[[], Following[R]] = lambda: Following(
            make, label=label, max_bytes=max_bytes, clock=clock, ended=ended
        )
        self._followings: list[Following[R]] = []
        http = http_client(client)
        self._client: Callable[[], Any] = weakref.ref(http)  # None once closed, or gone
        with _wiring:
            _fit_sockets(http)
            _rewire(http, lambda transport: TappedTransport(transport, self))

    @property
    def recordings(self) -> list[R]:
        """The recordings of all that has ended, in the order in which it was asked.

        One a response, redirects and refusals included; a request that got no response is
        one too, and its ``end`` says why.
        """
        return [each.recording() for each in list(self._followings) if each.done]

    @property
    def running(self) -> list[Recorder]:
        """The tapes that still grow, one a response that has not ended."""
        return [each.recorder for each in list(self._followings) if not each.done]

    def begin(self, request: Any) -> Following[R]:
        """Follow a request that is about to be sent; called by the transport."""
        following = self._follow()
        following.request(request)
        self._followings.append(following)
        return following

    def close(self) -> None:
        """Leave the client as it was; what was recorded stays."""
        with _wiring:
            client, self._client = self._client(), _nothing
            if client is not None:
                _rewire(client, lambda transport: _without(transport, self))
                _unfit_sockets(client)

    def __enter__(self) -> Tap[R]:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        n_running, state = len(self.running), "closed" if self._client() is None else "open"
        return (
            f"<Tap, {state}: {len(self._followings) - n_running} recorded, {n_running} running>"
        )


def http_client(client: Any) -> Any:
    """Return the httpx client that `client` is, or that an SDK's client holds.

    Raises
    ------
    UsageError
        If there is none.
    """
    for http in (client, getattr(client, "_client", None)):
        if hasattr(http, "_transport") and hasattr(http, "event_hooks"):
            return http
    raise UsageError(
        "sl.tap records an httpx or httpx2 client, sync or async, "
        f"and {type(client).__name__} came. "
        "Make one, give it to the SDK (http_client=http) and tap it: sl.tap(http)."
    )


class TappedTransport:
    """Hands requests on to a client's own transport, and follows the answers."""

    def __init__(self, inner: Any, tap: Tap[Any]) -> None:
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


def _without(transport: Any, tap: Tap[Any]) -> Any:
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
        return AsyncSocketBackend(core, theirs)
    return SocketBackend(core, OpenGate())


class OpenGate(Gate):
    """Holds no interrupt back: Ctrl-C in somebody else's client is theirs."""

    def wait(self, sock: Any, timeout: float | None) -> None:
        """Return when `sock` is readable; raise TimeoutError if it is not in time."""
        if sock.fileno() < 0:
            raise OSError("the connection is closed")
        if not wait_readable(sock, timeout):
            raise TimeoutError(f"no byte came for {timeout:g} s")

    @contextmanager
    def open(self) -> Iterator[None]:
        """Do nothing: nothing is held back."""
        yield

    def check(self) -> None:
        """Do nothing: nothing is held back."""


def _nothing() -> None:
    return None
