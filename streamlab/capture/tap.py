"""Recording of a client that its owner goes on using, without a change for the owner."""

# Rule 1: the client's owner sees the same bytes, exceptions and order with and without a tap.
# Rule 2: taps of one client are independent, and may be closed in any order.

import warnings
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from httpx import Request

from streamlab.capture.libraries import content_of
from streamlab.capture.options import check_bytes
from streamlab.capture.session import Session
from streamlab.capture.tap_transport import tap_into, untap
from streamlab.errors import UsageError
from streamlab.follow.text import counted
from streamlab.net.httpx_private import http_clients, n_open
from streamlab.recording import Recording
from streamlab.tape import Recorder


class Tap:
    """Records every response of a client, until it is closed.

    Use it in a ``with`` block, or call `close`.  A response that is still open then is recorded
    to its end.  Recordings stay in memory as long as the tap does.
    """

    def __init__(
        self, client: object, label: str, max_bytes: int | None, max_decoded_bytes: int | None
    ) -> None:
        limits = {"max_bytes": max_bytes, "max_decoded_bytes": max_decoded_bytes}
        check_bytes(**limits)
        self._new = partial(Session, label=label, **limits)  # type: ignore[arg-type]
        self._sessions: list[Session] = []
        found, self._hint = http_clients(client), _hint(client)
        if not found:
            raise UsageError(
                "sl.tap records an httpx or httpx2 client, sync or async, "
                f"and {type(client).__name__} came. {self._hint}"
            )
        self._n_before = sum(map(n_open, found))
        self._clients: list[Callable[[], Any]] = [weakref.ref(each) for each in found]
        for each in found:
            tap_into(each, self.begin)

    @property
    def recordings(self) -> list[Recording]:
        """The recordings of all requests that have ended, in the order of the requests.

        One recording a response, redirects and refusals included.  A request without a response
        has a recording too; its ``end`` says why.
        """
        return [each.recording() for each in list(self._sessions) if each.done]

    @property
    def running(self) -> list[Recorder]:
        """The tapes that still grow, one a response that has not ended."""
        return [each.recorder for each in list(self._sessions) if not each.done]

    def begin(self, request: Request) -> Session:
        """Begin to record a request that is about to be sent; the transport calls this."""
        session = self._new()
        session.called()
        session.asked(request, content=content_of(request))
        self._sessions.append(session)
        return session

    def close(self) -> None:
        """Restore the client; the recordings stay."""
        while self._clients:
            if (client := self._clients.pop()()) is not None:
                untap(client, self.begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        self.close()
        if kind is None and not self._sessions:
            warnings.warn(
                "the tap saw no request while its block ran. The requests went through another "
                "client, made earlier, or through another HTTP library (aiohttp, requests). "
                f"{self._hint}",
                stacklevel=2,
            )

    def __repr__(self) -> str:
        running, state = len(self.running), "open" if self._clients else "closed"
        said = f"{len(self._sessions) - running} recorded, {running} running"
        if self._n_before:
            said += f"; {counted(self._n_before, 'connection')} open before it, unstamped"
        return f"<Tap, {state}: {said}>"


def tap(
    client: object,
    *,
    label: str = "",
    max_bytes: int | None = None,
    max_decoded_bytes: int | None = None,
) -> Tap:
    """Record every response of a client, unchanged for the code that uses it.

    Parameters
    ----------
    client : httpx.Client, httpx.AsyncClient, httpx2.Client, httpx2.AsyncClient
        Or a subclass, such as ``openai.DefaultHttpxClient()``, or an object that has one, at
        most four attributes down: an SDK's client, a model of LangChain, an agent.  Its
        proxies, mounts, limits, timeouts, hooks and cookies stay unchanged.
    label : str
        The name of the recordings in tables and pictures; by default the path of the URL.
    max_bytes, max_decoded_bytes : int, optional
        End a recording, as for `record`; the client's stream goes on.

    Returns
    -------
    Tap
        With ``recordings``, ``running`` and ``close()``, which restores the client; the end of
        a ``with`` block calls it too.

    Raises
    ------
    UsageError
        If there is no httpx client in `client`.

    Notes
    -----
    Connections that were open before the tap do not use our sockets: their reads are stamped
    where httpx returns the bytes, in the ``iterator`` tier.

    Examples
    --------
    ::

        http = openai.DefaultHttpxClient()
        with sl.tap(http) as tap:
            client = openai.OpenAI(http_client=http)
            ...
        tap.recordings
    """
    return Tap(client, label, max_bytes, max_decoded_bytes)


# How an SDK takes a client; the others take ``http_client=``.
_HINTS = {
    "mistralai": "Mistral(client=http, async_client=ahttp)",
    "cohere": "ClientV2(httpx_client=http)",
    "google": "genai.Client(http_options=HttpOptions(httpx_client=http, …))",
    "huggingface_hub": "huggingface_hub.set_client_factory(lambda: http)",
}


def _hint(client: object) -> str:
    library = type(client).__module__.partition(".")[0]
    is_response = type(client).__name__.endswith("Response")
    if is_response or library in ("aiohttp", "requests", "urllib3"):
        return "Use sl.attach(response), with each response."
    way = _HINTS.get(library, "http_client=http")
    return f"Make one, give it to the SDK ({way}) and tap it: sl.tap(http)."
