"""Ends an own request that waits too long: for a delta, for its deadline, or for a last byte.

One thread looks at the tapes of all requests; the hot path does nothing for it.  Bytes are
decoded only where few have come lately, or where a limit is near.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf

from streamlab.capture.libraries import how_of, sentence
from streamlab.dialects import Reading
from streamlab.follow import Follower
from streamlab.tape import How, Recorder

LOOK_S = 0.25
LEFT_OPEN_S = 1.0  # the longest wait for the end of the body, after the API's last word
QUIET_BYTES = 256  # between two looks: comments and pings, or little else


class Limits:
    """What one request may wait for.

    `stop` ends the request.  `has_unread` says whether bytes wait to be read: then the reader
    is late, and not the server.  `several` is True if more than one answer was asked for.
    """

    def __init__(
        self,
        recorder: Recorder,
        stop: Callable[[How, str], None],
        has_unread: Callable[[], bool],
        stall_timeout_s: float | None = None,
        deadline_s: float | None = None,
        several: bool = False,
        dialect: Reading = "",
    ) -> None:
        self._recorder, self._stop, self._has_unread = recorder, stop, has_unread
        self._stall_s, self._deadline_s = stall_timeout_s or inf, deadline_s or inf
        self._several = several
        self._follower = Follower(recorder, dialect or str(recorder.meta["dialect"]))
        self._n_bytes, self._heard_ns = 0, 0
        self._lock = threading.Lock()  # a failure and a look may come at once

    @property
    def are_near(self) -> bool:
        """Whether the next usual look would be too late."""
        return min(self._stall_s, self._deadline_s) < LOOK_S

    def look(self) -> float:
        """End the request if its time is over; return the seconds until the next limit."""
        if (
            self._recorder.ended is not None
        ):  # an interrupt may have kept `watched` from its end
            _open.discard(self)
            return inf
        with self._lock:
            before, self._n_bytes = self._n_bytes, len(self._recorder.body)
            if self._n_bytes - before <= QUIET_BYTES or self._next()[0] <= 0:
                self._hear()
            left_s, how, detail = self._next()
        if left_s <= 0:
            self._stop(how, detail)
        return left_s

    def failed(self, exc: BaseException) -> None:
        """Note the limit that made the request fail with `exc`, if one did."""
        if (failure := how_of(exc)) not in ("timeout", "connect"):
            return
        with self._lock:
            self._has_unread = bool  # a closed connection cannot tell
            self._hear()
            left_s, how, detail = self._next()
        if left_s <= 0 or (failure == "timeout" and how == "left_open"):
            self._stop(how, detail)
        elif failure == "timeout":
            self._stop("timeout", f"{sentence(exc)}, the limit of timeout=")

    def clamp(self, timeouts: dict[str, float | None]) -> None:
        """Shorten a client's own limits, for waits that no thread can end: to connect."""
        for name, given in timeouts.items():
            own_s = min(self._deadline_s, self._stall_s if name == "read" else inf)
            shortest_s = min(own_s, inf if given is None else given)
            timeouts[name] = None if shortest_s == inf else shortest_s

    def _next(self) -> tuple[float, How, str]:
        """Return the seconds until the next limit, the end that it makes, and its detail."""
        now_ns, marks = self._recorder.clock(), self._recorder.marks
        called_ns = marks.get("called", now_ns)
        heard_ns = self._heard_ns or marks.get("request_sent", called_ns)
        silent_s = 0.0 if self._has_unread() else (now_ns - heard_ns) / 1e9
        left_s = self._deadline_s - (now_ns - called_ns) / 1e9
        reader = self._follower.reader
        # One of several answers may end before the next one begins.
        finished = reader and reader.finished and (reader.terminator or not self._several)
        if reader and (finished or reader.failed):
            left_s = min(left_s, LEFT_OPEN_S - silent_s)
            return left_s, "left_open", "the server left the connection open"
        if self._stall_s - silent_s < left_s:
            no_delta = f"no delta came for {self._stall_s:g} s"
            return (
                self._stall_s - silent_s,
                "timeout",
                f"{no_delta}, the limit of stall_timeout_s=",
            )
        late = f"the answer took longer than {self._deadline_s:g} s"
        return left_s, "timeout", f"{late}, the limit of deadline_s="

    def _hear(self) -> None:
        """Decode what has come; note when the last delta arrived that adds something."""
        follower = self._follower
        follower.poll()
        new = follower.interpret()
        # In an API's stream a `meta` adds nothing: empty chunks keep a connection alive.
        is_plain = follower.reader is not None and not follower.reader.decides
        idle = ("comment", "ping", "" if is_plain else "meta")
        for row in reversed(new):
            if follower.deltas[row].kind not in idle:
                read = follower.read_of_line(follower.delta_lines[row])
                self._heard_ns = self._recorder.columns.arrived_ns[read]
                break


@contextmanager
def watched(limits: Limits) -> Iterator[None]:
    """Hold a request to its limits while this block runs."""
    with _lock:
        if not (_threads and _threads[-1].is_alive()):  # as in a forked child
            _threads[:] = [threading.Thread(target=_run, name="streamlab-limits", daemon=True)]
            _threads[-1].start()
        _open.add(limits)
        # Each wake costs a look at every request, and 200 may begin at once.
        if len(_open) == 1 or limits.are_near:
            _wake.set()
    try:
        yield
    except BaseException as exc:
        limits.failed(exc)
        raise
    finally:
        _open.discard(limits)


def _run() -> None:
    wait_s: float | None = None
    while True:
        _wake.wait(wait_s)
        _wake.clear()
        left_s = [limits.look() for limits in list(_open)]
        wait_s = max(min(*left_s, LOOK_S), 0.01) if left_s else None


_lock, _wake = threading.Lock(), threading.Event()
_open: set[Limits] = set()
_threads: list[threading.Thread] = []
