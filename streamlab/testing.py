"""Time and streams made by hand, for tests: ours and yours.

This module does not sleep, opens no socket and reads no real clock, so a test of times always
has the same result, at once.
"""

from collections.abc import Iterable

from streamlab.errors import UsageError
from streamlab.tape import UNKNOWN, End, How, Read, Stamp, Tape, tape_of

__all__ = ["ManualClock", "tape_from"]

T0_NS = 1_000_000_000
"""The beginning of hand-made time, in ns: times before t0 are still positive."""


class ManualClock:
    """A clock that shows the same time, `now_ns`, until it is advanced.

    Examples
    --------
    >>> clock = ManualClock()
    >>> clock()
    1000000000
    >>> clock.advance_ms(2.5)
    >>> clock() - ManualClock()()
    2500000
    """

    def __init__(self, now_ns: int = T0_NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        """Return the time in ns."""
        return self.now_ns

    def advance_ns(self, ns: int) -> None:
        """Advance the clock by `ns` nanoseconds, 0 or more; else UsageError."""
        if ns < 0:
            raise UsageError(f"a clock never goes back, and got {ns} ns. Advance by 0 or more.")
        self.now_ns += ns

    def advance_ms(self, ms: float) -> None:
        """Advance the clock by `ms` milliseconds."""
        self.advance_ns(round(ms * 1e6))


def tape_from(
    pieces: Iterable[tuple[float, bytes]],
    *,
    t0_ns: int = T0_NS,
    end: How = "eof",
    end_ms: float | None = None,
    content_type: str = "text/event-stream",
    **meta: object,
) -> Tape:
    """Return a tape of reads at the times given.

    Parameters
    ----------
    pieces : iterable of (float, bytes)
        When each read arrived, in ms since t0, and its bytes.  The read is seen at the same
        moment; when it was delivered is unknown.
    t0_ns : int
        When the request was sent: the mark ``request_sent``.
    end, end_ms : str, float
        How and when the stream ended; by default with the last read.  See `streamlab.tape.End`.
    content_type, **meta
        Written into ``tape.meta``.

    Examples
    --------
    >>> tape = tape_from([(10, b"data: a\\n\\n"), (30, b"data: b\\n\\n")], dialect="sse")
    >>> [len(read.data) for read in tape]
    [9, 9]
    >>> (tape.end.t_ns - tape.t0_ns) / 1e6, tape.end.how, tape.meta["dialect"]
    (30.0, 'eof', 'sse')
    """
    reads = [_read(t0_ns + round(t_ms * 1e6), data) for t_ms, data in pieces]
    last_ns = reads[-1].stamp.seen_ns if reads else t0_ns
    end_ns = last_ns if end_ms is None else t0_ns + round(end_ms * 1e6)
    return tape_of(
        reads,
        End(end_ns, end),
        marks={"request_sent": t0_ns},
        meta={"content_type": content_type, **meta},
    )


def _read(t_ns: int, data: bytes) -> Read:
    return Read(data, Stamp(t_ns, t_ns), UNKNOWN, UNKNOWN)
