"""Interruptions at a difficult moment are raised too."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import h2.exceptions
import pytest

import streamlab as sl
from streamlab.capture.libraries import how_of, is_cancellation
from streamlab.capture.options import RequestOptions
from streamlab.capture.request import OwnRequest, apieces, pieces
from streamlab.many import Lab
from tests.waiting import AsyncReads, auntil, has_arrived, is_asleep, until

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
EVENT = b"d\r\ndata: hello\n\n\r\n"


class Server:
    """Takes one request; answers when the test says so."""

    def __init__(self, listening: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        self._listening = listening
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        self._listening.settimeout(10)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            self.connection, _ = self._listening.accept()
            stack.enter_context(self.connection)
            self.connection.recv(65536)
            stack.pop_all()
            self._asked.set()

    def close(self) -> None:
        self._thread.join(10)
        if self.was_asked:
            self.connection.close()

    async def asked(self) -> None:
        assert await asyncio.to_thread(self._asked.wait, 10)

    @property
    def was_asked(self) -> bool:
        return self._asked.is_set()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> AsyncReads:
    """The reads of this test's async connections."""
    return AsyncReads.watched(monkeypatch)


@contextmanager
def serving() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening)
        yield server
        listening.shutdown(socket.SHUT_RDWR)
        server.close()


async def cancelled_while_blocked(
    server: Server, reads: AsyncReads, answer: bytes, then_end: bool = False
) -> bool:
    """Record; answer while the loop is blocked, and cancel before the loop looks again."""
    task = asyncio.create_task(sl.arecord(sl.endpoint(server.url, dialect="sse"), timeout=5))
    await server.asked()
    await auntil(lambda: reads.sockets)
    server.connection.sendall(answer)
    if then_end:
        server.connection.shutdown(socket.SHUT_WR)
    until(lambda: has_arrived(server.connection))
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


def test_a_cancellation_goes_on_where_the_stream_breaks_too(reads: AsyncReads) -> None:
    with serving() as server:
        assert asyncio.run(cancelled_while_blocked(server, reads, HEAD + EVENT, then_end=True))

    assert sl.last is not None
    assert sl.last.body == b"data: hello\n\n"


def test_a_cancellation_follows_a_redirect(reads: AsyncReads) -> None:
    with serving() as elsewhere, serving() as server:
        redirect = (
            b"HTTP/1.1 307 Temporary Redirect\r\nlocation: %s\r\ncontent-length: 0\r\n"
            b"connection: close\r\n\r\n" % elsewhere.url.encode()
        )
        assert asyncio.run(cancelled_while_blocked(server, reads, redirect))
        assert not elsewhere.was_asked


@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_stopped_before_it_is_connected_waits_for_nothing(is_async: bool) -> None:
    with serving() as server:
        own = OwnRequest(RequestOptions(sl.endpoint(server.url, dialect="sse"), timeout=5))
        own.stop()

        if is_async:
            asyncio.run(drain(own))
        else:
            list(pieces(own))

    tape = own.session.finish()
    assert (tape.end.how, tape.end.detail) == ("closed", "stopped")


async def drain(own: OwnRequest) -> None:
    async for _ in apieces(own):
        pass


WITH_A_CLIENT = """
import sys, httpx, streamlab as sl
ep = sl.openai("silence", base_url=sys.argv[1])
try:
    with sl.stream(ep, "hi", client=httpx.Client()) as s:
        for n, _ in enumerate(s.iter_events(), start=1):
            if n == 12:
                print("silent", flush=True)
except KeyboardInterrupt:
    print(s.recording.end.how, len(s.recording.events), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_works_at_once_with_a_client_of_ones_own(lab: Lab) -> None:
    """Its connections know nothing of our gate, so nothing may wait behind it."""
    child = subprocess.Popen(
        [sys.executable, "-c", WITH_A_CLIENT, lab.base_url],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "silent\n"

    until(lambda: is_asleep(child.pid))  # it waits for the next byte
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=20)

    assert said.split() == ["interrupted", "12"]


@pytest.mark.parametrize(
    "answer", [b"no log", b'{"sent": [[13, %s]]}' % (b"9" * 30), b"[" * 9999]
)
@pytest.mark.parametrize("stream", [b"7", b"../\x7f%zz"])
def test_a_server_that_only_looks_like_a_lab_spoils_no_recording(
    answer: bytes, stream: bytes
) -> None:
    head = b"HTTP/1.1 200 OK\r\nx-streamlab-stream: %s\r\ncontent-length: 13\r\n\r\n" % stream
    with serving() as server:

        def reply() -> None:
            asyncio.run(server.asked())
            server.connection.sendall(head + b"data: hello\n\n")
            with contextlib.suppress(OSError):
                connection, _ = server._listening.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + answer)

        thread = threading.Thread(target=reply, daemon=True)
        thread.start()
        rec = sl.record(sl.endpoint(server.url, dialect="sse"), timeout=5)

    assert (rec.end.how, rec.body) == ("eof", b"data: hello\n\n")


def test_what_is_no_http_2_is_a_failure_of_the_network() -> None:
    """httpcore lets the exceptions of h2 pass where they come in mid-body."""
    assert how_of(h2.exceptions.ProtocolError("Error decoding header block")) == "reset"


def test_a_group_of_cancellations_is_one() -> None:
    """trio raises such a group where it cancels a race of addresses."""
    cancelled = asyncio.CancelledError()
    assert is_cancellation(BaseExceptionGroup("", [BaseExceptionGroup("", [cancelled])]))
    assert not is_cancellation(BaseExceptionGroup("", [cancelled, KeyboardInterrupt()]))
