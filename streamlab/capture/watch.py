"""A stream in the background: a thread of its own, so that the cell returns at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlab.capture.request import OwnRequest
from streamlab.errors import UsageError
from streamlab.recording import Recording
from streamlab.tape import Recorder

STOPPING_S = 5.0  # a stopped stream ends within milliseconds; more is a defect


class Watch:
    """A stream that runs in a thread.

    Parameters
    ----------
    run : callable
        Streams to the end and returns the recording; the thread calls it.
    waited : callable
        Called in the thread that waited for the end: if that is a cell, the cell can show a
        view that was frozen in the background.

    Attributes
    ----------
    recorder : Recorder
        The tape as it grows.
    """

    def __init__(
        self, own: OwnRequest, run: Callable[[], Recording], waited: Callable[[], object]
    ) -> None:
        self._own, self._run, self._waited = own, run, waited
        self._recording: Recording | None = None
        self._failure: BaseException | None = None
        self.recorder: Recorder = own.session.recorder
        self._thread = threading.Thread(target=self._work, name="streamlab-watch", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the stream has ended."""
        return not self._thread.is_alive()

    @property
    def recording(self) -> Recording:
        """The recording, once the stream has ended.

        Raises
        ------
        UsageError
            While the stream runs: wait for it, or stop it.
        """
        if self._own.session.enough:  # it was stopped, here or in its view, or has just ended
            self._thread.join(STOPPING_S)
        if not self.done:
            raise UsageError(
                "a recording exists when its stream has ended, and this one runs. "
                "Call .wait() for it, or .stop() to end it."
            )
        if self._failure is not None:
            raise self._failure
        assert self._recording is not None
        return self._recording

    def wait(self, timeout_s: float | None = None) -> Recording:
        """Wait until the stream has ended, and return its recording.

        Raises
        ------
        TimeoutError
            If the stream still runs after `timeout_s`; it goes on.
        """
        self._thread.join(timeout_s)
        if not self.done:
            raise TimeoutError(f"the stream still runs after {timeout_s:g} s; .stop() ends it")
        self._waited()
        return self.recording

    def stop(self) -> None:
        """End the stream now; what has arrived is kept."""
        self._own.stop("closed", "Stop was pressed")

    def __repr__(self) -> str:
        if self.done:
            return repr(self._failure or self._recording)
        label = self.recorder.meta.get("label", "")
        return f"<Watch {label!r}: {len(self.recorder)} reads so far; .stop() ends it>"

    def _work(self) -> None:
        try:
            self._recording = self._run()
        except BaseException as exc:
            self._failure = exc
