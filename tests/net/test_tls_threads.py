"""TLS with one thread writing while another reads, as HTTP/2 does it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator

import httpcore
import pytest

from streamlab.net.interrupts import Gate
from streamlab.net.sync_backend import SocketBackend
from tests.net.relays import Authority, serving

N_WRITES, SIZE_BYTES = 300, 20_000


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried")
def test_what_is_written_while_another_thread_reads_arrives_in_order() -> None:
    authority = Authority()
    sent = [i.to_bytes(4) * (SIZE_BYTES // 4) for i in range(N_WRITES)]
    with serving(echo, authority.server_context()) as port:
        plain = SocketBackend(httpcore, Gate()).connect_tcp("127.0.0.1", port, timeout=5)
        stream = plain.start_tls(authority.client_context(), "localhost", timeout=5)
        writing = threading.Thread(target=lambda: [stream.write(data, 5) for data in sent])
        writing.start()
        got = bytearray()
        while len(got) < N_WRITES * SIZE_BYTES and (data := stream.read(65536, 5)):
            got += data
        writing.join()
        stream.close()
    assert got == b"".join(sent)
