"""Blocking connections: httpcore's network interface over stamped reads.

The interface is httpcore's documented ``NetworkBackend`` and ``NetworkStream``;
httpcore2's is the same.  Which of the two asks matters for the exceptions only: one
library's would escape the other unmapped, so a backend is given its core module.

Rule: one call of ``read`` is one read of the socket, so that whoever is handed bytes
can ask ``last`` when they arrived.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

from streamlab.net.interrupts import Gate, wait_readable
from streamlab.net.stamping import Exchange, Meter, joined
from streamlab.net.tls import TLSLayer
from streamlab.tape import Clock, Stamp, monotonic_ns

MAX_BYTES = 65536


@contextmanager
def mapped(timeout: type[Exception], error: type[Exception]) -> Iterator[None]:
    """Turn a socket's exceptions into those the core module promises."""
    try:
        yield
    except TimeoutError as exc:
        raise timeout(str(exc) or "timed out") from exc
    except OSError as exc:  # ssl.SSLError is one
        raise error(str(exc) or type(exc).__name__) from exc


class SocketStream(Exchange):
    """A connected TCP or Unix socket whose every read is stamped."""

    def __init__(self, meter: Meter, core: ModuleType, gate: Gate, clock: Clock) -> None:
        super().__init__(clock)
        self._meter, self._core, self._gate = meter, core, gate
        self._sock = meter.sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what one read of the socket gave; ``b""`` at the end."""
        with mapped(self._core.ReadTimeout, self._core.ReadError):
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

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> TLSStream:
        """Return this connection with TLS on top, after the handshake."""
        return TLSStream.over(
            self, self._core, self._clock, ssl_context, server_hostname, timeout
        )

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore may ask for: addresses, the socket, readability."""
        return socket_info(self._sock, info)


class TLSStream(Exchange):
    """TLS over any stream of ours, another TLS stream included.

    Over HTTP/2 one thread reads while others write.  The layer is one state for both
    directions, so it has a lock, never held while we wait; and records must leave in the
    order in which they were made, so sending has another.
    """

    def __init__(
        self,
        inner: SocketStream | TLSStream,
        core: ModuleType,
        layer: TLSLayer,
        clock: Clock,
    ) -> None:
        super().__init__(clock)
        self._inner, self._core, self._layer = inner, core, layer
        self.keeps_answer, inner.keeps_answer = inner.keeps_answer, False
        inner.take_answer()
        self._state, self._order = threading.Lock(), threading.Lock()

    @classmethod
    def over(
        cls,
        inner: SocketStream | TLSStream,
        core: ModuleType,
        clock: Clock,
        context: ssl.SSLContext,
        server_hostname: str | None,
        timeout: float | None,
    ) -> TLSStream:
        """Do the handshake; close `inner` if it fails."""
        layer = TLSLayer(context, server_hostname)
        try:
            with mapped(core.ConnectTimeout, core.ConnectError):
                while not layer.handshake():
                    inner.write(layer.pending(), timeout)
                    layer.feed(inner.read(MAX_BYTES, timeout))
                inner.write(layer.pending(), timeout)
        except BaseException:
            inner.close()
            raise
        return cls(inner, core, layer, clock)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the plaintext that one read's ciphertext completes."""
        del max_bytes  # all of it: what is left inside would have no stamp
        stamps: list[Stamp | None] = []
        try:
            while (data := self._plaintext()) is None:
                self._feed(self._inner.read(MAX_BYTES, timeout))
                stamps.append(self._inner.last)
        except ssl.SSLError as exc:
            raise self._core.ReadError(str(exc)) from exc
        if self._layer.has_pending:
            self._send(self._layer.pending, timeout)
        self.got(joined(stamps or [self._inner.last]), data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Encrypt and send all of `buffer`."""
        self.sends(buffer)
        with mapped(self._core.WriteTimeout, self._core.WriteError):
            self._send(partial(self._layer.encrypt, buffer), timeout)

    def _plaintext(self) -> bytes | None:
        with self._state:
            return self._layer.plaintext()

    def _feed(self, ciphertext: bytes) -> None:
        with self._state:
            self._layer.feed(ciphertext)

    def _send(self, make: Callable[[], bytes], timeout: float | None) -> None:
        with self._order:
            with self._state:
                ciphertext = make()
            self._inner.write(ciphertext, timeout)

    def close(self) -> None:
        """Close the socket below."""
        self._inner.close()

    def abort(self) -> None:
        """Make a read that is waiting in another thread return at once."""
        self._inner.abort()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> TLSStream:
        """Return TLS in TLS, as a tunnel through an HTTPS proxy needs."""
        return TLSStream.over(
            self, self._core, self._clock, ssl_context, server_hostname, timeout
        )

    def get_extra_info(self, info: str) -> Any:
        """Return the SSL object, or what the socket below knows."""
        return (
            self._layer.ssl_object if info == "ssl_object" else self._inner.get_extra_info(info)
        )


class SocketBackend:
    """Opens stamped blocking connections.

    Parameters
    ----------
    core : module
        ``httpcore`` or ``httpcore2``: whose exceptions to raise.
    gate : Gate, optional
        Where reads wait, so that an interrupt loses no bytes.
    own : bool
        For a request of our own: its connections let the body be read straight.
    """

    def __init__(
        self,
        core: ModuleType,
        gate: Gate | None = None,
        clock: Clock = monotonic_ns,
        own: bool = False,
    ) -> None:
        self._core, self._clock, self._own = core, clock, own
        self.gate = gate or Gate()
        self.is_stopped: Callable[[], bool] = bool  # nobody can stop it yet
        self._streams: weakref.WeakSet[SocketStream] = weakref.WeakSet()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> SocketStream:
        """Connect to the first address of `host` that answers."""
        with mapped(self._core.ConnectTimeout, self._core.ConnectError), self.gate.open():
            meter = first_answer(
                socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
                lambda info: _connect(
                    info, timeout, local_address, socket_options, self._clock
                ),
            )
        return self._stream(meter)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> SocketStream:
        """Connect to a Unix socket."""
        with mapped(self._core.ConnectTimeout, self._core.ConnectError), self.gate.open():
            info = (socket.AF_UNIX, socket.SOCK_STREAM, 0, "", path)
            meter = _connect(info, timeout, None, socket_options, self._clock)
        return self._stream(meter)

    def sleep(self, seconds: float) -> None:
        """Sleep between retries of a connection."""
        time.sleep(seconds)

    def abort(self) -> None:
        """End every connection at once, from any thread."""
        for stream in list(self._streams):
            stream.abort()

    def _stream(self, meter: Meter) -> SocketStream:
        stream = SocketStream(meter, self._core, self.gate, self._clock)
        stream.keeps_answer = self._own
        self._streams.add(stream)
        if self.is_stopped():  # it may have been while this one connected
            stream.abort()
        return stream


def first_answer(infos: list[Any], connect: Callable[[Any], Meter]) -> Meter:
    """Try the addresses in turn; raise the last failure if none answers."""
    for i, info in enumerate(infos, start=1):
        try:
            return connect(info)
        except OSError:
            if i == len(infos):
                raise
    raise OSError("the name has no address")


def open_socket(
    info: Any, local_address: str | None, options: Iterable[Any] | None, clock: Clock
) -> tuple[Meter, Any]:
    """Return an unconnected socket under a meter, and where it should connect to."""
    family, kind, proto, _, address = info
    sock = socket.socket(family, kind, proto)
    try:
        if family != getattr(socket, "AF_UNIX", None):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in options or ():
            sock.setsockopt(*option)
        if local_address is not None:
            sock.bind((local_address, 0))
        return Meter(sock, clock), address
    except BaseException:
        sock.close()
        raise


def _connect(
    info: Any,
    timeout: float | None,
    local_address: str | None,
    options: Iterable[Any] | None,
    clock: Clock,
) -> Meter:
    meter, address = open_socket(info, local_address, options, clock)
    try:
        meter.sock.settimeout(timeout)
        meter.sock.connect(address)
    except BaseException:
        meter.sock.close()
        raise
    return meter


def socket_info(sock: socket.socket, info: str) -> Any:
    """Answer httpcore's questions about a socket; None for what it does not know."""
    match info:
        case "client_addr":
            return sock.getsockname()
        case "server_addr":
            return sock.getpeername()
        case "socket":
            return sock
        case "is_readable":
            return readable(sock)
    return None


def readable(sock: socket.socket) -> bool:
    """Say whether a read would return at once; a closed socket is readable."""
    return sock.fileno() < 0 or wait_readable(sock, 0)
