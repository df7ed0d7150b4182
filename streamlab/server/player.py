"""Sends one `Play` on time, and logs it.

Each write is framed ahead of its deadline, so that nothing is left to do then but
one ``send``.  A client that does not read holds up its own stream only: what the
kernel did not take waits, and so do the writes after it; each is logged with the
clock before the ``send`` that took its last byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from streamlab.server.loop import Loop
from streamlab.server.play import Ending, Play, Write
from streamlab.server.sendlog import SendLog


class Line(Protocol):
    """What a player needs of its connection."""

    def head(self, play: Play, log: SendLog | None) -> bytes:
        """Return the response's head, framed."""
        ...

    def frame(self, data: bytes) -> bytes:
        """Return body bytes, framed."""
        ...

    def tail(self) -> bytes:
        """Return the body's end, framed."""
        ...

    def send(self, data: bytes | memoryview) -> int:
        """Give bytes to the kernel; return how many it took, or -1 if the line is dead."""
        ...

    def when_writable(self, call: Callable[[], object] | None) -> None:
        """Call once the kernel takes bytes again; None calls that off."""
        ...

    def over(self, ending: Ending) -> None:
        """End the response."""
        ...


class Player:
    """One response on its way out.

    Parameters
    ----------
    t0_ns : int
        The request's arrival, from which all times count.
    speed : float
        Times are divided by it.
    """

    def __init__(
        self, loop: Loop, line: Line, play: Play, t0_ns: int, speed: float, log: SendLog | None
    ) -> None:
        self._loop, self._line, self._play, self._log = loop, line, play, log
        self._t0_ns, self._speed = t0_ns, speed
        self._writes: Iterator[Write] = iter(play.writes)
        self._upcoming: Write | None = None
        self._end = 0  # offset in the body after the write in hand
        self._wire: bytes | memoryview = b""
        self._due_ns = self._sent_ns = t0_ns
        self._then: Callable[[], None] = self._prepare
        self._blocked = False
        self.stopped = False

    def start(self) -> None:
        """Send the head when it is due, and go on from there."""
        if self._play.head_at_ns is None:
            self._prepare_ending()
            return
        self._upcoming = next(self._writes, None)
        wire = self._line.head(self._play, self._log)
        self._send_at(self._play.head_at_ns, wire, self._prepare)

    def stop(self) -> None:
        """Send nothing more: the client has left."""
        self.stopped = True

    def _send_at(self, at_ns: int, wire: bytes, then: Callable[[], None]) -> None:
        self._wire, self._then = wire, then
        self._due_ns = self._t0_ns + int(at_ns / self._speed)
        self._loop.at(self._due_ns, self._send)

    def _prepare(self) -> None:
        """Frame the next write; with the last one goes the body's end, unless it has a time."""
        write = self._upcoming
        if write is None:
            self._prepare_ending()
            return
        self._upcoming = next(self._writes, None)
        self._end += len(write.data)
        wire = self._line.frame(write.data)
        if self._upcoming is None and self._ends_at_once:
            wire += self._line.tail()
        self._send_at(write.at_ns, wire, self._written)

    @property
    def _ends_at_once(self) -> bool:
        return self._play.ending == "eof" and self._play.ending_at_ns is None

    def _prepare_ending(self) -> None:
        if self._play.ending == "silence":
            return
        if self._ends_at_once and self._end:
            self._over()
            return
        wire = self._line.tail() if self._play.ending == "eof" else b""
        self._send_at(self._play.ending_at_ns or 0, wire, self._over)

    def _send(self) -> None:
        """Give the wire to the kernel; go on once it has taken all."""
        if self.stopped:
            return
        self._sent_ns = self._loop.clock()
        n = self._line.send(self._wire) if self._wire else 0
        if n < 0:
            return
        if n < len(self._wire):
            self._wire = memoryview(self._wire)[n:]
            self._block(True)
            return
        if self._blocked:
            self._block(False)
        self._then()

    def _block(self, blocked: bool) -> None:
        self._blocked = blocked
        self._line.when_writable(self._send if blocked else None)

    def _written(self) -> None:
        if self._log is not None:
            self._log.add(self._end, self._sent_ns, self._due_ns)
        self._prepare()

    def _over(self) -> None:
        self.stopped = True
        self._line.over(self._play.ending)
