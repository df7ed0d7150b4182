"""One client's connection: requests in, responses out.

h11 parses HTTP.  A request is answered when its last byte has arrived, and the times of its
response count from the read that brought that byte.  While a response is sent, further requests
wait in h11.
"""

import contextlib
import socket
import struct
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.client import responses
from selectors import EVENT_READ, EVENT_WRITE

import h11

from streamlab.server.loop import Loop
from streamlab.server.response import Ending, Response
from streamlab.server.routes import HTTPRequest, Site, reply_to
from streamlab.server.sender import Sender
from streamlab.server.sendlog import SendLog

MAX_BODY_BYTES = 16 << 20
MAX_WAITING_BYTES = 1 << 20  # of requests that were sent before the response was over
# The longest time for a request, between two requests, and without reading a byte.
REQUEST_S, IDLE_S, UNREAD_S = 30, 120, 300
_CORS = (
    ("access-control-expose-headers", "x-streamlab-stream"),
    ("vary", "origin"),
)


class Connection:
    """Answers the requests of one client, one after another."""

    def __init__(self, sock: socket.socket, loop: Loop, site: Site) -> None:
        self._sock, self._loop, self._site = sock, loop, site
        self._http = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._sender: Sender | None = None
        self._log: SendLog | None = None
        self._chunked = False
        self._writable: Callable[[], object] | None = None
        self._origin = self._asked_headers = ""
        self._is_asking = False  # a request has begun
        self._since_ns = loop.clock()  # of the state that `look` bounds
        sock.setblocking(False)
        # Nagle's algorithm would hold a small write back until the one before it is
        # acknowledged, and a delayed acknowledgement comes up to 40 ms later.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.watch(sock, EVENT_READ, self._ready)

    def head(self, response: Response, log: SendLog | None) -> bytes:
        """Return the response's head; it names the stream whose log is kept."""
        headers = [("content-type", response.content_type), ("cache-control", "no-cache")]
        headers += response.headers
        if self._origin and response.status != 403:
            headers += [("access-control-allow-origin", self._origin), *_CORS]
            headers.append(("access-control-allow-headers", self._asked_headers))
        if response.length is not None:
            headers.append(("content-length", str(response.length)))
        if log is not None:
            headers.append(("x-streamlab-stream", log.stream))
        head = self._encode(_head(response.status, headers))
        self._chunked = b"\r\nTransfer-Encoding: chunked\r\n" in head
        return head

    def frame(self, data: bytes) -> bytes:
        """Return body bytes as one chunk; as they are, where the body is not chunked."""
        # h11 takes 9 µs to frame a chunk, a quarter of all the work of a write.  It keeps no
        # count of the chunks, so its EndOfMessage still fits after ours.  The head that h11
        # wrote decides whether the body is chunked; for an HTTP/1.0 client it is not.
        if self._chunked:
            return b"%x\r\n%b\r\n" % (len(data), data)
        return self._encode(h11.Data(data=data))

    def tail(self) -> bytes:
        """Return the body's end."""
        return self._encode(h11.EndOfMessage())

    def send(self, data: bytes | memoryview) -> int:
        """Give bytes to the kernel; return how many it took, or -1 if the client has gone."""
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._close()
            return -1

    def when_writable(self, call: Callable[[], object] | None) -> None:
        """Call `call` once the kernel takes bytes again; None cancels that."""
        # Writability is watched only while bytes wait: a socket is nearly always writable,
        # and the loop would wake for it again and again.
        self._writable, self._since_ns = call, self._loop.clock()
        self._loop.watch(self._sock, EVENT_READ | (EVENT_WRITE if call else 0), self._ready)

    def finish(self, ending: Ending) -> None:
        """End the response; go on with the next request, or close the connection."""
        self._end_log()
        self._sender, self._since_ns = None, self._loop.clock()
        if ending == "reset":
            # With linger on and 0 s, close() sends RST instead of FIN and discards what the
            # kernel has not sent yet.
            linger = struct.pack("ii", 1, 0)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        # A connection can be used again only where both sides are DONE.  After HTTP/1.0 or
        # "connection: close", h11 is in MUST_CLOSE and start_next_cycle would raise.
        if ending == "eof" and self._http.our_state is self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._advance()
        else:
            self._close()

    def look(self, now_ns: int) -> bool:
        """Close the connection if its client takes too long; return whether it is open."""
        limit_s = REQUEST_S if self._is_asking else IDLE_S
        if self._sender is not None:  # a client may wait for the lab as long as it likes
            limit_s = UNREAD_S if self._writable is not None else 0
        if limit_s and now_ns - self._since_ns > limit_s * 1_000_000_000:
            self._close()
        return self._sock.fileno() >= 0

    def _ready(self, mask: int) -> None:
        if mask & EVENT_WRITE and self._writable is not None:
            self._writable()
        # The write above may have failed and closed the socket: then there is no more to read.
        if mask & EVENT_READ and self._sock.fileno() >= 0:
            self._read()

    def _read(self) -> None:
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        # Reads go on while a response is sent, because only a read shows that the client has
        # gone.  The limit is for a client that sends without end, and would fill the memory.
        if not data or len(self._http.trailing_data[0]) > MAX_WAITING_BYTES:
            self._close()
            return
        if not self._is_asking and self._sender is None:
            self._is_asking, self._since_ns = True, self._loop.clock()
        self._http.receive_data(data)
        self._advance()

    def _advance(self) -> None:
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
        except Exception:  # a defect of the lab ends this connection, not the other streams
            traceback.print_exc()
            self._close()

    def _events(self) -> Iterator[h11.Event]:
        while self._sender is None and self._sock.fileno() >= 0:
            event = self._http.next_event()
            # NEED_DATA and PAUSED are marks: h11 has no event before it gets more bytes, or
            # before start_next_cycle is called.
            if not isinstance(event, h11.Request | h11.Data | h11.EndOfMessage):
                return
            yield event

    def _begin(self, request: h11.Request) -> None:
        self._request = request
        self._body.clear()
        # A client that sent "Expect: 100-continue" waits for this before it sends the body;
        # curl stops waiting after a second.
        if self._http.they_are_waiting_for_100_continue:
            self.send(self._encode(h11.InformationalResponse(status_code=100, headers=[])))

    def _take(self, data: bytes | bytearray) -> None:
        self._body += data
        if len(self._body) > MAX_BODY_BYTES:
            raise h11.RemoteProtocolError(
                f"the request's body may have {MAX_BODY_BYTES} bytes; this body has more. "
                "Send less: the lab answers by scenario, whatever the prompt.",
                error_status_hint=413,
            )

    def _answer(self, arrived_ns: int) -> None:
        assert self._request is not None
        self._is_asking = False
        method, target = self._request.method.decode(), self._request.target.decode()
        named = {name: value.decode("latin-1") for name, value in self._request.headers}
        host, self._origin = named.get(b"host", ""), named.get(b"origin", "")
        self._asked_headers = named.get(b"access-control-request-headers", "")  # an SDK's own
        asked = HTTPRequest(method, target, bytes(self._body), host, self._origin)
        reply = reply_to(self._site, asked)
        self._log = self._site.logs.open(reply.scenario) if reply.scenario else None
        response = replace(reply.response, writes=[]) if method == "HEAD" else reply.response
        self._sender = Sender(self._loop, self, response, arrived_ns, reply.speed, self._log)
        self._sender.start()

    def _refuse(self, exc: h11.RemoteProtocolError) -> None:
        """Answer bytes that are not HTTP with the status that h11 names, and close."""
        # h11 still lets our side send a response after an error in the request, unless our
        # side has begun one already: then the client would take this one for its body.
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close")]
            text = f"expected an HTTP/1.1 request: {exc}\n".encode()
            head = _head(exc.error_status_hint, headers)
            self.send(self._encode(head) + self._encode(h11.Data(data=text)) + self.tail())
        self._close()

    def _encode(self, event: h11.Event) -> bytes:
        return self._http.send(event) or b""

    def _end_log(self) -> None:
        if self._log is not None:
            self._site.logs.close(self._log)
            self._log = None

    def _close(self) -> None:
        self._end_log()
        if self._sender is not None:
            self._sender.stop()  # its deadline is still in the loop, and must do nothing
            self._sender = None
        self._loop.forget(self._sock)
        with contextlib.suppress(OSError):
            self._sock.close()


def _head(status: int, headers: list[tuple[str, str]]) -> h11.Response:
    return h11.Response(status_code=status, headers=headers, reason=responses.get(status, ""))
