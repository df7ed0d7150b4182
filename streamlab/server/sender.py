"""Sends one `Response` on time, and logs it.

Each write is framed before its deadline, so that at the deadline one ``send`` is enough.
A client that does not read delays its own stream only: the bytes that the kernel did not take
wait, and the later writes of this stream wait too.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from streamlab.server.loop import Loop
from streamlab.server.response import Ending, Response, Write
from streamlab.server.sendlog import SendLog


class Channel(Protocol):
    """The part of a `Connection` that a sender uses; see its methods."""

    def head(self, response: Response, log: SendLog | None) -> bytes: ...  # noqa: D102
    def frame(self, data: bytes) -> bytes: ...  # noqa: D102
    def tail(self) -> bytes: ...  # noqa: D102
    def send(self, data: bytes | memoryview) -> int: ...  # noqa: D102
    def when_writable(self, call: Callable[[], object] | None) -> None: ...  # noqa: D102
    def finish(self, ending: Ending) -> None: ...  # noqa: D102


class Sender:
    """Sends one response.

    `t0_ns` is the request's arrival, from which all times count; they are divided by `speed`.
    """

    def __init__(
        self,
        loop: Loop,
        channel: Channel,
        response: Response,
        t0_ns: int,
        speed: float,
        log: SendLog | None,
    ) -> None:
        self._loop, self._channel, self._response, self._log = loop, channel, response, log
        self._t0_ns, self._speed = t0_ns, speed
        self._writes: Iterator[Write] = iter(response.writes)
        self._upcoming: Write | None = None
        self._end = 0  # offset in the body after the framed write
        self._framed: bytes | memoryview = b""
        self._due_ns = self._sent_ns = t0_ns
        self._then: Callable[[], None] = self._prepare
        self._blocked = False
        self.stopped = False

    def start(self) -> None:
        """Send the head when it is due, then the writes."""
        if self._response.head_at_ns is None:
            self._prepare_ending()
            return
        self._upcoming = next(self._writes, None)
        head = self._channel.head(self._response, self._log)
        self._send_at(self._response.head_at_ns, head, self._prepare)

    def stop(self) -> None:
        """Send no more bytes: the client has gone."""
        self.stopped = True

    def _send_at(self, at_ns: int, framed: bytes, then: Callable[[], None]) -> None:
        self._framed, self._then = framed, then
        self._due_ns = self._t0_ns + int(at_ns / self._speed)
        self._loop.at(self._due_ns, self._send)

    def _prepare(self) -> None:
        write = self._upcoming
        if write is None:
            self._prepare_ending()
            return
        # The next write is taken in advance, to see whether this write is the last one: then
        # the end of the body is in the same send.  With a send of its own, the client would
        # have one more read, a little later, and the stream would seem to end later.
        self._upcoming = next(self._writes, None)
        self._end += len(write.data)
        framed = self._channel.frame(write.data)
        if self._upcoming is None and self._ends_at_once:
            framed += self._channel.tail()
        self._send_at(write.at_ns, framed, self._written)

    @property
    def _ends_at_once(self) -> bool:
        return self._response.ending == "eof" and self._response.ending_at_ns is None

    def _prepare_ending(self) -> None:
        if self._response.ending == "silence":
            return
        if self._ends_at_once and self._end:
            self._finish()
            return
        framed = self._channel.tail() if self._response.ending == "eof" else b""
        self._send_at(self._response.ending_at_ns or 0, framed, self._finish)

    def _send(self) -> None:
        if self.stopped:
            return
        # The clock is read before the send: on loopback the client may have the bytes before
        # send() returns, and a log with the later time would show bytes that were received
        # before they were sent.  After a partial send the last attempt's clock counts: that
        # attempt took the last byte.
        self._sent_ns = self._loop.clock()
        n = self._channel.send(self._framed) if self._framed else 0
        if n < 0:
            return
        if n < len(self._framed):
            self._framed = memoryview(self._framed)[n:]
            self._block(True)
            return
        if self._blocked:
            self._block(False)
        self._then()

    def _block(self, blocked: bool) -> None:
        self._blocked = blocked
        self._channel.when_writable(self._send if blocked else None)

    def _written(self) -> None:
        if self._log is not None:
            self._log.add(self._end, self._sent_ns, self._due_ns)
        self._prepare()

    def _finish(self) -> None:
        self.stopped = True
        self._channel.finish(self._response.ending)
