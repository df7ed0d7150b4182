"""One request of our own from its first byte to its tape, sync and async.

An `Attempt` holds what both share; `pieces` and `apieces` differ by ``await``, and by
how an interruption reaches them.

Rule: misuse raises before anything is sent.  Whatever happens after that is data, and
only an interruption or a cancellation goes on, once the tape is finished.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any

from streamlab.capture import lab_log
from streamlab.capture.body import abody, body
from streamlab.capture.client import async_client, build, checked_timeout, sync_client
from streamlab.capture.marks import Phases
from streamlab.capture.tap_transport import stamping
from streamlab.capture.taping import Taping
from streamlab.endpoints.endpoint import Endpoint, Prompt
from streamlab.errors import UsageError
from streamlab.net.async_socket import Held
from streamlab.net.interrupts import share_gate
from streamlab.net.stamping import wall_map, warm_up
from streamlab.tape import Clock, How, Recorder, Tape, anchor, monotonic_ns


class Attempt:
    """A request that is about to be tried.

    Attributes
    ----------
    recorder : Recorder
        Grows while the stream runs.
    tape : Tape or None
        Set once it has ended.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        prompt: Prompt | None,
        body: Mapping[str, Any],
        *,
        label: str = "",
        max_bytes: int | None = None,
        timeout: Any = ...,
        client: Any = None,
        clock: Clock = monotonic_ns,
    ) -> None:
        warm_up()
        wall_map().refresh()  # an anchor at the start and one at the end: a step between shows
        self.endpoint = endpoint
        self.query = endpoint.query(prompt, body)
        check_json(self.query.json)
        self.recorder = Recorder(clock, max_bytes)
        self.taping = Taping(self.recorder)
        self.client = client
        self.tape: Tape | None = None
        self.http = dict(endpoint.http)
        if timeout is not ...:
            self.http["timeout"] = timeout
        if "timeout" in self.http:
            self.http["timeout"] = checked_timeout(self.http["timeout"])
        self._abort: list[Any] = []
        self.recorder.meta.update(
            label=label or endpoint.label,
            dialect=endpoint.dialect,
            model=endpoint.model,
            anchor=anchor(clock)._asdict(),
        )

    def request(self, client: Any, trace: Any) -> Any:
        """Return the request, and note what is asked and when."""
        self.recorder.mark("called", self.recorder.clock())
        request = self._built(client, trace)
        self.taping.request(request, self.query.json)
        return request

    def _built(self, client: Any, trace: Any) -> Any:
        timeout = (
            {} if self.owns_client else {k: v for k, v in self.http.items() if k == "timeout"}
        )
        try:
            return build(client, self.query, {"trace": trace}, **timeout)
        except UnicodeEncodeError as exc:
            raise UsageError(
                f"keys and headers must be ASCII, and {exc.object[exc.start]!r} is not. "
                "Check the key and headers=."
            ) from None

    def stop(self, how: How = "closed", detail: str = "stopped") -> None:
        """End the stream from another thread; what has arrived is kept."""
        self.taping.stopping = (how, detail)
        for backend in self._abort:
            backend.abort()

    def stoppable(self, backends: list[Any]) -> None:
        """Name the backends whose connections `stop` ends."""
        self._abort = backends
        for backend in backends:
            backend.is_stopped = lambda: self.taping.stopping is not None and self.tape is None
        if self.taping.stopping:
            self.stop(*self.taping.stopping)

    @property
    def owns_client(self) -> bool:
        """Whether the client is made for this request, with a fresh connection."""
        return self.client is None

    @property
    def stopped(self) -> bool:
        """Whether enough has been read: by `max_bytes`, or somebody said `stop`."""
        return self.recorder.full or self.taping.stopping is not None

    @property
    def log_url(self) -> str | None:
        """Where the lab's log of this stream is; None if there is none worth a request."""
        if self.tape is None or self.tape.end.how in ("interrupted", "cancelled"):
            return None
        return lab_log.log_url(self.tape)

    def add_log(self, text: bytes) -> None:
        """Add the lab's send times to the finished tape."""
        assert self.tape is not None
        self.tape = lab_log.with_log(self.tape, text)

    def finish(self) -> Tape:
        """Return the tape, with what is known only at the end."""
        recorder = self.recorder
        recorder.end("closed")
        started_ns = recorder.marks.get("called", 0)
        wall_map().refresh()
        steps = wall_map().steps_between(started_ns, recorder.clock())
        if steps:
            recorder.meta["clock_steps"] = [step._asdict() for step in steps]
        self.tape = recorder.finish()
        return self.tape


def check_json(fields: Any) -> None:
    """Raise UsageError if the fields of a request are no JSON."""
    try:
        json.dumps(fields, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as exc:
        raise UsageError(
            f"the fields of a request must be JSON, and these are not: {exc}. "
            "Pass text, numbers, lists and dicts."
        ) from exc


def pieces(attempt: Attempt) -> Generator[bytes, None, None]:
    """Send the request; yield the pieces of the answer, each already on tape.

    The tape is finished when the generator is: at the end of the stream, after a
    failure (which is data, and not raised), and when it is closed early.
    """
    client, backends = (
        sync_client(attempt.http) if attempt.owns_client else (attempt.client, [])
    )
    gate = share_gate(backends)
    attempt.stoppable(backends)
    try:
        with attempt.taping.ending(), contextlib.ExitStack() as stack:
            if not attempt.owns_client:
                stack.enter_context(stamping(client))
            with gate.interruptible():
                request = attempt.request(client, Phases(attempt.recorder).trace)
                response: Any = client.send(request, stream=True)
            stack.callback(response.close)
            attempt.taping.response(response)
            arriving = body(response)
            while not attempt.stopped:
                with gate.interruptible():
                    piece = next(arriving, None)
                    if piece is None:
                        break
                    attempt.taping.take(piece)
                yield piece
            gate.check()
    finally:
        attempt.finish()
        if attempt.owns_client:
            with contextlib.closing(client):
                _add_lab_log(attempt, client)
        elif attempt.tape is not None and attempt.log_url:
            attempt.tape = lab_log.asked(attempt.tape)
    gate.check()  # if the stream broke while one was held back


def _add_lab_log(attempt: Attempt, client: Any) -> None:
    if url := attempt.log_url:
        with contextlib.suppress(Exception):  # the stream is on tape; its log is an extra
            attempt.add_log(client.get(url, timeout=lab_log.TIMEOUT_S).content)


async def apieces(attempt: Attempt) -> AsyncGenerator[bytes, None]:
    """Send the request; yield the pieces of the answer, each already on tape.

    The tape is finished when the generator is: at the end of the stream, after a
    failure (which is data, and not raised), and when it is closed early.
    """
    client, backends, held = (
        async_client(attempt.http) if attempt.owns_client else (attempt.client, [], Held())
    )
    taping = attempt.taping
    attempt.stoppable(backends)
    await _loaded()
    try:
        with taping.ending():
            async with contextlib.AsyncExitStack() as stack:
                if not attempt.owns_client:
                    stack.enter_context(stamping(client))
                request = attempt.request(client, Phases(attempt.recorder).atrace)
                response: Any = await client.send(request, stream=True)
                stack.push_async_callback(response.aclose)
                taping.response(response)
                async for piece in abody(response):
                    taping.take(piece)
                    if not taping.cancelled:  # else the next read raises it
                        yield piece
                    if attempt.stopped:
                        break
                taping.check()
    finally:
        attempt.finish()
        if attempt.owns_client:
            async with contextlib.aclosing(client):
                await _aadd_lab_log(attempt, client)
        elif attempt.log_url:
            await _aask_lab_log(attempt)
    if held.cancelled:  # while the stream broke, or while the log came
        raise asyncio.CancelledError


async def _loaded() -> None:
    """Let anyio load what httpcore needs of it on this loop, before anything is timed."""
    from anyio.lowlevel import checkpoint

    await checkpoint()


async def _aadd_lab_log(attempt: Attempt, client: Any) -> None:
    if url := attempt.log_url:
        with contextlib.suppress(Exception):  # the stream is on tape; its log is an extra
            attempt.add_log((await client.get(url, timeout=lab_log.TIMEOUT_S)).content)


async def _aask_lab_log(attempt: Attempt) -> None:
    from anyio.to_thread import run_sync

    assert attempt.tape is not None
    attempt.tape = await run_sync(lab_log.asked, attempt.tape)
