"""Somebody else's client, recorded unchanged.

Rule 1: what the client's owner sees is the same with and without: bytes, exceptions, order.
Rule 2: taps of one client know nothing of each other, and may be closed in any order.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from streamlab.capture.following import Following
from streamlab.capture.tap_transport import tap_into, untap
from streamlab.errors import UsageError
from streamlab.tape import Clock, Recorder, Tape, monotonic_ns

R = TypeVar("R")


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
        tap_into(http, self)

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
        client, self._client = self._client(), _nothing
        if client is not None:
            untap(client, self)

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


def _nothing() -> None:
    return None
