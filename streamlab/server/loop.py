"""One thread that waits for sockets and for deadlines, and serves both on time.

Rule 1: deadlines are absolute; one late call does not delay the calls after it.
Rule 2: after each socket served, the calls that have become due are made.
"""

import contextlib
import heapq
import select
import selectors
import socket
from collections import deque
from collections.abc import Callable
from itertools import count
from pathlib import Path

from streamlab.tape.clock import Clock, monotonic_ns

# The kernel ends a sleep some 50 µs late.  So the loop wakes up this much before the deadline
# (most sleeps are less late), and spins until the deadline.
SPIN_NS = 120_000
# A stream whose next write is due so long ago is behind: it waits for those on time.
LATE_NS = 1_000_000
# With many streams a deadline is nearly always close: the loop would spin without a pause and
# use the core that the client needs.  Then a write is late by the wake-up, about 50 µs.
FEW = 4  # with more pending deadlines than this, the loop does not spin
# A signal that comes between the check of `stopped` and the sleep does not end the sleep.
# So this is also the longest wait before a Ctrl-C or a stop has an effect.
MAX_SLEEP_S = 0.5


class Loop:
    """Calls back when a socket is ready and when a deadline has come."""

    # One thread, because a second one would have to wait for the GIL.

    def __init__(self, clock: Clock = monotonic_ns) -> None:
        self.clock = clock
        self._selector = selectors.DefaultSelector()
        self._stopped = False
        self._deadlines: list[tuple[int, int, Callable[[], object]]] = []
        self._late: deque[Callable[[], object]] = deque()
        self._numbers = count()  # orders equal times, because callbacks cannot be compared
        # Without a descriptor (Windows), the loop waits in the selector, to the millisecond.
        self._fileno: int | None = getattr(self._selector, "fileno", lambda: None)()

    def at(self, t_ns: int, call: Callable[[], object]) -> None:
        """Call `call` once the clock has reached `t_ns`.  This cannot be cancelled."""
        if t_ns < self.clock() - LATE_NS:
            self._late.append(call)
        else:
            heapq.heappush(self._deadlines, (t_ns, next(self._numbers), call))

    def watch(
        self, source: socket.socket | int, mask: int, call: Callable[[int], object]
    ) -> None:
        """Call `call` with the events each time that `source` is ready for `mask`."""
        if source in self._selector.get_map():
            self._selector.modify(source, mask, call)
        else:
            self._selector.register(source, mask, call)

    def forget(self, source: socket.socket | int) -> None:
        """Stop watching `source`."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(source)

    def stop(self) -> None:
        """End `run` after the callback that is running."""
        self._stopped = True

    def close(self) -> None:
        """Close every socket that is still watched, and the selector."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def run(self) -> None:
        """Serve until `stop` is called."""
        while not self._stopped:
            if self._sleep():
                self._serve()
            self._fire()

    def _serve(self) -> None:
        for key, mask in self._selector.select(0):
            # A callback before this one may have closed the socket.
            if key.fd in self._selector.get_map():
                key.data(mask)
            # A thousand new connections at once would otherwise delay every running stream
            # by the time of all their requests.
            self._fire()

    def _fire(self) -> None:
        # Calls that are new then wait for the next round.
        # Otherwise a stream whose writes are all due at once (step_ms=0) would run to its end
        # before any socket or other stream is served.
        deadlines, now_ns, due = self._deadlines, self.clock(), []
        while deadlines and deadlines[0][0] <= now_ns:
            due.append(heapq.heappop(deadlines)[2])
        for call in due:
            call()
        # Between two calls of streams that are behind, those that come due are made: two
        # hundred streams without a pause delay another stream by one call only.
        for _ in range(len(self._late)):
            self._late.popleft()()
            if deadlines and deadlines[0][0] <= self.clock():
                heapq.heappop(deadlines)[2]()

    def _sleep(self) -> bool:
        """Sleep until the next deadline; return whether a socket became ready before."""
        if self._late:
            return self._ready(0)
        if not self._deadlines:
            return self._ready(MAX_SLEEP_S)
        due_ns = self._deadlines[0][0]
        margin_ns = SPIN_NS if len(self._deadlines) <= FEW else 0
        wait_s = (due_ns - margin_ns - self.clock()) / 1e9
        ready = self._ready(wait_s)
        if wait_s > MAX_SLEEP_S:
            return ready  # the sleep was short, and the deadline is too far away to spin
        while margin_ns and not ready and self.clock() < due_ns:
            pass
        return ready

    def _ready(self, timeout_s: float) -> bool:
        timeout_s = min(max(timeout_s, 0.0), MAX_SLEEP_S)
        if self._fileno is None:
            return bool(self._selector.select(timeout_s))
        # An epoll descriptor is itself readable when one of its sockets is ready.  select()
        # waits for it to the microsecond; epoll_wait() takes whole milliseconds, and Python
        # rounds them up.  select() cannot take a descriptor above 1023: this one is opened
        # before any connection.
        return bool(select.select([self._fileno], [], [], timeout_s)[0])


def wake_promptly() -> None:
    """Ask Linux for a timer slack of 1 ns; by default, wake-ups may be 50 µs late."""
    with contextlib.suppress(OSError):
        Path("/proc/self/timerslack_ns").write_text("1", "ascii")
