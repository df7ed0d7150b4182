"""Real servers between a client and the lab: TLS, and forward proxies.

Each is an asyncio server in a thread of its own, over real sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime

import trustme

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Authority:
    """A certificate authority of the tests' own."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self._cert = self._ca.issue_cert("localhost", "127.0.0.1")

    def server_context(
        self,
        ask_for_certificate: bool = False,
        name: str = "",
        not_after: datetime | None = None,
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        other = self._ca.issue_cert(name or "localhost", not_after=not_after)
        (other if name or not_after else self._cert).configure_cert(context)
        if ask_for_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            self._ca.configure_trust(context)
        return context

    @property
    def pem(self) -> bytes:
        """The certificate of the authority, as a file has it."""
        return self._ca.cert_pem.bytes()

    def client_context(self, with_certificate: bool = False) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self._ca.configure_trust(context)
        if with_certificate:
            self._ca.issue_cert("client@example.org").configure_cert(context)
        return context


@contextmanager
def serving(handler: Handler, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve in a thread; yield the port."""
    ready: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    running: set[asyncio.Task[None]] = set()  # a loop holds its tasks weakly only

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await handler(reader, writer)
        finally:
            running.discard(task)
            await closed(writer)

    async def main() -> None:
        stop = asyncio.Event()
        patience = {"ssl_shutdown_timeout": 0.2} if context else {}  # clients may stay
        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context, **patience)
        port = server.sockets[0].getsockname()[1]
        ready.set_result((port, asyncio.get_running_loop(), stop))
        await stop.wait()
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    port, loop, stop = ready.result(5)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def relay_to(port: int) -> Handler:
    """Return a handler that hands all bytes on to a port of this machine, and back."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await join(reader, writer, port)

    return handle


def proxy(log: list[str]) -> Handler:
    """Return a forward proxy: CONNECT tunnels, and absolute URLs over clear HTTP."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        log.append(f"{method} {target}")
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await join(reader, writer, int(target.rpartition(":")[2]))
            return
        host, _, path = target.removeprefix("http://").partition("/")
        head = head.replace(target.encode(), f"/{path}".encode(), 1)
        await join(reader, writer, int(host.rpartition(":")[2]), head)

    return handle


def answering(answer: bytes) -> Handler:
    """Return a handler that gives the same answer to every request; empty, it only closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    return handle


async def join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, head: bytes = b""
) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(head)
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(pump(reader, back))
            both.create_task(pump(there, writer))
    except* OSError:
        pass
    finally:
        await closed(back)


async def closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection, and return when its socket is gone."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()
