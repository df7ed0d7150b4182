"""TLS without a socket: ciphertext in, plaintext out, one read's ciphertext at a time.

``SSLSocket`` reads for itself and hides when; so we read, and let an ``SSLObject``
decrypt from memory.  The same object runs over a socket or over another TLS layer.

Rule: nothing in here waits.
"""

from __future__ import annotations

import ssl


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
        """Go on with the handshake; return whether it is done.

        Raises
        ------
        ssl.SSLError
            If it fails, for instance for a certificate that is not trusted.
        """
        try:
            self.ssl_object.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        return True

    def feed(self, ciphertext: bytes) -> None:
        """Take in what one read returned; ``b""`` is the end."""
        if ciphertext:
            self._incoming.write(ciphertext)
        else:
            self._incoming.write_eof()

    def plaintext(self) -> bytes | None:
        """Return all that can be decrypted now; None if nothing, ``b""`` at the end.

        Raises
        ------
        ssl.SSLError
            For a record that is none, once all that stood before it was returned.
        """
        if self._fault is not None:
            raise self._fault
        pieces = []
        try:
            while piece := self.ssl_object.read(65536):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            return b"".join(pieces) or None
        except ssl.SSLEOFError:
            # the other side broke off without close_notify; HTTP's framing will tell
            return b"".join(pieces)
        except ssl.SSLZeroReturnError:
            return b"".join(pieces)
        except ssl.SSLError as exc:
            self._fault = exc  # OpenSSL would tell it once, and call the rest a clean end
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
        """Whether there is something to send."""
        return self._outgoing.pending > 0

    def pending(self) -> bytes:
        """Return what TLS itself has to say: handshake, key updates, alerts."""
        return self._outgoing.read() if self.has_pending else b""
