"""The memory of a connection: the latest request and response on it."""

import threading
import weakref
from collections.abc import Callable

from httpcore import RemoteProtocolError

from streamlab.net.http2_frames import PREFACE, Frames
from streamlab.tape import Clock, Stamp, monotonic_ns

# Of a response to an own request, 1xx heads included.  httpcore takes 100 KiB of each head,
# and any number of heads.
MOST_HEAD_BYTES = 1 << 17


class Exchange:
    """The latest request and response of one connection: when they were sent and received."""

    def __init__(self, clock: Clock = monotonic_ns, keeps_answer: bool = False) -> None:
        self.last: Stamp | None = None  # of the read that returned last
        self.first: Stamp | None = None  # of the first read after a write: a response begins
        self.written_ns: int | None = None  # the first write after a read: a request begins
        # Of a connection that speaks HTTP/2: which read brought which byte of which stream.
        # Requests overlap there, so only `last` of the other attributes has a meaning.
        self.frames: Frames | None = None
        self.keeps_answer = keeps_answer  # since the last request, for `take_answer`
        self._is_below_tls = False
        self._answer = bytearray()
        self._clock = clock

    def sends(self, buffer: bytes = b"") -> None:
        """Note that bytes are about to be written."""
        if self.written_ns is None and buffer.startswith(PREFACE):
            self.frames = Frames()
        if self.frames is not None:
            self.frames.sent(buffer, self._clock())
        # A request may need several writes: the first one after a read begins it.
        if self.first is not None or self.written_ns is None:
            self.first, self.written_ns = None, self._clock()
            self._answer.clear()

    def got(self, stamp: Stamp, data: bytes = b"") -> None:
        """Note that a read returned."""
        if self.frames is not None:
            self.frames.feed(data, stamp)
        if self.keeps_answer:
            if len(self._answer) > MOST_HEAD_BYTES:
                raise RemoteProtocolError(
                    f"no response within {MOST_HEAD_BYTES} bytes of heads"
                )
            self._answer += data
        self.last = stamp
        if self.first is None:
            self.first = stamp

    def take_answer(self) -> bytes:
        """Return the bytes read since the last request, and keep no more bytes."""
        self.keeps_answer = False
        answer, self._answer = bytes(self._answer), bytearray()
        return answer

    def leave_answer(self) -> bool:
        """Keep no bytes, as TLS above keeps the plaintext; return whether they were kept."""
        keeps_answer, self._is_below_tls = self.keeps_answer, True
        self.take_answer()
        return keeps_answer

    @property
    def is_asked(self) -> bool:
        """Whether a request was written over HTTP/1 and no byte of its response was read."""
        # Below TLS, and over HTTP/2, bytes are written without a request too.
        known = self.frames is None and not self._is_below_tls
        return known and self.written_ns is not None and self.first is None

    def abort(self) -> None:
        """Make a read that is waiting return at once; callable from any thread."""
        raise NotImplementedError

    def get_extra_info(self, info: str) -> object:
        """Answer a question of httpcore about the connection."""
        raise NotImplementedError


class Stopper:
    """Ends the connections of one request, from any thread.

    A connection that opens after `stop` is ended too: a stop that comes while the client
    connects must not be lost.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: weakref.WeakSet[Exchange] = weakref.WeakSet()
        self._stopped = self._resting = False
        self._latest: Callable[[], Exchange | None] = lambda: None

    def add(self, connection: Exchange) -> None:
        """Add a connection that has opened."""
        with self._lock:
            self._connections.add(connection)
            self._latest = weakref.ref(connection)
            ended = self._stopped and not self._resting
        if ended:
            connection.abort()

    def has_unread(self) -> bool:
        """Return whether bytes, or the end, wait to be read on the latest connection."""
        connection = self._latest()
        return connection is not None and bool(connection.get_extra_info("is_readable"))

    def rest(self) -> None:
        """End no connection any more: the stream is over, and its client may go on."""
        with self._lock:
            self._connections.clear()
            self._resting = True

    def stop(self) -> None:
        """End all connections, and those that open from now on."""
        with self._lock:
            self._stopped = True
            connections = [] if self._resting else list(self._connections)
        for connection in connections:
            connection.abort()
