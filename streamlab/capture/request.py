"""One request of our own, from its first byte to its tape, sync and async."""

# An `OwnRequest` has what both share; `pieces` and `apieces` differ by ``await``, and by how
# an interruption reaches them.
#
# Rule: misuse raises before anything is sent.  Every later failure is data.  Only an
# interruption or a cancellation is raised, after the tape is finished.

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import httpx
from anyio import to_thread
from anyio.lowlevel import checkpoint

from streamlab.capture import lab_log
from streamlab.capture.body import abody, body
from streamlab.capture.client import async_client, build, sync_client
from streamlab.capture.limits import Limits, watched
from streamlab.capture.options import RequestOptions, check_client, checked_timeout
from streamlab.capture.session import Session
from streamlab.dialects.reading import a_text
from streamlab.errors import UsageError
from streamlab.live import LiveModel
from streamlab.net.async_socket import AsyncConnection
from streamlab.net.connection import Stopper
from streamlab.net.httpx_private import proxy_of, transport_for
from streamlab.net.install import stamping
from streamlab.net.interrupts import Gate, HeldCancellation
from streamlab.net.sync_socket import SyncConnection
from streamlab.tape import How


class OwnRequest:
    """A request that is about to be sent: a session, a query, a client, and `stop`."""

    def __init__(self, options: RequestOptions) -> None:
        endpoint = options.endpoint
        self.options = options
        self.query = endpoint.query(options.prompt, options.body)
        check_json(self.query.json)
        self.session = Session(
            label=options.label or a_text(options.body.get("model")) or endpoint.label,
            dialect=endpoint.reader if callable(endpoint.reader) else endpoint.dialect,
            model=endpoint.model,
            max_bytes=options.max_bytes,
            max_decoded_bytes=options.max_decoded_bytes,
        )
        self.session.recorder.meta.update(options.reading)
        self._http = options.http
        if "timeout" in self._http:
            self._http["timeout"] = checked_timeout(self._http["timeout"])
        self._stopper = Stopper()
        # They hold an interruption back until what had arrived is on tape.
        self.gate, self.held = Gate(), HeldCancellation()
        self.limits = Limits(options, self.session, self.stop, self._stopper.has_unread)

    def model(self, name: str = "", mode: str = "") -> LiveModel:
        """Return the state that a live view shows of this request."""
        recorder, label = self.session.recorder, str(self.session.recorder.meta["label"])
        return LiveModel(recorder, self.session.dialect, label=label, name=name, mode=mode)

    def finish(self) -> None:
        """Finish the session; `stop` does nothing from now on."""
        self.session.finish()
        self._stopper.rest()

    def stop(self, how: How = "closed", detail: str = "stopped") -> None:
        """End the stream, from any thread; what has arrived is kept.  See `Session`."""
        self.session.because(how, detail)
        self._stopper.stop()

    def client(self, gate: Gate, stack: ExitStack) -> Any:
        """Return the user's client, or a new one with a fresh connection; `stack` ends it."""
        if self._is_given(stack, is_async=False):
            return self.options.client
        return stack.enter_context(sync_client(self._http, self.query.url, gate, self._stopper))

    def aclient(self, held: HeldCancellation, stack: AsyncExitStack) -> Any:
        """Return the user's client, or a new one with a fresh connection; `stack` ends it."""
        # No context manager made of an async generator: when a loop ends, asyncio closes all
        # its async generators in any order, and this one may go before the one that uses it.
        if self._is_given(stack, is_async=True):
            return self.options.client
        client = async_client(self._http, self.query.url, held, self._stopper)
        stack.push_async_callback(client.aclose)
        return client

    def _is_given(self, stack: ExitStack | AsyncExitStack, is_async: bool) -> bool:
        client = self.options.client
        if client is not None:
            check_client(client, is_async)
            stack.enter_context(stamping(client))
        return client is not None

    def answered(self, response: Any) -> None:
        """Note the head of the answer; `stop` can end its connection from now on."""
        self.session.answered(response)
        # In a client of the user's, `stop` knows of no connection until now.  Over HTTP/2 a
        # connection is shared, and is not ours to end.
        connection = response.extensions.get("network_stream")
        if isinstance(connection, SyncConnection | AsyncConnection) and not connection.frames:
            self._stopper.add(connection)

    def build(self, client: Any, is_async: bool) -> Any:
        """Return the request of a client; note its fields and its time."""
        self.session.called()
        timeout = {}
        if self.options.client is not None and "timeout" in self._http:
            timeout["timeout"] = self._http["timeout"]
        trace = self.session.marks.beside(None, is_async)
        try:
            request = build(client, self.query, {"trace": trace}, **timeout)
        except UnicodeEncodeError as exc:
            raise UsageError(
                f"keys and headers must be ASCII, and {exc.object[exc.start]!r} is not. "
                "Check the key and headers=."
            ) from None
        except httpx.InvalidURL as exc:
            raise UsageError(
                f"the URL of {self.options.endpoint!r} is not valid: {exc}."
            ) from None
        self.limits.clamp(request.extensions["timeout"])
        self.session.asked(request, self.query.json)
        self.session.through(proxy_of(transport_for(client, request.url)))
        return request


def check_json(fields: object) -> None:
    """Raise UsageError if the fields of a request are not JSON."""
    try:
        json.dumps(fields, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as exc:
        raise UsageError(
            f"the fields of a request must be JSON, and these are not: {exc}. "
            "Pass text, numbers, lists and dicts."
        ) from exc


def pieces(own: OwnRequest) -> Generator[bytes, None, None]:
    """Send the request; yield the pieces of the response, each already on tape.

    The session is finished when the generator is: at the end of the stream, after a
    failure (which is data, and not raised), and when it is closed early.
    """
    session, gate = own.session, own.gate
    with ExitStack() as stack:
        client = own.client(gate, stack)
        try:
            with gate.installed(), session.ending(), watched(own.limits):
                with gate.guarded():
                    request = own.build(client, is_async=False)
                    response: Any = client.send(request, stream=True)
                with contextlib.closing(response):
                    own.answered(response)
                    arriving = body(response, session.recorder.chunk_ends)
                    while gate.is_held or not session.enough:
                        with gate.guarded():
                            piece = next(arriving, None)
                            if piece is None:
                                break
                            session.take(piece)
                        # While an interrupt is held back, the reads that had arrived go on
                        # tape without the consumer: it could break, and lose the interrupt.
                        if not gate.is_held:
                            yield piece
                    gate.check()
        finally:
            gate.remove()  # again, as an interrupt may have struck there
            own.finish()
            session.add_log(_log(own, client, gate))
    gate.check()  # the stream broke while an interrupt was held back


async def apieces(own: OwnRequest) -> AsyncGenerator[bytes, None]:
    """Send the request and yield the pieces of the response on a loop; see `pieces`."""
    session, held = own.session, own.held
    await checkpoint()  # lets anyio load its part for this loop, before anything is timed
    async with AsyncExitStack() as stack:
        client = own.aclient(held, stack)
        try:
            with session.ending(), watched(own.limits):
                request = own.build(client, is_async=True)
                response: Any = await client.send(request, stream=True)
                async with contextlib.aclosing(response):
                    own.answered(response)
                    async for piece in abody(response, session.recorder.chunk_ends):
                        session.take(piece, at_once=False)
                        while session.catch_up():
                            await checkpoint()
                        # While a cancellation is held back, the reads that had arrived are put
                        # on tape, but the consumer does not get them: its task is cancelled.
                        # The wait after the last of these reads raises CancelledError.
                        if not held.is_held:
                            yield piece
                        if session.enough and not held.is_held:
                            break
                    held.check()
        finally:
            own.finish()
            session.add_log(await _alog(own, client, held))
    held.check()  # the stream broke while a cancellation was held back


def take_rest(own: OwnRequest, arriving: Generator[bytes, None, None]) -> None:
    """Put on tape what had arrived when an interrupt struck in code of the consumer."""
    # A connection of the user's client does not know of the gate, and would wait for more.
    if own.session.recorder.ended is None and own.gate.struck():
        with contextlib.suppress(KeyboardInterrupt):  # it is on its way already
            for _ in arriving:
                pass


async def atake_rest(own: OwnRequest, arriving: AsyncGenerator[bytes, None]) -> None:
    """Put on tape what had arrived when a cancellation struck in code of the consumer."""
    if own.session.recorder.ended is None and own.held.in_use:
        own.held.hold_back()
        with contextlib.suppress(asyncio.CancelledError):  # it is on its way already
            async for _ in arriving:
                pass


def _log(own: OwnRequest, client: Any, gate: Gate) -> bytes:
    if (url := own.session.log_url) is None:
        return b""
    if own.options.client is not None:
        return lab_log.asked(url)
    answer = b""
    with contextlib.suppress(Exception):  # the log is an extra: the tape is whole
        answer = client.get(url, timeout=lab_log.TIMEOUT_S).content
    gate.check()  # an interrupt may be held back since the request for the log
    return answer


async def _alog(own: OwnRequest, client: Any, held: HeldCancellation) -> bytes:
    if (url := own.session.log_url) is None:
        return b""
    if own.options.client is not None:
        return await to_thread.run_sync(lab_log.asked, url)
    answer = b""
    with contextlib.suppress(Exception):
        answer = (await client.get(url, timeout=lab_log.TIMEOUT_S)).content
    held.check()
    return answer
