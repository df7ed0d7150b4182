"""Whether the segments of one read came together, or queued while the reader was away."""

# A read of several segments has one stamp, the last's.  If the reader was asleep until bytes
# came, and then read at once, the segments came together.  If it was busy, they may have come
# at any time since the queue was empty.
#
# Rule: what the facts do not show is None.

import threading
from typing import NamedTuple

from streamlab.net import kernel
from streamlab.tape import UNKNOWN, Arrival, Clock

# Segments that came within this time are one arrival: a reader takes about 100 µs to wake up.
TOGETHER_NS = 500_000
# A read is prompt if it begins so soon after its last segment: whatever the thread did before;
# if the bytes woke it (on a busy machine it waits for its turn); and if, besides, one write can
# have made all segments.
PROMPT_NS, WOKEN_NS, PATIENT_NS = 250_000, 500_000, 5_000_000
# A reader that comes so late was away, even if one write can have made all segments.
LATE_NS = 20_000_000
# A sender that had to stop goes on so soon after the reader has made room.
HELD_NS = 100_000
# To count costs CPU time, so a loop of many streams does not count for each of their reads.
COUNT_EVERY_NS = 200_000
# A thread that is awake for longer was busy: it did not wait for the bytes that it reads.
AWAKE_NS = 500_000


class Sleeps(threading.local):
    """How often this thread slept before it read; each thread has its own count."""

    # The kernel counts each time a thread goes to sleep: in a wait for bytes, in `time.sleep`,
    # in a wait for Python's interpreter lock (again every 5 ms).  So a reader that slept once
    # was woken by the bytes, and one that slept often had to wait for the lock too.

    def __init__(self) -> None:
        self._n, self._slept = kernel.n_sleeps(), 0
        self._noted_ns = self._awake_ns = 0

    def begin(self, clock: Clock, after_ns: int = UNKNOWN) -> None:
        """Note that a wait for bytes begins, unless this thread counted within `after_ns`."""
        # What the thread slept before was for something else.
        now_ns = clock()
        if now_ns - self._noted_ns > after_ns:
            self._n, self._slept = kernel.n_sleeps(), 0
            self._noted_ns = self._awake_ns = now_ns

    def note(self, now_ns: int) -> None:
        """Count again, if the last count is so old that a later read could be misjudged."""
        if now_ns - self._noted_ns > COUNT_EVERY_NS:
            self.before(now_ns)

    def before(self, now_ns: int) -> int:
        """Return how often this thread slept before a read at `now_ns`; 0 if it was busy."""
        # Several sockets may be read after one sleep, so the number counts for a while.
        n, self._noted_ns = kernel.n_sleeps(), now_ns
        if n != self._n:
            self._n, self._slept, self._awake_ns = n, n - self._n, now_ns
        elif now_ns - self._awake_ns > AWAKE_NS:
            self._slept = 0
        return self._slept if n > 0 else UNKNOWN  # some sandboxes count no sleeps


class Facts(NamedTuple):
    """What is known of a read of several segments, or of an unknown number; times in ns."""

    arrived_ns: int  # the last byte came
    lo_ns: int  # no byte came before this
    first_ns: int  # the first byte came no later than this
    woken_ns: int  # the reader began to read
    slept: int  # how often the reader slept before that
    start: int  # the offset of the first byte in the connection
    n_bytes: int
    n_segments: int
    queued: int  # the offset after the last byte that waited when the reader began
    look: kernel.Look  # at the bytes that waited


class Judge:
    """Tells of the reads of one socket, in their order, how their segments came."""

    def __init__(self) -> None:
        self._away_until = 0  # bytes before this offset queued while the reader was away
        self._was_full = False  # the sender had to stop meanwhile

    def returns(self, queued: int) -> None:
        """Note that the reader did not read until now, when bytes up to `queued` wait."""
        self._away_until, self._was_full = queued, True

    def arrival(self, facts: Facts) -> Arrival | None:
        """Return how the segments of a read came, as far as the facts show it."""
        found, unread = self._judged(facts), facts.queued - facts.start
        if found == "merged":
            self._away_until = facts.queued
        # The sender goes on in parts, each as soon as there is room.
        goes_on = self._was_full and facts.arrived_ns - facts.lo_ns <= TOGETHER_NS
        is_full = self._was_full or unread >= facts.look.window_bytes
        self._was_full = goes_on or (found == "merged" and is_full)
        return found

    def _judged(self, facts: Facts) -> Arrival | None:
        came_ns = facts.arrived_ns
        if facts.start < self._away_until or came_ns - facts.first_ns > TOGETHER_NS:
            return "merged"
        since_empty_ns = came_ns - facts.lo_ns
        if since_empty_ns <= HELD_NS and self._was_full:
            return "merged"  # it was written while the reader was away
        if since_empty_ns <= TOGETHER_NS:
            return "burst"
        # One segment has at most 65,535 bytes.
        are_several = facts.n_segments > 1 or facts.n_bytes > 65535
        return _by_reader(facts) if are_several else None


def _by_reader(facts: Facts) -> Arrival | None:
    # Judge by the reader: was it asleep until the bytes came, and did it read at once?
    # Two sleeps are ambiguous: the bytes woke the reader, which then waited for the lock for at
    # most 5 ms; or a timer woke it, and then it slept away from its sockets.
    waited_ns, slept = facts.woken_ns - facts.arrived_ns, facts.slept
    # One write makes full segments, and one that is shorter.
    are_writes = facts.n_segments > -(-facts.n_bytes // (facts.look.segment_bytes or 1))
    prompt_ns = PROMPT_NS if slept != 1 else WOKEN_NS if are_writes else PATIENT_NS
    if waited_ns > prompt_ns:
        return "merged" if are_writes or waited_ns > LATE_NS else None
    if slept == 1 or (slept == 2 and not are_writes):
        return "burst"
    return "merged" if slept == 0 and are_writes else None
