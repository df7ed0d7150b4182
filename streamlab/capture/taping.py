"""One request under way: puts what a client receives on a recorder.

Sync and async share all of this.  What differs is the loop that calls `take`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamlab.capture.marks import refine
from streamlab.endpoints import redact
from streamlab.net import http2_frames
from streamlab.net.stamping import Exchange
from streamlab.tape import How, Recorder, Stamp

_HOW: tuple[tuple[str, How], ...] = (
    ("ConnectTimeout", "connect"),
    ("ConnectError", "connect"),
    ("ProxyError", "connect"),
    ("UnsupportedProtocol", "connect"),
    ("TimeoutException", "timeout"),
    ("NetworkError", "reset"),
    ("ProtocolError", "reset"),
    ("RequestError", "error"),
)
"""httpx's exceptions by name, nearest first: httpx2's have the same names."""


class Taping:
    """Follows one response and writes its reads to a recorder.

    Attributes
    ----------
    stopping : tuple or None
        How and why somebody ended the stream on purpose; it then outranks the
        exception that this causes.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.stopping: tuple[How, str] | None = None
        self._secrets: tuple[str, ...] = ()
        self._secret_bytes: tuple[bytes, ...] = ()
        self._connection: Exchange | None = None
        self._stamp: Stamp | None = None
        self._frames: http2_frames.Reader | None = None  # of an HTTP/2 stream

    def request(self, request: Any, fields: Any = None) -> None:
        """Note what is asked, without its secrets."""
        pairs = list(request.headers.multi_items())
        asked = redact.secrets_asked(str(request.url), fields)
        self._secrets = redact.secrets_in(pairs) + asked
        self._secret_bytes = tuple(secret.encode() for secret in self._secrets)
        self.recorder.meta.update(
            url=redact.url(str(request.url)),
            method=request.method,
            request_headers=redact.headers(pairs),
            request=redact.body(fields),
        )

    def response(self, response: Any) -> None:
        """Note the head of the answer, and which connection it comes over."""
        recorder, headers = self.recorder, response.headers
        connection = response.extensions.get("network_stream")
        recorder.meta.update(
            status=response.status_code,
            reason=response.reason_phrase,
            http_version=response.http_version,
            headers=redact.headers(headers.multi_items()),
            content_type=headers.get("content-type", ""),
            content_encoding=headers.get("content-encoding", "identity"),
        )
        if "x-streamlab-stream" in headers:
            recorder.meta["lab_stream"] = headers["x-streamlab-stream"]
        if isinstance(connection, Exchange):
            self._connection = connection
            stream_id = response.extensions.get("stream_id")
            if connection.frames is not None and stream_id is not None:
                ledger = connection.frames.ledger(stream_id)
                self._frames = http2_frames.Reader(ledger)
                refine(recorder, ledger)
            else:
                refine(recorder, connection)
        if "pool" in recorder.marks:
            recorder.meta["reused"] = "connect" not in recorder.marks

    def take(self, piece: bytes) -> None:
        """Add a piece of the body to the read that brought it, and note its delivery.

        Over HTTP/1.1 httpcore reads again only when its parser is empty, so a piece belongs
        to the connection's last read.  Over HTTP/2 the ledger of its stream knows.
        """
        if self._secret_bytes:
            piece = redact.mask_bytes(piece, self._secret_bytes)
        if self._frames is not None:
            for part, stamp in self._frames.parts(piece):
                self._put(part, stamp)
        elif piece:
            self._put(piece, self._connection.last if self._connection is not None else None)

    def _put(self, piece: bytes, stamp: Stamp | None) -> None:
        recorder = self.recorder
        if stamp is None:
            t_ns = recorder.clock()
            stamp = Stamp(t_ns, t_ns, "iterator")
        if stamp is self._stamp:
            recorder.extend(piece)
            return
        self._stamp = stamp
        recorder.append(piece, stamp)
        recorder.deliver()

    @property
    def cancelled(self) -> bool:
        """Whether a cancellation waits for the reads that have arrived."""
        return getattr(self._connection, "cancelled", False)

    def check(self) -> None:
        """Raise a cancellation that is still held back."""
        if self.cancelled:
            raise asyncio.CancelledError

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Note how the stream ends; let our own mistakes, and interruptions, through."""
        try:
            yield
        except BaseException as exc:
            if not self.broke(exc):
                raise
        else:
            self.end("eof")

    def broke(self, exc: BaseException) -> bool:
        """Note that the stream ended by an exception; return whether it is the network's."""
        match exc:
            case KeyboardInterrupt():
                self.end("interrupted", "Ctrl-C")
            case GeneratorExit():
                self.end("closed")
            case Exception():
                how = how_of(exc)
                self.end(how or "error", redact.text(sentence(exc), self._secrets))
                return how is not None
            case _ if "Cancelled" in type(exc).__name__:  # asyncio's, and trio's
                self.end("cancelled", "the task was cancelled")
            case _:
                self.end("closed", type(exc).__name__)
        return False

    def end(self, how: How, detail: str = "") -> None:
        """Note how the stream ended; what somebody meant by stopping it comes first."""
        how, detail = self.stopping or (how, detail)
        if self.recorder.full and how in ("eof", "closed"):
            how, detail = "limit", f"max_bytes={self.recorder.max_bytes} was reached"
        self.recorder.end(how, detail)
        if self._frames is not None:
            self._frames.close()


def how_of(exc: BaseException) -> How | None:
    """Return how a stream ended that raised `exc`; None if it is not the network's."""
    names = {cls.__name__ for cls in type(exc).__mro__}
    return next((how for name, how in _HOW if name in names), None)


def sentence(exc: BaseException) -> str:
    """Return an exception as one line: its kind, and what it or the cause of it says."""
    said, cause = str(exc), exc.__cause__ or exc.__context__
    while not said and cause is not None:  # httpcore raises from None, but has the context
        said, cause = str(cause), cause.__cause__ or cause.__context__
    text = " ".join(said.split())
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
