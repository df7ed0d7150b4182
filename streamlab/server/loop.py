"""One thread that waits for sockets and for deadlines, and is late for neither.

One thread, because a second would have to wait for the GIL.  It sleeps in
``select`` on the selector's own descriptor: that takes microseconds, where ``epoll_wait``
rounds to milliseconds.  A sleep of the kernel's ends some 50 µs late; so while few
deadlines are pending it wakes early and spins.

Rule 1: deadlines are absolute; being late once delays nothing after it.
Rule 2: after each socket served, what has become due is fired.
"""

from __future__ import annotations

import contextlib
import heapq
import select
import selectors
import socket
from collections.abc import Callable
from itertools import count
from pathlib import Path

from streamlab.tape.clock import Clock, monotonic_ns

SPIN_NS = 120_000
"""How early to wake and spin: longer than most wake-ups are late."""

FEW = 4
"""With more deadlines pending than this, no spinning: it would cost the client its core."""

MAX_SLEEP_S = 0.5  # a Ctrl-C that comes just before the sleep is seen after it


class Loop:
    """Calls back when a socket is ready and when a deadline has come."""

    def __init__(self, clock: Clock = monotonic_ns) -> None:
        self.clock = clock
        self.selector = selectors.DefaultSelector()
        self.stopped = False
        self._deadlines: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = count()  # callbacks cannot be compared
        # A selector without a descriptor (Windows) is asked itself, to the millisecond.
        self._fileno: int | None = getattr(self.selector, "fileno", lambda: None)()

    def at(self, t_ns: int, call: Callable[[], object]) -> None:
        """Call once the clock has reached `t_ns`.  There is no way to call it off."""
        heapq.heappush(self._deadlines, (t_ns, next(self._numbers), call))

    def watch(self, source: object, mask: int, call: Callable[[int], object]) -> None:
        """Call with the events seen whenever `source` is ready for `mask`."""
        if source in self.selector.get_map():
            self.selector.modify(source, mask, call)  # type: ignore[arg-type]
        else:
            self.selector.register(source, mask, call)  # type: ignore[arg-type]

    def forget(self, source: object) -> None:
        """Watch `source` no longer."""
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(source)  # type: ignore[arg-type]

    def close(self) -> None:
        """Close every socket that is still watched, and the selector."""
        for key in list(self.selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self.selector.close()

    def run(self) -> None:
        """Serve until `stopped`."""
        while not self.stopped:
            if self._sleep():
                for key, mask in self.selector.select(0):
                    if (
                        key.fd in self.selector.get_map()
                    ):  # an earlier callback may have closed it
                        key.data(mask)
                    self._fire()
            self._fire()

    def _fire(self) -> None:
        """Make the calls that are due; those that they add wait for the next round."""
        deadlines, now_ns, due = self._deadlines, self.clock(), []
        while deadlines and deadlines[0][0] <= now_ns:
            due.append(heapq.heappop(deadlines)[2])
        for call in due:
            call()

    def _sleep(self) -> bool:
        """Sleep until the next deadline; say whether a socket was ready before."""
        if not self._deadlines:
            return self._ready(MAX_SLEEP_S)
        due_ns = self._deadlines[0][0]
        margin_ns = SPIN_NS if len(self._deadlines) <= FEW else 0
        wait_s = (due_ns - margin_ns - self.clock()) / 1e9
        ready = self._ready(wait_s)
        if wait_s > MAX_SLEEP_S:
            return ready
        while margin_ns and not ready and self.clock() < due_ns:
            pass
        return ready

    def _ready(self, timeout_s: float) -> bool:
        timeout_s = min(max(timeout_s, 0.0), MAX_SLEEP_S)
        if self._fileno is None:
            return bool(self.selector.select(timeout_s))
        return bool(select.select([self._fileno], [], [], timeout_s)[0])


def wake_promptly() -> None:
    """Ask Linux not to group this thread's wake-ups: its default lets them be 50 µs late."""
    with contextlib.suppress(OSError):
        Path("/proc/self/timerslack_ns").write_text("1", "ascii")
