"""Opens blocking connections: httpcore's documented ``NetworkBackend``."""

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType

from streamlab.net.connection import Stopper
from streamlab.net.interrupts import Gate
from streamlab.net.stamping import Meter
from streamlab.net.sync_socket import SocketStream, mapped

# A row of ``socket.getaddrinfo``.
AddressInfo = tuple[int, int, int, str, tuple[object, ...] | str]

# The arguments of ``setsockopt``, as httpcore has them.
SocketOption = tuple[int, int, int] | tuple[int, int, bytes]


class SocketBackend:
    """Opens stamped blocking connections.

    `core` is ``httpcore`` or ``httpcore2``: the library with the exceptions to raise.  Reads
    wait at `gate`.  A `stopper` is given for our own requests: it ends their connections, which
    keep the bytes of the response, so that the body can be read straight from the connection.
    """

    def __init__(self, core: ModuleType, gate: Gate, stopper: Stopper | None = None) -> None:
        self._core, self._gate, self._stopper = core, gate, stopper

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> SocketStream:
        """Connect to the first address of `host` that answers."""
        with mapped(self._core.ConnectTimeout, self._core.ConnectError), self._gate.open():
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            options = tuple(socket_options or ())
            meter = first_answer(
                infos,
                lambda info: _connect(*open_socket(info, local_address, options), timeout),
            )
        return self._stream(meter)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> SocketStream:
        """Connect to a Unix socket."""
        with mapped(self._core.ConnectTimeout, self._core.ConnectError), self._gate.open():
            info = (socket.AF_UNIX, socket.SOCK_STREAM, 0, "", path)
            meter = _connect(*open_socket(info, None, socket_options), timeout)
        return self._stream(meter)

    def sleep(self, seconds: float) -> None:
        """Sleep between retries of a connection."""
        time.sleep(seconds)

    def _stream(self, meter: Meter) -> SocketStream:
        own = self._stopper is not None
        stream = SocketStream(meter, self._core, self._gate, own)
        if self._stopper is not None:
            self._stopper.add(stream)
        return stream


def first_answer(
    infos: Sequence[AddressInfo], connect: Callable[[AddressInfo], Meter]
) -> Meter:
    """Connect to the first address that answers; raise the last failure if none does."""
    for i, info in enumerate(infos, start=1):
        try:
            return connect(info)
        except OSError:
            if i == len(infos):
                raise
    raise OSError("the name has no address")


def open_socket(
    info: AddressInfo, local_address: str | None, options: Iterable[SocketOption] | None
) -> tuple[Meter, tuple[object, ...] | str]:
    """Return an unconnected socket with its meter, and the address to connect to."""
    family, kind, proto, _, address = info
    sock = socket.socket(family, kind, proto)
    try:
        if family != getattr(socket, "AF_UNIX", None):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in options or ():
            sock.setsockopt(*option)
        if local_address is not None:
            sock.bind((local_address, 0))
        return Meter(sock), address
    except BaseException:
        sock.close()
        raise


def _connect(meter: Meter, address: tuple[object, ...] | str, timeout: float | None) -> Meter:
    try:
        meter.sock.settimeout(timeout)
        meter.sock.connect(address)
    except BaseException:
        meter.sock.close()
        raise
    return meter
