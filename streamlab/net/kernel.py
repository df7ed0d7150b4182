"""Arrivals from the Linux kernel: receive stamps, segment counts, and their clock."""

# The kernel stamps each TCP segment when it takes the segment from the network
# (``SO_TIMESTAMPNS``, see *Documentation/networking/timestamping.rst*).  A read returns the
# stamp of its last segment together with the bytes.  ``TCP_INFO`` counts the segments.
#
# Rule: all code that needs Linux is in this module, and `available` is False elsewhere.

import socket
import struct
import sys
import threading
from collections import deque
from typing import NamedTuple

from streamlab.tape import UNKNOWN, Anchor, Clock, anchor, monotonic_ns

if sys.platform == "linux":
    from resource import RUSAGE_THREAD, getrusage

SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module has no name for it
ANCILLARY_BYTES = socket.CMSG_SPACE(16) if hasattr(socket, "CMSG_SPACE") else 0

_TIMESPEC = struct.Struct("@ll")
_TCP_INFO = struct.Struct("=B127xQ16xI")  # tcpi_state, _bytes_received, _data_segs_in
_LIMITS = struct.Struct("=16xII208xI")  # tcpi_snd_mss, tcpi_rcv_mss, tcpi_rcv_wnd
_TCP_INFO_OPTION = getattr(socket, "TCP_INFO", 11)
_CLOSE_WAIT = 8  # the FIN has come, and is counted in tcpi_bytes_received as one byte

PATIENCE_S = 0.2  # the longest wait until the kernel stamps
ANCHOR_EVERY_NS = 1_000_000_000
# A larger change of the wall clock against the monotonic clock is a step, not a steering.
STEP_NS = 100_000


def available() -> bool:
    """Return whether this platform can stamp in the kernel."""
    return sys.platform == "linux" and hasattr(socket.socket, "recvmsg")


def enable(sock: socket.socket) -> bool:
    """Ask for receive stamps, before connect; return whether the kernel agreed."""
    # Segments that are queued before the option is set have no stamp, and a server may send its
    # first bytes as soon as the connection is open.
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def keep_on() -> int | None:
    """Switch stamping on; return the file descriptor that keeps it on, None if it failed."""
    # The kernel stamps only while a socket asks for stamps (a static key), and takes some
    # milliseconds to begin: without this, the first reads of a process would have no stamp.  So
    # we send datagrams to ourselves until one comes back stamped.
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        enable(sock)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(PATIENCE_S)
        give_up_ns = monotonic_ns() + int(PATIENCE_S * 1e9)
        while monotonic_ns() < give_up_ns:
            sock.sendto(b"?", sock.getsockname())
            if wall_stamp(sock.recvmsg(1, ANCILLARY_BYTES)[1]) is not None:
                return sock.detach()  # so that stamping stays on until the process ends
    except OSError:
        pass
    sock.close()
    return None


def wall_stamp(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    """Return the CLOCK_REALTIME stamp of a read, in ns; None without one."""
    for level, kind, data in ancillary:
        if (
            level == socket.SOL_SOCKET
            and kind == SO_TIMESTAMPNS
            and len(data) >= _TIMESPEC.size
        ):
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return None


def received(sock: socket.socket) -> tuple[int, int]:
    """Return how many payload bytes and data segments the kernel has counted on a connection.

    ``(-1, -1)`` where the kernel does not count.
    """
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO_OPTION, 160)
        state, n_bytes, n_segments = _TCP_INFO.unpack_from(info)
    except (OSError, struct.error):  # not a TCP socket, or an old kernel
        return UNKNOWN, UNKNOWN
    if state == _CLOSE_WAIT:
        n_bytes -= 1
    return n_bytes, n_segments


class Look(NamedTuple):
    """What the kernel tells of bytes that wait to be read."""

    first_ns: int | None = None  # CLOCK_REALTIME: the first byte came no later
    segment_bytes: int = 0  # of a full segment, estimated; 0 if that is not known
    window_bytes: int = sys.maxsize  # what the sender was last allowed to send


def look(sock: socket.socket) -> Look:
    """Look at the bytes that wait on a connection whose segments are counted."""
    # A read of one byte returns the stamp of the first buffer alone.  The kernel may have
    # joined segments that came later into this buffer (about 17 small ones on loopback), and
    # then keeps the stamp of the last of them.
    first_ns = wall_stamp(sock.recvmsg(1, ANCILLARY_BYTES, socket.MSG_PEEK)[1])
    info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO_OPTION, _LIMITS.size)
    # The kernel learns the sender's size from the segments that came: too small a size while
    # the server's writes are short.  So the size of our own segments counts too.  Linux before
    # 6.2 does not tell the window, and returns less.
    sent, received, window = _LIMITS.unpack(info.ljust(_LIMITS.size, b"\xff"))
    return Look(first_ns, max(sent, received), window)


def n_sleeps() -> int:
    """Return how often this thread has gone to sleep, in a wait for bytes or for a lock."""
    return getrusage(RUSAGE_THREAD).ru_nvcsw if sys.platform == "linux" else UNKNOWN


class ClockStep(NamedTuple):
    """The wall clock was set: when, and by how much."""

    t_ns: int
    by_ns: int


class WallMap:
    """Maps CLOCK_REALTIME, the clock of the kernel's stamps, to the monotonic clock."""

    # NTP steers both clocks in the same way, so their offset is constant until the wall clock
    # is set.  One bracketed anchor a second is therefore enough; an anchor that disagrees with
    # the one before it is a step of the wall clock, and is kept as a `ClockStep`.

    def __init__(self, clock: Clock = monotonic_ns, wall: Clock | None = None) -> None:
        self._clock, self._wall = clock, wall
        self._lock = threading.Lock()
        self.steps: deque[ClockStep] = deque(maxlen=100)
        self.anchor = self._read()
        self._due_ns = self.anchor.mono_ns + ANCHOR_EVERY_NS

    def to_mono_ns(self, wall_ns: int, now_ns: int) -> int:
        """Return the monotonic time of a kernel stamp that was read at `now_ns`."""
        if now_ns >= self._due_ns:
            self.refresh()
        return wall_ns - self.anchor.wall_ns + self.anchor.mono_ns

    def refresh(self) -> Anchor:
        """Take a new anchor now, and note a step against the last one."""
        with self._lock:
            fresh, last = self._read(), self.anchor
            moved = (fresh.wall_ns - fresh.mono_ns) - (last.wall_ns - last.mono_ns)
            if abs(moved) > STEP_NS + fresh.error_ns + last.error_ns:
                self.steps.append(ClockStep(fresh.mono_ns, moved))
            self.anchor = fresh
            self._due_ns = fresh.mono_ns + ANCHOR_EVERY_NS
            return fresh

    def steps_between(self, start_ns: int, end_ns: int) -> list[ClockStep]:
        """Return the steps seen in a span of monotonic time."""
        return [step for step in self.steps if start_ns <= step.t_ns <= end_ns]

    def _read(self) -> Anchor:
        return anchor(self._clock) if self._wall is None else anchor(self._clock, self._wall)
