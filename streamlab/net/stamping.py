"""Stamps what one socket receives: the one place that calls ``recv``.

Rule: a stamp is never better than its tier says.  Where a kernel stamp is missing or
cannot be true, the read is stamped by the clock right after it, and says ``user``.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from importlib import import_module

from streamlab.net import kernel
from streamlab.net.http2_frames import PREFACE, Frames
from streamlab.tape import UNKNOWN, Clock, Stamp, monotonic_ns

SLACK_NS = 20_000
"""A kernel stamp may seem to lie after the read by the error of the two anchors."""


@lru_cache(maxsize=1)
def wall_map() -> kernel.WallMap:
    """Return the map of this process, anchored on first use."""
    return kernel.WallMap()


@lru_cache(maxsize=1)
def warm_up() -> int | None:
    """Get ready what a first request would else wait for, once; call it before that.

    Kernel stamping is switched on for this process, and loaded what names are looked up with:
    a codec, and asyncio's threads.
    """
    "localhost".encode("idna")
    import_module("concurrent.futures.thread")
    return kernel.keep_on() if kernel.available() else None


class Meter:
    """Reads a socket and stamps each read, in the best tier there is.

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
        self._floor_ns = self._born_ns  # nothing that is still unread arrived before this
        self._last_ns = self._born_ns  # arrivals never go back

    def recv(self, max_bytes: int) -> tuple[bytes, Stamp]:
        """Read once; return the bytes, ``b""`` at the end of the stream, and their stamp.

        Raises whatever the socket raises, ``BlockingIOError`` included.
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
        if len(data) < max_bytes:  # the queue is empty: what follows has not come yet
            self._floor_ns = max(before_ns, floor_ns, arrived_ns or 0)
        if arrived_ns is None:
            self._last_ns = seen_ns
            return data, Stamp(seen_ns, seen_ns, "user", n_segments, floor_ns)
        self._last_ns = arrived_ns
        lo_ns = UNKNOWN if n_segments == 1 else min(floor_ns, arrived_ns)
        return data, Stamp(arrived_ns, seen_ns, "kernel", n_segments, lo_ns)

    def _arrived(self, ancillary: list[tuple[int, int, bytes]], seen_ns: int) -> int | None:
        """Return the kernel's stamp on our clock, if there is one and it can be true."""
        wall_ns = kernel.wall_stamp(ancillary)
        if wall_ns is None:
            return None
        arrived_ns = self._wall.to_mono_ns(wall_ns, seen_ns)
        if not self._floor_ns - SLACK_NS <= arrived_ns <= seen_ns + SLACK_NS:
            self._wall.refresh()  # the wall clock may have been set since the last anchor
            arrived_ns = self._wall.to_mono_ns(wall_ns, seen_ns)
            # Stamped before the last read but queued after it is possible: the segment was
            # on its way up.  Before the socket was there, or after the read, is not.
            if not self._born_ns - SLACK_NS <= arrived_ns <= seen_ns + SLACK_NS:
                return None
        return min(max(arrived_ns, self._last_ns), seen_ns)

    def _segments(self, n_bytes: int) -> int:
        """Return how many segments this read covers, if the kernel's counts are of now.

        They race with arrivals: a segment that came between the read and the count
        belongs to a later read, and the byte count tells.
        """
        self._n_bytes += n_bytes
        before, self._counted = self._counted, UNKNOWN
        n_received, n_segments = kernel.received(self.sock)
        if n_received != self._n_bytes:
            return UNKNOWN
        self._counted = n_segments
        return UNKNOWN if before == UNKNOWN else n_segments - before


def joined(found: list[Stamp | None]) -> Stamp:
    """Return the stamp of what several reads together completed, as under TLS.

    It arrived with the last one; the first says since when, and segments add up.
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


class Exchange:
    """What a connection remembers of the request and answer going over it.

    Attributes
    ----------
    last : Stamp or None
        Of the read that returned last.
    first : Stamp or None
        Of the first read after the last write: the first byte of an answer.
    written_ns : int or None
        When the first byte after the last read was written: the start of a request.
    frames : Frames or None
        Of a connection that speaks HTTP/2: what is whose.  There, requests overlap, and
        only `last` of the others means anything.
    keeps_answer : bool
        Whether what has been read since the last request is kept for `take_answer`.
    """

    def __init__(self, clock: Clock) -> None:
        self.last: Stamp | None = None
        self.first: Stamp | None = None
        self.written_ns: int | None = None
        self.frames: Frames | None = None
        self.keeps_answer = False
        self._answer = bytearray()
        self._clock = clock

    def sends(self, buffer: bytes = b"") -> None:
        """Note that bytes are about to be written."""
        if self.written_ns is None and buffer.startswith(PREFACE):
            self.frames = Frames()
        if self.frames is not None:
            self.frames.sent(buffer, self._clock())
        if self.first is not None or self.written_ns is None:
            self.first, self.written_ns = None, self._clock()
            self._answer.clear()

    def take_answer(self) -> bytes:
        """Return what has been read since the last request, and keep no more of it."""
        self.keeps_answer = False
        answer, self._answer = bytes(self._answer), bytearray()
        return answer

    def got(self, stamp: Stamp, data: bytes = b"") -> None:
        """Note that a read returned."""
        if self.frames is not None:
            self.frames.feed(data, stamp)
        if self.keeps_answer:
            self._answer += data
        self.last = stamp
        if self.first is None:
            self.first = stamp
