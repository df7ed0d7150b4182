"""One request and its response, until they are a recording: our own, or a tapped client's."""

# Rule: the consumer comes first.  Work that can wait (the request's JSON, the lab's log, the
# recording itself) is done on the first use of the recording.

import json
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

from httpx import Request, Response

from streamlab.capture import lab_log, quiet
from streamlab.capture.environment import source_of
from streamlab.capture.libraries import how_of, is_cancellation, sentence
from streamlab.capture.marks import Marks, refine
from streamlab.capture.screen import Screen
from streamlab.dialects import Reading
from streamlab.endpoints import redact
from streamlab.endpoints.echoes import Echoes
from streamlab.net.connection import Exchange
from streamlab.net.http2_frames import PieceStamps
from streamlab.net.stamping import wall_map, warm_up
from streamlab.recording import Recording
from streamlab.tape import Clock, How, Recorder, Stamp, Tape, anchor, monotonic_ns

# The most bytes of a request in the metadata; one with pictures may be larger.
MAX_REQUEST_BYTES = 1 << 20

# A piece handed on so fast was there already; pieces handed on so closely are one arrival.
READY_NS, SOON_NS = 200_000, 5_000_000


class Session:
    """The state of one request and its response, as far as known.

    How a session ends.  In every case what had arrived is kept.

    - at the end of the body: ``eof``; after `max_bytes`: ``limit``
    - by a failure of the network: ``connect``, ``timeout``, ``reset`` or ``error``.  For our
      own requests the failure is data and not raised; a tapped client raises it as before.
    - Ctrl-C: ``interrupted``.  On the main thread it is held back between a read and its row
      on the tape (see `net.interrupts`); KeyboardInterrupt is raised after the end is noted.
    - a cancellation: ``cancelled``.  Reads that are in the kernel are taken first;
      CancelledError is raised after the end is noted.
    - `stop` of an own request, from any thread: the given reason, and not the error that the
      closed connection causes.  A tapped request has no `stop`, because its owner ends it.
    - the loop or the block was left early, or the garbage collector took an unfinished
      stream: ``closed``.

    The first end counts.  The session is then ``sl.last``.
    """

    def __init__(
        self,
        *,
        label: str = "",
        dialect: Reading = "auto",
        model: str = "",
        max_bytes: int | None = None,
        max_decoded_bytes: int | None = None,  # of a compressed body, decoded
        clock: Clock = monotonic_ns,
        attached: bool = False,  # to a foreign library, which may hand on one arrival in pieces
        closed: Callable[[], bool] | None = None,  # asks a library that reports no close
    ) -> None:
        warm_up()
        wall_map().refresh()  # an anchor at the start and one at the end show a step between
        self.recorder, self.dialect = Recorder(clock, max_bytes), dialect
        named = "auto" if callable(dialect) else dialect
        self.recorder.meta.update(label=label, dialect=named, anchor=anchor(clock)._asdict())
        if model:
            self.recorder.meta["model"] = model
        if max_decoded_bytes is not None:
            self.recorder.meta["max_decoded_bytes"] = max_decoded_bytes
        self.marks = Marks(self.recorder)
        self._secrets: tuple[str, ...] = ()
        self._known = redact.NONE
        self._max_decoded_bytes = max_decoded_bytes
        self._screen: Screen | None = None
        self._connection: Exchange | None = None
        self._stamp: Stamp | None = None  # the stamp of the read taken last
        self._asked_ns = 0  # when the consumer asked for the next piece
        self._pieces: PieceStamps | None = None  # of an HTTP/2 stream
        self._reason: tuple[How, str] | None = None
        self._lock = threading.RLock()
        self._tape: Tape | None = None
        self._has_log = False
        self._recording: Recording | None = None
        self._attached, self._closed = attached, closed
        if closed is not None:
            _unnoticed.add(weakref.ref(self, _unnoticed.discard))

    def called(self) -> None:
        """Note that the client gets the request now."""
        self.recorder.mark("called", self.recorder.clock())

    def asked(
        self, request: Request, fields: object = None, content: bytes | None = None
    ) -> None:
        """Note the request, without its secrets: the fields of its body, or its `content`."""
        # A tapped request is parsed before it is sent, because its body may have a secret that
        # the server repeats.
        fields = _parsed(content) if fields is None else fields
        meta, pairs, url = self.recorder.meta, request.headers.multi_items(), str(request.url)
        self._secrets = redact.secrets_in(pairs) + redact.secrets_asked(url, fields)
        self._known = Echoes(self._secrets)
        quiet.running[id(self)] = self._known
        shown = redact.body(fields, self._known)
        meta.update(
            url=redact.text(redact.url(url), self._known),
            method=request.method,
            request_headers=redact.headers(pairs, self._known),
            request=shown,
        )
        model = shown.get("model") if isinstance(shown, dict) and content is not None else None
        if isinstance(model, str):
            meta["model"] = model
        meta["label"] = redact.text(str(meta["label"] or request.url.path), self._known)

    def through(self, proxy: str | None) -> None:
        """Note the proxy that the request goes through, and its variable."""
        if proxy is not None:
            scheme = urlsplit(str(self.recorder.meta["url"])).scheme
            self.recorder.meta["proxy"] = f"{proxy} ({source_of(proxy, scheme)})"

    def answered(self, response: Response) -> None:
        """Note the head of the response, and its connection."""
        recorder, headers = self.recorder, response.headers
        pairs, encoding = headers.multi_items(), headers.get("content-encoding", "identity")
        shown = partial(redact.text, known=self._known)
        recorder.meta.update(
            status=response.status_code,
            reason=shown(response.reason_phrase),
            http_version=response.http_version,
            headers=redact.headers(pairs, self._known),
            content_type=shown(headers.get("content-type", "")),
            content_encoding=shown(encoding),
        )
        if "x-streamlab-stream" in headers:
            recorder.meta["lab_stream"] = shown(headers["x-streamlab-stream"])
        secrets = (*self._secrets, *redact.secrets_in(pairs, shortest=16))
        self._screen = Screen(recorder, secrets, encoding, self._max_decoded_bytes) or None
        connection = response.extensions.get("network_stream")
        if isinstance(connection, Exchange):
            self._connect(connection, response.extensions.get("stream_id"))
        if "pool" in recorder.marks:
            recorder.meta["reused"] = "connect" not in recorder.marks

    def _connect(self, connection: Exchange, stream_id: int | None) -> None:
        self._connection = connection
        if connection.frames is None or stream_id is None:
            refine(self.recorder, connection)
        else:
            ledger = connection.frames.ledger(stream_id)
            self._pieces = PieceStamps(ledger)
            refine(self.recorder, ledger)

    def take(self, piece: bytes, at_once: bool = True) -> None:
        """Put a piece of the body on tape with the read that brought it; note its delivery.

        A session that has ended takes no piece; a full session ends.  Unless `at_once`, the
        caller calls `catch_up` as often as it returns True.
        """
        if self.recorder.ended is not None:
            return
        # Over HTTP/1.1 httpcore reads again only when its parser is empty, so a piece belongs
        # to the connection's last read.  Over HTTP/2 streams share the reads: there the ledger
        # of this stream has the stamps of its bytes.
        # Read once: another thread may end the session, and with it both attributes.
        pieces, connection = self._pieces, self._connection
        if pieces is not None:
            for part, stamp in pieces.parts(piece):
                self._put(part, stamp)
        elif piece:
            self._put(piece, None if connection is None else connection.last)
        if self.recorder.full:
            self.end("limit", f"max_bytes={self.recorder.max_bytes} was reached")
        while at_once and self.catch_up():
            pass

    def catch_up(self) -> bool:
        """Look into a part of a compressed body that was taken; return whether more is left."""
        screen = self._screen
        if screen is None or self.recorder.ended is not None:
            return False
        is_behind = screen.work()
        if screen.is_over:
            self.end("limit", screen.limit)
        elif not is_behind:
            screen.settle()
        return is_behind

    def asked_on(self) -> None:
        """Note that the consumer asks for the next piece now."""
        self._asked_ns = self.recorder.clock()

    def _handed(self) -> Stamp:
        # Return the stamp of a piece that a foreign library hands on.
        t_ns = self.recorder.clock()
        late = t_ns - self._asked_ns > READY_NS
        if self._stamp is None or late or not self._attached:
            return Stamp(t_ns, t_ns, "iterator")
        # The piece was there when the consumer asked for it.  Soon after the first piece of the
        # last read, it is taken as a part of that read: the library cuts one arrival into
        # pieces.  Later, it may have come at any time since, while the consumer was busy.
        since_ns = self._stamp.arrived_ns
        if t_ns - since_ns <= SOON_NS:
            return self._stamp
        return Stamp(t_ns, t_ns, "iterator", lo_ns=since_ns, arrival="merged")

    def _put(self, piece: bytes, stamp: Stamp | None) -> None:
        recorder, screen = self.recorder, self._screen
        if screen is not None:
            piece = screen.passed(piece)
            if not piece:  # a read that completed no byte of a body that is stored decoded
                return
        if stamp is None:
            stamp = self._handed()
        if stamp is self._stamp:
            recorder.extend(piece)
        else:
            self._stamp = stamp
            recorder.append(piece, stamp)
            recorder.deliver()

    @property
    def done(self) -> bool:
        """Whether the stream has ended."""
        self.look()
        return self.recorder.ended is not None

    def look(self) -> None:
        """End the session if its response was closed and the library did not report it."""
        if self.recorder.ended is None and self._closed is not None and self._closed():
            # The time of the close is unknown.  The stream was open at its last read, so that
            # is its end.
            columns = self.recorder.columns
            seen = [times[-1] for times in (columns.seen_ns, columns.delivered_ns) if times]
            self.end("closed", t_ns=max(seen, default=None))

    @property
    def enough(self) -> bool:
        """Whether to end the stream now: `max_bytes` is reached, or there is a reason."""
        return self.recorder.ended is not None or self._reason is not None

    def because(self, how: How, detail: str) -> None:
        """Note the reason why the stream is about to end; the first reason counts."""
        self._reason = self._reason or (how, detail)

    def left(self, exc: BaseException | None) -> bool:
        """Note that the user's block was left; return True if an interruption left it."""
        interruption = None if exc is None else _interruption(exc)
        if exc is not None:
            self.because(*(interruption or ("closed", type(exc).__name__)))
        return interruption is not None

    def broke(self, exc: BaseException) -> bool:
        """Note that an exception ended the stream; return True for a failure of the network."""
        how = how_of(exc)
        if (interruption := _interruption(exc)) is not None:
            self.end(*interruption)
        elif isinstance(exc, Exception):
            self.end(how or "error", redact.text(sentence(exc), self._known))
        else:
            self.end("closed", "" if isinstance(exc, GeneratorExit) else type(exc).__name__)
        return how is not None

    def end(self, how: How, detail: str = "", t_ns: int | None = None) -> None:
        """Note how the stream ended; the first end counts, but a reason replaces it."""
        if self.recorder.ended is not None:
            return
        if self._screen is not None:
            self._screen.close()
        self.recorder.end(*(self._reason or (how, detail)), t_ns)
        if self._pieces is not None:
            self._pieces.close()
        # The session lives as long as its tap, or as ``sl.last``: the connection, and with it
        # the loop, must not.
        self._pieces = self._connection = None
        _unnoticed.discard(weakref.ref(self))
        quiet.running.pop(id(self), None)
        _last[:] = [self]

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Note how the stream ends; raise all exceptions but failures of the network."""
        try:
            yield
        except BaseException as exc:
            if not self.broke(exc):
                raise
        else:
            self.end("eof")

    def finish(self) -> Tape:
        """Return the tape, with the facts known only at the end; made on the first call."""
        with self._lock:
            if self._tape is None:
                self.end("closed")
                wall_map().refresh()
                meta, marks = self.recorder.meta, self.recorder.marks
                began_ns, now_ns = marks.get("called", 0), self.recorder.clock()
                if steps := wall_map().steps_between(began_ns, now_ns):
                    meta["clock_steps"] = [step._asdict() for step in steps]
                self._tape = self.recorder.finish()
            return self._tape

    def recording(self) -> Recording:
        """Return the recording of the finished stream; made on the first call."""
        with self._lock:
            if self._recording is None:
                tape = self.finish()
                if not self._has_log and (url := lab_log.log_url(tape)):
                    tape = lab_log.with_log(tape, lab_log.asked(url))
                self._recording = Recording(tape, self.dialect)
            return self._recording

    @property
    def log_url(self) -> str | None:
        """The URL of the lab's log of this stream; None without one, or after Ctrl-C."""
        tape = self.finish()
        return None if tape.end.how in ("interrupted", "cancelled") else lab_log.log_url(tape)

    def add_log(self, text: bytes) -> None:
        """Add the lab's log; empty if there is none.  Then `recording` does not ask the lab."""
        with self._lock:
            self._tape, self._has_log = lab_log.with_log(self.finish(), text), True


def _interruption(exc: BaseException) -> tuple[How, str] | None:
    if isinstance(exc, KeyboardInterrupt):
        return "interrupted", "Ctrl-C"
    if is_cancellation(exc):
        return "cancelled", "the task was cancelled"
    return None


def last() -> Recording | None:
    """Return the recording that ended last; None before there is one."""
    for held in list(_unnoticed):
        if (session := held()) is not None:
            session.look()
    return _last[-1].recording() if _last else None


_last: list[Session] = []
# Sessions whose response may be closed without notice to us.  A plain set, because a WeakSet
# cannot be walked while another thread adds to it.
_unnoticed: set[weakref.ref[Session]] = set()


def _parsed(content: bytes | None) -> object:
    # Return the fields of a JSON request; None if it has none, or hundreds of levels.
    try:
        fields = json.loads(content) if content and len(content) <= MAX_REQUEST_BYTES else None
        redact.body(fields)
    except (ValueError, RecursionError):
        return None
    return fields
