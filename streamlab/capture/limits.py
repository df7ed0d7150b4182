"""Ends an own request that waits too long: for a delta, its deadline or a last byte."""

# One thread looks at the tapes of all requests; the hot path does nothing for it.  Bytes are
# decoded only where few have come lately, or where a limit is near.

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf

from streamlab.capture.libraries import how_of, sentence
from streamlab.capture.options import RequestOptions
from streamlab.capture.session import Session
from streamlab.follow import Follower
from streamlab.tape import How

LOOK_S = 0.25
LEFT_OPEN_S = 1.0  # the longest wait for the end of the body, after the API's last word
QUIET_BYTES = 256  # between two looks: comments and pings, or little else

Stop = Callable[[How, str], None]


class Limits:
    """What one request may wait for.

    `stop` ends the request.  `has_unread` says whether bytes wait to be read: then the reader
    is late, and not the server.
    """

    def __init__(
        self,
        options: RequestOptions,
        session: Session,
        stop: Stop,
        has_unread: Callable[[], bool],
    ) -> None:
        self._recorder, self._stop, self._has_unread = session.recorder, stop, has_unread
        self._stall_s = options.stall_timeout_s or inf
        self._deadline_s = options.deadline_s or inf
        self._follower = Follower(session.recorder, session.dialect)
        self._n_bytes = self._heard_ns = 0
        self._lock = threading.Lock()  # a failure and a look may come at once

    def look(self) -> float:
        """End the request if its time is over; return the seconds until the next limit."""
        if self._recorder.ended is not None:
            # An interrupt may have kept `watched` from its own end.
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
        if (failure := how_of(exc)) in ("timeout", "connect"):
            # Nothing is unread, though a closed connection cannot tell.
            self._has_unread, self._n_bytes = bool, len(self._recorder.body)
            self.look()
        if failure == "timeout":  # a reason that `look` gave stays
            how, detail = self._next()[1:]
            other = f"{sentence(exc)}, the limit of timeout="
            self._stop(how, detail if how == "left_open" else other)

    def clamp(self, timeouts: dict[str, float | None]) -> None:
        """Shorten a client's own limits, for waits that no thread can end: to connect."""
        for name, given in timeouts.items():
            stall_s = self._stall_s if name == "read" else inf
            least_s = min(inf if given is None else given, self._deadline_s, stall_s)
            timeouts[name] = None if least_s == inf else least_s

    def _next(self) -> tuple[float, How, str]:
        # Return the seconds until the next limit, the end that it makes, and its detail.
        now_ns, marks = self._recorder.clock(), self._recorder.marks
        called_ns = marks.get("called", now_ns)
        heard_ns = self._heard_ns or marks.get("request_sent", called_ns)
        silent_s = 0.0 if self._has_unread() else (now_ns - heard_ns) / 1e9
        stall_s = self._stall_s - silent_s
        late_s = self._deadline_s - (now_ns - called_ns) / 1e9
        if self._said_all():
            left_s = min(late_s, LEFT_OPEN_S - silent_s)
            return left_s, "left_open", "the server left the connection open"
        if stall_s < late_s:
            none = f"no delta came for {self._stall_s:g} s, the limit of stall_timeout_s="
            return stall_s, "timeout", none
        late = f"the answer took longer than {self._deadline_s:g} s, the limit of deadline_s="
        return late_s, "timeout", late

    def _said_all(self) -> bool:
        reader, asked = self._follower.reader, self._recorder.meta.get("request")
        # One of several answers may end before the next one begins.
        several = isinstance(asked, dict) and asked.get("n", 1) != 1
        finished = reader and (reader.terminator or (reader.finished and not several))
        return bool(reader and (finished or reader.failed))

    def _hear(self) -> None:
        # Decode what has come; note when the last delta arrived that adds something.
        follower = self._follower
        follower.poll()
        new = follower.interpret()
        # In an API's stream a `meta` adds nothing: empty chunks keep a connection alive.
        adds_nothing = {"comment", "ping"}
        if follower.reader and follower.reader.decides:
            adds_nothing.add("meta")
        rows = (row for row in reversed(new) if follower.deltas[row].kind not in adds_nothing)
        if (row := next(rows, None)) is not None:
            read = follower.read_of_line(follower.delta_lines[row])
            self._heard_ns = self._recorder.columns.arrived_ns[read]


@contextmanager
def watched(limits: Limits) -> Iterator[None]:
    """Hold a request to its limits while this block runs."""
    with _lock:
        _open.add(limits)
        if not (_threads and _threads[-1].is_alive()):  # as in a forked child
            _threads.append(threading.Thread(target=_run, name="streamlab-limits", daemon=True))
            _threads[-1].start()
    try:
        yield
    except BaseException as exc:
        limits.failed(exc)
        raise
    finally:
        _open.discard(limits)


def _run() -> None:
    while True:
        with _lock:
            if not _open:
                return _threads.clear()
        left_s = min((limits.look() for limits in list(_open)), default=0.0)
        time.sleep(min(max(left_s, 0.01), LOOK_S))


_lock = threading.Lock()
_open: set[Limits] = set()
_threads: list[threading.Thread] = []
