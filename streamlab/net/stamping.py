"""Stamps what one socket receives: the one place that calls ``recv``."""

# Rule: a stamp is never better than its tier says.  Where a kernel stamp is missing or
# cannot be true, the clock right after the read is the stamp, and the tier is ``user``.

import socket
from functools import lru_cache
from importlib import import_module

from streamlab.net import kernel
from streamlab.net.together import Facts, Judge, Sleeps
from streamlab.tape import UNKNOWN, Clock, Stamp, monotonic_ns

# How much later than its read a kernel stamp may be: the error of two anchors.
SLACK_NS = 20_000
_sleeps = Sleeps()


@lru_cache(maxsize=1)
def wall_map() -> kernel.WallMap:
    """Return the map of this process, anchored on first use."""
    return kernel.WallMap()


@lru_cache(maxsize=1)
def warm_up() -> int | None:
    """Load and switch on, once a process, the parts that the first request would wait for.

    The parts are kernel stamping, the codec of host names, and asyncio's threads for host
    names.  Return the descriptor that keeps stamping on.
    """
    "localhost".encode("idna")
    import_module("concurrent.futures.thread")
    return kernel.keep_on() if kernel.available() else None


class Meter:
    """Reads a socket and stamps each read, in the best tier that is available.

    `sock` is not yet connected, so that no byte is queued before stamping is on.
    """

    def __init__(
        self,
        sock: socket.socket,
        clock: Clock = monotonic_ns,
        wall: kernel.WallMap | None = None,
    ) -> None:
        self.sock = sock
        self._clock = clock
        self.kernel = kernel.available() and kernel.enable(sock)
        warm_up()
        if self.kernel:
            self._wall = wall or wall_map()
        self._n_bytes = 0  # read so far, to compare with the kernel's count
        self._counted = 0  # segments up to the last read, if they were known then
        self._born_ns = clock()
        self._floor_ns = self._born_ns  # no unread byte arrived before this
        self._last_ns = self._born_ns  # arrivals never go back
        self._judge, self._look = Judge(), kernel.Look()
        self._is_alone = False  # the reader waits for this socket only

    def waits(self, after_ns: int = UNKNOWN) -> None:
        """Note that this thread begins to wait for bytes; see `Sleeps.begin`."""
        self._is_alone = after_ns == UNKNOWN
        if self.kernel:
            _sleeps.begin(self._clock, after_ns)

    def returns(self) -> None:
        """Note that the reader did not read this socket until now."""
        if self.kernel:
            self._judge.returns(kernel.received(self.sock)[0])

    def recv(self, max_bytes: int) -> tuple[bytes, Stamp]:
        """Read once; return the bytes, ``b""`` at the end of the stream, and their stamp.

        Raises the exceptions of the socket, ``BlockingIOError`` included.
        """
        if self.kernel:
            return self._recvmsg(max_bytes)
        data = self.sock.recv(max_bytes)
        seen_ns = self._clock()
        return data, Stamp(seen_ns, seen_ns)

    def _recvmsg(self, max_bytes: int) -> tuple[bytes, Stamp]:
        clock = self._clock
        woken_ns, queued = clock(), kernel.received(self.sock)
        slept, look = None, self._look
        if queued[1] - self._counted != 1:
            slept, look = self._looked(queued, woken_ns)
        elif not self._is_alone:
            _sleeps.note(woken_ns)
        before_ns = clock()
        data, ancillary, _, _ = self.sock.recvmsg(max_bytes, kernel.ANCILLARY_BYTES)
        seen_ns = clock()
        n_segments = self._segments(len(data), queued)
        arrived_ns = self._arrived(ancillary, seen_ns)
        floor_ns = self._floor_ns
        # A read that got less than it asked for has emptied the queue.  The next bytes arrive
        # after the call began, so that moment bounds their arrival from below.
        if len(data) < max_bytes:
            self._floor_ns = max(before_ns, floor_ns, arrived_ns or 0)
        if arrived_ns is None:
            self._last_ns = seen_ns
            return data, Stamp(seen_ns, seen_ns, "user", n_segments, floor_ns)
        self._last_ns = arrived_ns
        if n_segments == 1:
            return data, Stamp(arrived_ns, seen_ns, "kernel", 1, UNKNOWN, "single")
        # After a count of one, another segment may have come just now.
        slept = _sleeps.before(woken_ns) if slept is None else slept
        n_bytes, lo_ns = len(data), min(floor_ns, arrived_ns)
        first_ns = look.first_ns and self._wall.to_mono_ns(look.first_ns, seen_ns)
        came = (arrived_ns, lo_ns, first_ns or arrived_ns, woken_ns, slept)
        size = (self._n_bytes - n_bytes, n_bytes, n_segments, queued[0])
        arrival = self._judge.arrival(Facts(*came, *size, look))
        return data, Stamp(arrived_ns, seen_ns, "kernel", n_segments, lo_ns, arrival)

    def _looked(self, queued: tuple[int, int], now_ns: int) -> tuple[int, kernel.Look]:
        # Return how often the reader slept, and a look at the bytes that wait.
        # A look costs CPU time.  Segments that one write can have made, for a reader that was
        # asleep until they came, do without it.
        n_segments, n_bytes = queued[1] - self._counted, queued[0] - self._n_bytes
        slept, full = _sleeps.before(now_ns), self._look.segment_bytes
        fits = slept == 1 and full > 0 and 1 < n_segments <= -(-n_bytes // full)
        if fits or queued[1] == UNKNOWN:
            return slept, self._look
        look = kernel.look(self.sock)
        self._look = kernel.Look(None, look.segment_bytes)
        return slept, look

    def _arrived(self, ancillary: list[tuple[int, int, bytes]], seen_ns: int) -> int | None:
        wall_ns = kernel.wall_stamp(ancillary)
        if wall_ns is None:
            return None
        arrived_ns = self._wall.to_mono_ns(wall_ns, seen_ns)
        if not self._floor_ns - SLACK_NS <= arrived_ns <= seen_ns + SLACK_NS:
            # The wall clock may have been set since the last anchor: look again.  After that,
            # a stamp before the last read is possible (the segment was stamped, then queued
            # while we read), but a stamp before the socket existed or after the read is not.
            self._wall.refresh()
            arrived_ns = self._wall.to_mono_ns(wall_ns, seen_ns)
            if not self._born_ns - SLACK_NS <= arrived_ns <= seen_ns + SLACK_NS:
                return None
        return min(max(arrived_ns, self._last_ns), seen_ns)

    def _segments(self, n_bytes: int, queued: tuple[int, int]) -> int:
        # Return the number of segments in this read, if the kernel's counts belong to it.
        # `queued` was counted before the read.  UNKNOWN if no count belongs to it.
        # The counts race with arrivals: a segment that came between the count and the read
        # belongs to the read.  So they are read again if the bytes differ.  A segment that came
        # after the read belongs to a later one, and this read and that have no known number.
        self._n_bytes += n_bytes
        before, self._counted = self._counted, UNKNOWN
        if queued[0] != self._n_bytes:
            queued = kernel.received(self.sock)
        if queued[0] != self._n_bytes:
            return UNKNOWN
        self._counted = queued[1]
        return UNKNOWN if before == UNKNOWN else queued[1] - before


def joined(found: list[Stamp | None]) -> Stamp:
    """Return the stamp of bytes that several reads completed together, as under TLS.

    They arrived with the last read, no earlier than the first; the segments are added.
    """
    stamps = [stamp for stamp in found if stamp is not None]
    first, last = stamps[0], stamps[-1]
    if first is last:
        return last
    counts = [stamp.n_segments for stamp in stamps]
    return last._replace(
        n_segments=UNKNOWN if UNKNOWN in counts else sum(counts),
        lo_ns=first.arrived_ns if first.lo_ns == UNKNOWN else first.lo_ns,
        # Without the last read there was nothing to decrypt.  So its moment is that of all.
        arrival="burst" if last.arrival == "single" else last.arrival,
    )
