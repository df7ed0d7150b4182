"""Stamps what one socket receives: the one place that calls ``recv``.

Rule: a stamp is never better than its tier says.  Where a kernel stamp is missing or
cannot be true, the clock right after the read is the stamp, and the tier is ``user``.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from importlib import import_module

from streamlab.net import kernel
from streamlab.tape import UNKNOWN, Clock, Stamp, monotonic_ns

SLACK_NS = 20_000
"""How much later than its read a kernel stamp may be: the error of two anchors."""


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

    Parameters
    ----------
    sock : socket
        Not yet connected, so that no byte is queued before stamping is on.
    clock : callable
        Monotonic, ns.
    wall : WallMap, optional
        Used for kernel stamps.
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

    def recv(self, max_bytes: int) -> tuple[bytes, Stamp]:
        """Read once; return the bytes, ``b""`` at the end of the stream, and their stamp.

        Raises the exceptions of the socket, ``BlockingIOError`` included.
        """
        clock = self._clock
        before_ns = clock()
        if not self.kernel:
            data = self.sock.recv(max_bytes)
            seen_ns = clock()
            return data, Stamp(seen_ns, seen_ns)
        data, ancillary, _, _ = self.sock.recvmsg(max_bytes, kernel.ANCILLARY_BYTES)
        seen_ns = clock()
        n_segments = self._segments(len(data))
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
        lo_ns = UNKNOWN if n_segments == 1 else min(floor_ns, arrived_ns)
        return data, Stamp(arrived_ns, seen_ns, "kernel", n_segments, lo_ns)

    def _arrived(self, ancillary: list[tuple[int, int, bytes]], seen_ns: int) -> int | None:
        """Return the kernel's stamp on our clock, if there is a stamp and it can be true."""
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

    def _segments(self, n_bytes: int) -> int:
        """Return the number of segments in this read, if the kernel's counts belong to it.

        UNKNOWN if they do not.
        """
        # The counts race with arrivals: a segment that came between the read and the count
        # belongs to a later read.  The kernel's byte count then exceeds ours, so the number
        # of segments is unknown for this read and for the next, whose start is unknown too.
        self._n_bytes += n_bytes
        before, self._counted = self._counted, UNKNOWN
        n_received, n_segments = kernel.received(self.sock)
        if n_received != self._n_bytes:
            return UNKNOWN
        self._counted = n_segments
        return UNKNOWN if before == UNKNOWN else n_segments - before


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
    )
