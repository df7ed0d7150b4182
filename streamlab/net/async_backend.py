"""Opens connections on an asyncio loop; on another loop, another backend opens them."""

# Addresses are tried as RFC 8305 (Happy Eyeballs) says: each attempt has a head start before
# the attempt with the next address begins.

import asyncio
import contextlib
import os
import socket
from collections.abc import Coroutine, Iterable
from types import ModuleType

from httpcore import AsyncNetworkBackend

from streamlab.net.async_socket import AsyncSocketStream
from streamlab.net.connection import Stopper
from streamlab.net.fallback import FallbackStream
from streamlab.net.interrupts import HeldCancellation
from streamlab.net.stamping import Meter
from streamlab.net.sync_backend import AddressInfo, SocketOption, open_socket
from streamlab.net.sync_socket import mapped

HEAD_START_S = 0.25  # RFC 8305, section 5: the recommended delay


class AsyncSocketBackend:
    """Opens stamped connections on the running asyncio loop.

    On another loop (trio, or one without ``add_reader``) `fallback`, the client's
    own backend, opens the connections, and the reads are stamped in the user tier.

    `held` and `stopper` are given for our own requests: their connections hold cancellations
    back and keep the bytes of the response, so that the body can be read straight from the
    connection; `stopper` ends them.
    """

    def __init__(
        self,
        core: ModuleType,
        fallback: AsyncNetworkBackend,
        held: HeldCancellation | None = None,
        stopper: Stopper | None = None,
    ) -> None:
        self._core, self._fallback = core, fallback
        self._held, self._stopper = held, stopper

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> AsyncSocketStream | FallbackStream:
        """Connect to the first address of `host` that answers."""
        if not can_add_reader():
            stream = await self._fallback.connect_tcp(
                host, port, timeout, local_address, socket_options
            )
            return FallbackStream(stream)
        if self._held is not None:
            self._held.check()  # a redirect may come here with a held cancellation
        with mapped(self._core.ConnectTimeout, self._core.ConnectError):
            async with asyncio.timeout(timeout):
                infos = await asyncio.get_running_loop().getaddrinfo(
                    host, port, type=socket.SOCK_STREAM
                )
                options = tuple(socket_options or ())
                meter = await race([connect(info, local_address, options) for info in infos])
        return self._stream(meter)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> AsyncSocketStream | FallbackStream:
        """Connect to a Unix socket."""
        if not can_add_reader():
            stream = await self._fallback.connect_unix_socket(path, timeout, socket_options)
            return FallbackStream(stream)
        with mapped(self._core.ConnectTimeout, self._core.ConnectError):
            async with asyncio.timeout(timeout):
                info = (socket.AF_UNIX, socket.SOCK_STREAM, 0, "", path)
                meter = await connect(info, None, tuple(socket_options or ()))
        return self._stream(meter)

    async def sleep(self, seconds: float) -> None:
        """Sleep between retries of a connection."""
        if can_add_reader():
            await asyncio.sleep(seconds)
        else:
            await self._fallback.sleep(seconds)

    def _stream(self, meter: Meter) -> AsyncSocketStream:
        stream = AsyncSocketStream(meter, self._core, self._held)
        if self._stopper is not None:
            self._stopper.add(stream)
        return stream


def can_add_reader() -> bool:
    """Return whether the running loop is asyncio's and can watch a socket."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # the loop is trio's
        return False
    # Windows' default loop has the method and raises in it; an unknown loop may lack it.
    if isinstance(loop, getattr(asyncio, "ProactorEventLoop", ())):
        return False
    return type(loop).add_reader is not asyncio.AbstractEventLoop.add_reader


async def race(attempts: list[Coroutine[object, object, Meter]]) -> Meter:
    """Return the first connection that opens; start the next attempt after a head start."""
    # Each attempt is a coroutine.  A failed attempt starts the next one at once; a slow one
    # goes on beside the next.  The losers are cancelled and their sockets closed, also when
    # the task itself is cancelled while that happens.
    tasks: list[asyncio.Task[Meter]] = []
    won: asyncio.Task[Meter] | None = None
    try:
        for attempt in attempts:
            tasks.append(asyncio.ensure_future(attempt))
            last = attempt is attempts[-1]
            while won is None and (pending := [task for task in tasks if not task.done()]):
                wait_s = None if last else HEAD_START_S
                await asyncio.wait(pending, timeout=wait_s, return_when="FIRST_COMPLETED")
                won = next((t for t in tasks if t.done() and not t.exception()), None)
                if not last:
                    break
            if won is not None:
                return won.result()
        if not tasks:
            raise OSError("the name has no address")
        return tasks[-1].result()
    finally:
        for attempt in attempts[len(tasks) :]:
            attempt.close()
        try:
            await _drop([task for task in tasks if task is not won])
        except BaseException:  # a cancellation here would leave the winner open
            if won is not None:
                won.result().sock.close()
            raise


async def _drop(tasks: list[asyncio.Task[Meter]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Meter):
            result.sock.close()


async def connect(
    info: AddressInfo, local_address: str | None, options: tuple[SocketOption, ...]
) -> Meter:
    """Connect a socket to one address."""
    meter, address = open_socket(info, local_address, options)
    try:
        meter.sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(meter.sock, address)
    except OSError as exc:
        meter.sock.close()
        if exc.errno is None:
            raise
        raise OSError(exc.errno, os.strerror(exc.errno)) from exc  # asyncio's text differs
    except BaseException:
        with contextlib.suppress(OSError):
            meter.sock.close()
        raise
    return meter
