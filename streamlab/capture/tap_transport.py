"""Puts a tap into a client, and takes it out again."""

# A client keeps its pools, proxies, mounts, limits, hooks and cookies.  Each of its transports
# is put inside one of ours, which sends each request unchanged and follows the response.
# Below, the pools open their connections through our sockets, which stamp.
#
# Why a transport and not an event hook: a transport also sees a request without a response, it
# sees a body before a hook reads the body, and the user's lists of hooks stay unchanged.

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from httpx import Request, Response

from streamlab.capture.body import follow
from streamlab.capture.session import Session
from streamlab.net.httpx_private import proxy_of, rewire
from streamlab.net.install import changing, install, uninstall

# The method of a tap that begins to record a request which is about to be sent.
Begin = Callable[[Request], Session]


def tap_into(client: Any, begin: Begin) -> None:
    """Let a tap begin a session for every request of a client."""
    with changing:
        install(client)
        rewire(client, lambda transport: TappedTransport(transport, begin))


def untap(client: Any, begin: Begin) -> None:
    """Take one tap out of a client; after the last one the client is as it was before."""
    with changing:
        rewire(client, lambda transport: _without(transport, begin))
        uninstall(client)


class TappedTransport:
    """Sends requests through a client's own transport, and follows the responses."""

    def __init__(self, inner: Any, begin: Begin) -> None:
        self._inner, self._begin = inner, begin

    def handle_request(self, request: Request) -> Response:
        """Send a request unchanged; return its response, followed."""
        with self._recording(request, is_async=False) as session:
            response = self._inner.handle_request(request)
        return follow(response, session)

    async def handle_async_request(self, request: Request) -> Response:
        """Send a request unchanged; return its response, followed."""
        with self._recording(request, is_async=True) as session:
            response = await self._inner.handle_async_request(request)
        return follow(response, session)

    @contextmanager
    def _recording(self, request: Request, is_async: bool) -> Iterator[Session]:
        # Begin a session, and note the phases of its request while it is sent.
        session = self._begin(request)
        session.through(proxy_of(self._inner))
        # The user's own dict of extensions is not changed, and the request gets it back
        # afterwards: a redirect inherits it, and two sessions would note its phases.
        theirs = request.extensions
        trace = session.marks.beside(theirs.get("trace"), is_async)
        ours = request.extensions = {**theirs, "trace": trace}
        try:
            yield session
        except BaseException as exc:
            session.broke(exc)
            raise
        finally:
            if request.extensions is ours:
                request.extensions = theirs

    def without(self, begin: Begin) -> Any:
        """Return this transport without the layer of one tap; the layers of other taps stay."""
        if self._begin == begin:  # the same tap's; each look at a method makes a new object
            return self._inner
        self._inner = _without(self._inner, begin)
        return self

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(self, *exc: object) -> object:
        return self._inner.__exit__(*exc)

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> object:
        return await self._inner.__aexit__(*exc)

    def __getattr__(self, name: str) -> Any:  # close, aclose, and the rest
        if name == "_inner":  # missing while unpickling: no endless loop
            raise AttributeError(name)
        return getattr(self._inner, name)


def _without(transport: Any, begin: Begin) -> Any:
    return transport.without(begin) if isinstance(transport, TappedTransport) else transport
