"""The moments of a request, from httpx's public ``trace`` extension.

https://www.encode.io/httpcore/extensions/#trace names the events.  Each mark is one
moment in ns:

- ``called``: the client got the request; the time to make a client is in no phase
- ``pool``: the pool has a connection, or begins to open one
- ``connect``, ``connected``: TCP
- ``tls``, ``tls_done``: the handshake
- ``request_sent``: the first byte of the request is written; this is t0
- ``request_done``: its last byte is written
- ``headers``: the response's head has been read
- ``first_read``: the first read of the response arrived

A request through a CONNECT proxy has two exchanges on one connection.  The marks are those
of the second exchange, which sets them again.
"""

from collections.abc import Callable
from typing import Any

from streamlab.net.connection import Exchange
from streamlab.net.http2_frames import Ledger
from streamlab.tape import Recorder

# A ``trace`` extension: takes an event and its details; async for async clients.
Trace = Callable[[str, dict[str, Any]], Any]

_FIRST = {"connect_tcp.started": "connect", "connect_unix_socket.started": "connect"}
_LAST = {
    "connect_tcp.complete": "connected",
    "connect_unix_socket.complete": "connected",
    "start_tls.started": "tls",
    "start_tls.complete": "tls_done",
    "send_request_headers.started": "request_sent",
    "send_request_body.complete": "request_done",
    "receive_response_headers.complete": "headers",
}


class Marks:
    """Notes the moments of one request on its recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """Take one event of the sync trace extension."""
        del info  # `info` has the request, and so the key
        recorder, event = self._recorder, name.partition(".")[2]
        t_ns = recorder.clock()
        recorder.marks.setdefault("pool", t_ns)
        if mark := _FIRST.get(event):
            recorder.marks.setdefault(mark, t_ns)
        elif mark := _LAST.get(event):
            recorder.mark(mark, t_ns)

    async def atrace(self, name: str, info: dict[str, Any]) -> None:
        """Take one event of the async trace extension."""
        self.trace(name, info)

    def beside(self, theirs: Trace | None, is_async: bool) -> Trace:
        """Return a trace extension that calls ours, and then the user's own if there is one."""
        if theirs is None:
            return self.atrace if is_async else self.trace

        def trace(name: str, info: dict[str, Any]) -> Any:
            self.trace(name, info)
            return theirs(name, info)  # an awaitable, if the user's extension is async

        return trace


def refine(recorder: Recorder, connection: Exchange | Ledger) -> None:
    """Replace moments of the trace by the stamps of the connection.

    Where streams share a connection, the moments come from the ledger of this stream.
    """
    marks = recorder.marks
    # On a connection that was open before, the last write may belong to an earlier request, if
    # this request did not use our sockets.  A write before the mark ``pool`` is not of this
    # request.
    sent_ns = connection.written_ns
    if sent_ns is not None and marks.get("pool", 0) <= sent_ns:
        marks["request_sent"] = sent_ns
    if connection.first is not None:
        marks["first_read"] = connection.first.arrived_ns
