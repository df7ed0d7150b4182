"""The phases of a request, from httpx's public ``trace`` extension.

https://www.encode.io/httpcore/extensions/#trace names the events.  Each mark is one
moment in ns:

- ``called``: the client was asked; making a client, if none was given, is not in any phase
- ``pool``: the pool has a connection for us, or starts to open one
- ``connect``, ``connected``: TCP
- ``tls``, ``tls_done``: the handshake
- ``request_sent``: the first byte of the request is written; this is t0
- ``request_done``: its last byte is written
- ``headers``: the response's head has been read
- ``first_read``: the first read of the answer arrived

A request through a CONNECT proxy has two exchanges on one connection; the marks are
the second one's, for they are set again.
"""

from __future__ import annotations

from typing import Any

from streamlab.net.http2_frames import Ledger
from streamlab.net.stamping import Exchange
from streamlab.tape import Recorder

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


class Phases:
    """Notes the phases of one request on its recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def trace(self, name: str, info: dict[str, Any]) -> None:
        """Take one event of the sync trace extension."""
        del info  # holds the request, and with it the key
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


def refine(recorder: Recorder, connection: Exchange | Ledger) -> None:
    """Replace what the trace saw from above by what the connection stamped itself.

    Where streams share a connection, the ledger of the stream has seen what is its own.
    """
    marks = recorder.marks
    sent_ns = connection.written_ns
    if sent_ns is not None and marks.get("pool", 0) <= sent_ns:
        marks["request_sent"] = sent_ns
    if connection.first is not None:
        marks["first_read"] = connection.first.arrived_ns
