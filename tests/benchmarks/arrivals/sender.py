"""The sender: one process, one thread, and its clock inside each event.

``python -m tests.benchmarks.arrivals.sender`` prints its port.  It answers any request for
``/N_STREAMS/N_EVENTS/GAP_US/…`` with chat-completion events of about 280 bytes, chunked.  It
begins when ``N_STREAMS`` streams are connected, with their starts spread evenly over one gap,
so that no event is sent while a client still connects.

Rule: deadlines are absolute, and each event holds the ``perf_counter_ns`` of its send.
"""

from __future__ import annotations

import contextlib
import heapq
import selectors
import socket
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
EVENT = (
    b'data: {"id":"chatcmpl-AWmbogNqdsbF6W5f74CtUtJQr6sWd","object":"chat.completion.chunk",'
    b'"created":1732376712,"model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_3de1288069",'
    b'"choices":[{"index":0,"delta":{"content":"%020d %06d"},"logprobs":null,'
    b'"finish_reason":null}]}\n\n'
)
DONE = b"data: [DONE]\n\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNK = b"%x\r\n" % len(EVENT % (0, 0)) + EVENT + b"\r\n"
"""An event's chunk, for the time and the number: they are always as long."""

SETTLE_NS = 300_000_000  # from the last connection to the first event
SPIN_NS = 60_000  # time.sleep wakes up about so late; the rest is spun
POLL_NS = 2_000_000  # new requests are looked for while nothing is due for so long


class Wanted(NamedTuple):
    """What a request asks for."""

    n_streams: int
    n_events: int
    gap_us: int


@dataclass
class Out:
    """A stream being sent."""

    sock: socket.socket
    n_events: int
    gap_ns: int
    sent: int = 0

    def send_next(self) -> bool:
        """Send one event, or the end; say whether there is more."""
        more = self.sent < self.n_events
        try:
            if more:
                self.sock.sendall(CHUNK % (time.perf_counter_ns(), self.sent))
            else:
                self.sock.sendall(chunk(DONE) + chunk(b""))
        except OSError:  # the client has left
            more = False
        self.sent += 1
        if not more:
            self.sock.close()
        return more


def request_of(got: bytes) -> Wanted | None:
    """Return what is asked for, once the request is whole."""
    head, end, body = got.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    if not end or len(body) < length:
        return None
    return Wanted(*map(int, head.split(b" ")[1].split(b"/")[1:4]))


class Sender:
    """Accepts requests and keeps the deadlines of all streams in one heap."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.server, selectors.EVENT_READ)
        self.due: list[tuple[int, int, Out]] = []
        self.gathering: dict[Wanted, list[socket.socket]] = defaultdict(list)

    def run(self) -> None:
        print(self.server.getsockname()[1], flush=True)
        while True:
            self.wait()
            while self.due and self.due[0][0] <= time.perf_counter_ns():
                due_ns, order, out = heapq.heappop(self.due)
                if out.send_next():
                    heapq.heappush(self.due, (due_ns + out.gap_ns, order, out))

    def wait(self) -> None:
        """Take requests until the next deadline is near, then sleep to it."""
        if not self.due:
            self.take(None)
        elif (wait_ns := self.due[0][0] - time.perf_counter_ns()) > POLL_NS:
            self.take(POLL_NS / 2e9)
        elif wait_ns > SPIN_NS:
            time.sleep((wait_ns - SPIN_NS) / 1e9)

    def take(self, timeout_s: float | None) -> None:
        for key, _ in self.selector.select(timeout_s):
            if key.fileobj is self.server:
                self.accept()
            else:
                self.receive(key.fileobj, key.data)  # type: ignore[arg-type]

    def accept(self) -> None:
        sock, _ = self.server.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(sock, selectors.EVENT_READ, bytearray())

    def receive(self, sock: socket.socket, got: bytearray) -> None:
        data = sock.recv(65536)
        got += data
        wanted = request_of(bytes(got))
        if data and wanted is None:
            return
        self.selector.unregister(sock)
        if wanted is None:
            sock.close()
        else:
            sock.sendall(HEAD)
            self.gather(wanted, sock)

    def gather(self, wanted: Wanted, sock: socket.socket) -> None:
        """Add a stream to its group; the last one starts them all."""
        group = self.gathering[wanted]
        group.append(sock)
        if len(group) < wanted.n_streams:
            return
        gap_ns, start_ns = wanted.gap_us * 1000, time.perf_counter_ns() + SETTLE_NS
        for i, each in enumerate(self.gathering.pop(wanted)):
            first_ns = start_ns + i * gap_ns // wanted.n_streams
            heapq.heappush(self.due, (first_ns, i, Out(each, wanted.n_events, gap_ns)))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        Sender().run()
