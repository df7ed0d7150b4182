"""One client's connection: requests in, plays out.

The grammar of HTTP is h11's.  A request is answered when its last byte is in, and its
play's times count from the read that brought it.  While an answer plays, further
requests wait in h11.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus
from selectors import EVENT_READ, EVENT_WRITE

import h11

from streamlab.server.loop import Loop
from streamlab.server.play import Ending, Play
from streamlab.server.player import Player
from streamlab.server.routes import Request, Site, answer
from streamlab.server.sendlog import SendLog


def _response(status: int, headers: list[tuple[str, str]]) -> h11.Response:
    known = status in HTTPStatus._value2member_map_
    reason = HTTPStatus(status).phrase if known else ""
    return h11.Response(status_code=status, headers=headers, reason=reason)


MAX_BODY_BYTES = 16 << 20
MAX_WAITING_BYTES = 1 << 20  # sent by a client that does not wait for its answer


class Connection:
    """Answers the requests of one client, one after another."""

    def __init__(self, sock: socket.socket, loop: Loop, site: Site) -> None:
        self._sock, self._loop, self._site = sock, loop, site
        self._http = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._player: Player | None = None
        self._log: SendLog | None = None
        self._chunked = False
        self._writable: Callable[[], object] | None = None
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.watch(sock, EVENT_READ, self._ready)

    # what a Player needs

    def head(self, play: Play, log: SendLog | None) -> bytes:
        """Return the response's head; it names the stream whose log is kept."""
        headers = [("content-type", play.content_type), ("cache-control", "no-cache")]
        headers += play.headers
        if play.length is not None:
            headers.append(("content-length", str(play.length)))
        if log is not None:
            headers.append(("x-streamlab-stream", log.stream))
        head = self._framed(_response(play.status, headers))
        self._chunked = b"\r\nTransfer-Encoding: chunked\r\n" in head
        return head

    def frame(self, data: bytes) -> bytes:
        """Return body bytes as one chunk, or as they are.

        Chunks are framed here because h11 takes 9 µs for one, a quarter of all the work of
        a write; it has no memory of them.
        """
        if self._chunked:
            return b"%x\r\n%b\r\n" % (len(data), data)
        return self._framed(h11.Data(data=data))

    def tail(self) -> bytes:
        """Return the body's end."""
        return self._framed(h11.EndOfMessage())

    def send(self, data: bytes | memoryview) -> int:
        """Give bytes to the kernel; return how many it took, or -1 if the client has left."""
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._close()
            return -1

    def when_writable(self, call: Callable[[], object] | None) -> None:
        """Call once the kernel takes bytes again; None calls that off."""
        self._writable = call
        self._loop.watch(self._sock, EVENT_READ | (EVENT_WRITE if call else 0), self._ready)

    def over(self, ending: Ending) -> None:
        """End the response: the next request, or the end of the connection."""
        self._end_log()
        self._player = None
        if ending == "reset":
            linger = struct.pack("ii", 1, 0)  # on, 0 s: close sends RST
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        if ending == "eof" and self._http.our_state is self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._advance()
        else:
            self._close()

    # what the loop calls

    def _ready(self, mask: int) -> None:
        if mask & EVENT_WRITE and self._writable is not None:
            self._writable()
        if mask & EVENT_READ and self._sock.fileno() >= 0:
            self._read()

    def _read(self) -> None:
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or len(self._http.trailing_data[0]) > MAX_WAITING_BYTES:
            self._close()
            return
        self._http.receive_data(data)
        self._advance()

    def _advance(self) -> None:
        """Take what h11 has understood, until it needs more or an answer plays."""
        arrived_ns = self._loop.clock()
        try:
            for event in self._events():
                if isinstance(event, h11.Request):
                    self._begin(event)
                elif isinstance(event, h11.Data):
                    self._take(event.data)
                else:
                    self._answer(arrived_ns)
        except h11.RemoteProtocolError as exc:
            self._refuse(exc)
        except Exception:  # a mistake of ours ends this connection, not the streams of others
            traceback.print_exc()
            self._close()

    def _events(self) -> Iterator[h11.Event]:
        while self._player is None and self._sock.fileno() >= 0:
            event = self._http.next_event()
            if not isinstance(event, h11.Request | h11.Data | h11.EndOfMessage):
                return  # NEED_DATA or PAUSED
            yield event

    def _begin(self, request: h11.Request) -> None:
        self._request = request
        self._body.clear()
        if self._http.they_are_waiting_for_100_continue:
            self.send(self._framed(h11.InformationalResponse(status_code=100, headers=[])))

    def _take(self, data: bytes | bytearray) -> None:
        self._body += data
        if len(self._body) > MAX_BODY_BYTES:
            raise h11.RemoteProtocolError(
                f"the request's body may have {MAX_BODY_BYTES} bytes; this one has more. "
                "Send less: the lab answers by scenario, whatever the prompt.",
                error_status_hint=413,
            )

    def _answer(self, arrived_ns: int) -> None:
        assert self._request is not None
        method, target = self._request.method.decode(), self._request.target.decode()
        found = answer(self._site, Request(method, target, bytes(self._body)))
        self._log = self._site.logs.open(found.scenario) if found.scenario else None
        play = replace(found.play, writes=[]) if method == "HEAD" else found.play
        self._player = Player(self._loop, self, play, arrived_ns, found.speed, self._log)
        self._player.start()

    def _refuse(self, exc: h11.RemoteProtocolError) -> None:
        """Answer what is no HTTP with 400, and hang up."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close")]
            text = f"expected an HTTP/1.1 request: {exc}\n".encode()
            head = _response(exc.error_status_hint, headers)
            self.send(b"".join(map(self._framed, (head, h11.Data(data=text)))) + self.tail())
        self._close()

    def _framed(self, event: h11.Event) -> bytes:
        return self._http.send(event) or b""

    def _end_log(self) -> None:
        if self._log is not None:
            self._site.logs.close(self._log)
            self._log = None

    def _close(self) -> None:
        self._end_log()
        if self._player is not None:
            self._player.stop()
            self._player = None
        self._loop.forget(self._sock)
        with contextlib.suppress(OSError):
            self._sock.close()
