"""TLS without a socket: ciphertext in, plaintext out, one read's ciphertext at a time."""

# ``SSLSocket`` reads the socket by itself, and the time of its reads is unknown.  So our
# sockets read, and an ``SSLObject`` decrypts from memory.  It works over a socket or over
# another TLS layer.
#
# Rule: nothing in this module waits.

import ssl
from types import ModuleType
from typing import Generic, TypeVar

from streamlab.net.connection import Exchange

C = TypeVar("C", bound=Exchange)


class TLSLayer:
    """One TLS connection between two memory buffers."""

    def __init__(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.ssl_object = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )
        self._fault: ssl.SSLError | None = None

    def handshake(self) -> bool:
        """Go on with the handshake; return whether it is done, or raise ``ssl.SSLError``."""
        try:
            self.ssl_object.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        return True

    def feed(self, ciphertext: bytes) -> None:
        """Add the ciphertext of one read; ``b""`` is the end."""
        if ciphertext:
            self._incoming.write(ciphertext)
        else:
            self._incoming.write_eof()

    def plaintext(self) -> bytes | None:
        """Return the plaintext that can be decrypted now; None without any, ``b""`` at the end.

        Raises ``ssl.SSLError`` for a broken record, after all plaintext before it.
        """
        if self._fault is not None:
            raise self._fault
        pieces = []
        try:
            while piece := self.ssl_object.read(65536):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            return b"".join(pieces) or None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            # The server closed the connection without close_notify.  Many servers do so after a
            # whole response, so it is no error here: HTTP's framing shows whether the body is
            # whole.
            return b"".join(pieces)
        except ssl.SSLError as exc:
            # OpenSSL reports a broken record once, and after it always a clean end.  So the
            # fault is kept, and raised after the plaintext before it.
            self._fault = exc
            if not pieces:
                raise
        return b"".join(pieces)

    def encrypt(self, plaintext: bytes) -> bytes:
        """Return the ciphertext to send for `plaintext`."""
        sent, view = 0, memoryview(plaintext)
        while sent < len(view):
            sent += self.ssl_object.write(view[sent:])
        return self.pending()

    @property
    def has_pending(self) -> bool:
        """Whether there are records to send."""
        return self._outgoing.pending > 0

    def pending(self) -> bytes:
        """Return the records of TLS itself: handshake, key updates, alerts."""
        return self._outgoing.read() if self.has_pending else b""


class TLSExchange(Exchange, Generic[C]):
    """The base of sync and async TLS streams: a layer over a connection below."""

    def __init__(self, below: C, core: ModuleType, layer: TLSLayer) -> None:
        super().__init__(keeps_answer=below.leave_answer())
        self._core, self._layer, self._below = core, layer, below

    def abort(self) -> None:
        """Make a read that is waiting return at once; callable from any thread."""
        self._below.abort()

    def get_extra_info(self, info: str) -> object:
        """Return the SSL object, or the answer of the connection below."""
        if info == "ssl_object":
            return self._layer.ssl_object
        if info == "is_readable" and self.is_asked:  # see `SocketStream.get_extra_info`
            return False
        return self._below.get_extra_info(info)
