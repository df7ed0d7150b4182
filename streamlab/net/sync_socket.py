"""Blocking connections: httpcore's ``NetworkStream`` over stamped reads."""

# httpcore2's interface is the same.  The two libraries differ in their exceptions only.  One
# library does not map the exceptions of the other, so a stream gets the core module of its
# library.
#
# Rule: one call of ``read`` is one read of the socket, so that `last` is the stamp of the bytes
# that ``read`` returned.

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType

from httpcore import NetworkStream

from streamlab.net.connection import Exchange
from streamlab.net.interrupts import Gate, wait_readable
from streamlab.net.stamping import Meter, joined
from streamlab.net.tls import TLSExchange, TLSLayer
from streamlab.tape import Stamp

MAX_BYTES = 65536


@contextmanager
def mapped(timeout: type[Exception], error: type[Exception]) -> Iterator[None]:
    """Raise the core module's exceptions in place of a socket's."""
    try:
        yield
    except TimeoutError as exc:
        raise timeout(str(exc) or "timed out") from exc
    except OSError as exc:  # an ssl.SSLError too
        raise error(str(exc) or type(exc).__name__) from exc


class SyncConnection(Exchange, NetworkStream):
    """The base of both blocking streams: TLS can begin over each of them."""

    _core: ModuleType

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> TLSStream:
        """Return TLS over this connection, which may be TLS itself, after the handshake."""
        layer = TLSLayer(ssl_context, server_hostname)
        stream = TLSStream(self, self._core, layer)
        stream.handshake(timeout)
        return stream


class SocketStream(SyncConnection):
    """A connected TCP or Unix socket whose every read is stamped."""

    def __init__(self, meter: Meter, core: ModuleType, gate: Gate, own: bool = False) -> None:
        super().__init__(keeps_answer=own)
        self._meter, self._core, self._gate = meter, core, gate
        self._sock = meter.sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the bytes of one read of the socket; ``b""`` at the end."""
        with mapped(self._core.ReadTimeout, self._core.ReadError):
            self._meter.waits()
            self._gate.wait(self._sock, timeout)
            data, stamp = self._meter.recv(max(max_bytes, MAX_BYTES))
        self.got(stamp, data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        if not buffer:
            return
        self.sends(buffer)
        with mapped(self._core.WriteTimeout, self._core.WriteError), self._gate.open():
            self._sock.settimeout(timeout)
            self._sock.sendall(buffer)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def abort(self) -> None:
        """Make a read that is waiting in another thread return at once."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def get_extra_info(self, info: str) -> object:
        """Return information for httpcore: addresses, the socket, readability."""
        # A pool asks whether an idle connection is readable: then the server has closed it.
        # Its sync pool may ask just after another thread took the connection for a request,
        # and would close it when the response arrives.  So a connection in use is not readable.
        if info == "is_readable" and self.is_asked:
            return False
        return socket_info(self._sock, info)


class TLSStream(TLSExchange[SyncConnection], SyncConnection):
    """TLS over any stream of ours, another TLS stream included."""

    # Over HTTP/2 one thread reads while others write.  The layer has one state for both
    # directions, so `_state` locks it; the lock is never held while we wait.  Records must
    # leave in the order in which they were made, so `_order` locks making and sending together.

    def __init__(self, below: SyncConnection, core: ModuleType, layer: TLSLayer) -> None:
        super().__init__(below, core, layer)
        self._state, self._order = threading.Lock(), threading.Lock()

    def handshake(self, timeout: float | None) -> None:
        """Do the handshake; close the connection below if it fails."""
        layer, inner = self._layer, self._below
        try:
            with mapped(self._core.ConnectTimeout, self._core.ConnectError):
                while not layer.handshake():
                    inner.write(layer.pending(), timeout)
                    layer.feed(inner.read(MAX_BYTES, timeout))
                inner.write(layer.pending(), timeout)
        except BaseException:
            inner.close()
            raise

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the plaintext that one read's ciphertext completes."""
        del max_bytes  # a part that stayed in the TLS layer would have no stamp of its own
        stamps: list[Stamp | None] = []
        try:
            while (data := self._plaintext()) is None:
                ciphertext = self._below.read(MAX_BYTES, timeout)
                with self._state:
                    self._layer.feed(ciphertext)
                stamps.append(self._below.last)
        except ssl.SSLError as exc:
            raise self._core.ReadError(str(exc)) from exc
        if self._layer.has_pending:
            self._send(self._layer.pending, timeout)
        self.got(joined(stamps or [self._below.last]), data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Encrypt and send all of `buffer`."""
        self.sends(buffer)
        with mapped(self._core.WriteTimeout, self._core.WriteError):
            self._send(partial(self._layer.encrypt, buffer), timeout)

    def _plaintext(self) -> bytes | None:
        with self._state:
            return self._layer.plaintext()

    def _send(self, make: Callable[[], bytes], timeout: float | None) -> None:
        with self._order:
            with self._state:
                ciphertext = make()
            self._below.write(ciphertext, timeout)

    def close(self) -> None:
        """Close the socket below."""
        self._below.close()


def socket_info(sock: socket.socket, info: str) -> object:
    """Return information for httpcore about a socket; None for an unknown name."""
    match info:
        case "client_addr":
            return sock.getsockname()
        case "server_addr":
            return sock.getpeername()
        case "socket":
            return sock
        case "is_readable":
            return wait_readable(sock, 0)  # a closed socket is readable
    return None
