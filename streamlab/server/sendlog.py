"""When every write of every stream was due, and when it was sent.

``sent`` is the clock right before the ``send`` that took the write's last byte.  Offsets
count bytes of the encoded body, after its content-encoding and before chunk framing.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

# The most writes in the logs (24 MB); above it, the oldest streams are dropped.
MAX_ROWS = 1_000_000


@dataclass(slots=True)
class SendLog:
    """The writes of one stream, a column each."""

    stream: str
    scenario: str
    # Arrays of int64 take 24 bytes a write; a tuple of three ints takes about 160, and the
    # garbage collector would visit every tuple while streams run.
    ends: array[int] = field(default_factory=lambda: array("q"))
    sent_ns: array[int] = field(default_factory=lambda: array("q"))
    due_ns: array[int] = field(default_factory=lambda: array("q"))
    done: bool = False

    def add(self, end: int, sent_ns: int, due_ns: int) -> None:
        """Note one write that was sent."""
        self.ends.append(end)
        self.sent_ns.append(sent_ns)
        self.due_ns.append(due_ns)

    def finish(self) -> None:
        """Note that the stream is over."""
        self.done = True

    def as_json(self) -> dict[str, object]:
        """Return the document of ``GET /lab/log/<stream>``."""
        return {
            "stream": self.stream,
            "scenario": self.scenario,
            "sent": list(zip(self.ends, self.sent_ns, strict=True)),
            "due": list(zip(self.ends, self.due_ns, strict=True)),
            "done": self.done,
        }


class SendLogs:
    """The logs of the latest streams, by the streams' ids."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._logs: dict[str, SendLog] = {}
        self._max_rows = max_rows
        self._count = 0
        self._rows = 0  # writes of ended streams

    def open(self, scenario: str) -> SendLog:
        """Return the log of a new stream."""
        self._count += 1
        log = self._logs[str(self._count)] = SendLog(str(self._count), scenario)
        return log

    def close(self, log: SendLog) -> None:
        """Note that a stream is over, and drop the oldest logs above `max_rows`."""
        log.finish()
        self._rows += len(log.ends)
        # A client asks for a log after its stream, so the logs of running streams are kept,
        # and `_rows` does not count them.  At least one log is done here, because `_rows` is
        # above 0.  A dict keeps the order of insertion, so the first such log is the oldest.
        while self._rows > self._max_rows:
            oldest = next(stream for stream, log in self._logs.items() if log.done)
            self._rows -= len(self._logs.pop(oldest).ends)

    def get(self, stream: str) -> SendLog | None:
        """Return a stream's log; None if it is unknown."""
        return self._logs.get(stream)
