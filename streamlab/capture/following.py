"""One request of somebody else's client, followed from its first byte to its recording.

Rule: the consumer comes first.  Whatever can wait (the request's JSON, the lab's log, the
recording itself) is made when somebody asks.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from streamlab.capture import lab_log
from streamlab.capture.marks import Phases
from streamlab.capture.taping import Taping
from streamlab.endpoints import redact
from streamlab.net.stamping import wall_map
from streamlab.tape import Clock, How, Recorder, Tape, anchor, monotonic_ns

R = TypeVar("R")

MAX_REQUEST_BYTES = 1 << 20
"""A larger request, such as one with pictures, is not kept in the metadata."""


class Following(Generic[R]):
    """What is known so far of one request and its answer.

    Attributes
    ----------
    recorder : Recorder
        Grows while the stream runs.
    taping : Taping
        Writes on it.
    """

    def __init__(
        self,
        make: Callable[[Tape], R],
        *,
        label: str = "",
        max_bytes: int | None = None,
        clock: Clock = monotonic_ns,
        ended: Callable[[Following[R]], None] | None = None,
    ) -> None:
        self.recorder = Recorder(clock, max_bytes)
        self.recorder.meta.update(label=label, dialect="auto", anchor=anchor(clock)._asdict())
        self.taping, self._phases = Taping(self.recorder), Phases(self.recorder)
        self._make, self._ended = make, ended
        self._content: bytes | None = None  # the request's body
        self._recording: R | None = None
        self._lock = threading.Lock()

    # what the transport calls

    def request(self, request: Any) -> None:
        """Note what is asked, now."""
        self.recorder.mark("called", self.recorder.clock())
        self.asked(request)

    def asked(self, request: Any) -> None:
        """Note what was asked, at a time that is not known."""
        self.taping.request(request)
        self.recorder.meta["label"] = self.recorder.meta["label"] or request.url.path
        self._content = getattr(request, "_content", None)  # absent where it is streamed

    def traces(self, theirs: Any, is_async: bool) -> Callable[[str, dict[str, Any]], Any]:
        """Return the ``trace`` extension to use: ours, and then the user's own if any."""
        if theirs is None:
            return self._phases.atrace if is_async else self._phases.trace

        def trace(name: str, info: dict[str, Any]) -> Any:
            self._phases.trace(name, info)
            return theirs(name, info)  # an awaitable, if theirs is

        return trace

    def take(self, piece: bytes) -> None:
        """Note a piece of the body that is about to be handed over."""
        if self.recorder.ended is None:
            self.taping.take(piece)
            if self.recorder.full:
                self.end("eof")  # which the limit outranks

    def broke(self, exc: BaseException) -> None:
        """Note the exception that is about to be raised."""
        if self.recorder.ended is None:
            self.taping.broke(exc)
            self._finish()

    def end(self, how: How) -> None:
        """Note how the stream ended, unless that is known."""
        if self.recorder.ended is None:
            self.taping.end(how)
            self._finish()

    def _finish(self) -> None:
        if self._ended is not None:
            self._ended(self)

    # what a user asks for

    @property
    def done(self) -> bool:
        """Whether the recording is complete."""
        return self.recorder.ended is not None

    def recording(self) -> R:
        """Return the recording of the finished stream; made on the first call."""
        with self._lock:
            if self._recording is None:
                self._recording = self._make(self._tape())
            return self._recording

    def _tape(self) -> Tape:
        recorder = self.recorder
        recorder.end("closed")
        assert recorder.ended is not None
        recorder.meta.update(_fields(self._content))
        steps = wall_map().steps_between(recorder.marks.get("called", 0), recorder.ended.t_ns)
        if steps:
            recorder.meta["clock_steps"] = [step._asdict() for step in steps]
        return lab_log.asked(recorder.finish())


def _fields(body: bytes | None) -> dict[str, Any]:
    """Return what a JSON request asked for, without its secrets."""
    if not body or len(body) > MAX_REQUEST_BYTES:
        return {}
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    model = fields.get("model") if isinstance(fields, dict) else None
    known = {"model": model} if isinstance(model, str) else {}
    return {"request": redact.body(fields), **known}
