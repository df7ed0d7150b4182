"""What had arrived is kept: where the consumer's own code is struck, forgotten or forked."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

import streamlab as sl
from streamlab.errors import UsageError
from streamlab.many import Lab
from tests.capture.test_secrets import KEY, echo_url  # noqa: F401  # a fixture
from tests.waiting import has_arrived, until

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
EVENT = b"data: %d\n\n"


class Silent:
    """Answers one request with a first event; sends more when the test says so, and no end."""

    def __init__(self, listening: socket.socket) -> None:
        self.endpoint = sl.endpoint(
            f"http://127.0.0.1:{listening.getsockname()[1]}/", dialect="sse"
        )
        self.n_asked = 0
        self.sent = b""
        self.connections: list[socket.socket] = []
        self._listening = listening
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self.connections.append(self._listening.accept()[0])
                self.connection.recv(65536)
                self.n_asked += 1
                self.connection.sendall(HEAD)
                self.send(EVENT % 0)

    @property
    def connection(self) -> socket.socket:
        return self.connections[-1]

    def send(self, data: bytes) -> None:
        self.sent += data  # before the client can answer to it
        self.connection.sendall(data)

    def send_more(self, n_events: int = 50) -> None:
        """Send events; return when all of them are in the client's kernel."""
        for number in range(1, n_events):
            self.send(EVENT % number)
        until(lambda: has_arrived(self.connection))


@pytest.fixture
def server() -> Iterator[Silent]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        silent = Silent(listening)
        yield silent
        listening.shutdown(socket.SHUT_RDWR)
        for connection in silent.connections:
            connection.close()


def is_kept(server: Silent, how: str) -> bool:
    assert sl.last is not None
    assert sl.last.end.how == how
    return sl.last.body == server.sent


@pytest.mark.parametrize("n_events", [2, 50, 120])
def test_a_cancellation_in_the_consumers_own_code_keeps_what_had_arrived(
    server: Silent, n_events: int
) -> None:
    async def consume() -> None:
        async with sl.stream(server.endpoint, timeout=60) as s:
            async for _ in s.aiter_raw():
                server.send_more(n_events)  # the loop is blocked: nothing is read meanwhile
                asyncio.current_task().cancel()  # type: ignore[union-attr]
                await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(consume())

    assert is_kept(server, "cancelled")


def test_a_timeout_around_the_block_keeps_what_had_arrived(server: Silent) -> None:
    async def consume() -> None:
        async with asyncio.timeout(None) as limit, sl.stream(server.endpoint) as s:
            async for _ in s.aiter_events():
                server.send_more()
                limit.reschedule(0)
                await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        asyncio.run(consume())

    assert is_kept(server, "cancelled")


@pytest.mark.parametrize("n_events", [2, 50, 120])
def test_ctrl_c_in_the_consumers_own_code_keeps_what_had_arrived(
    server: Silent, n_events: int
) -> None:
    with pytest.raises(KeyboardInterrupt), sl.stream(server.endpoint, timeout=60) as s:
        for _ in s.iter_raw():
            server.send_more(n_events)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)

    assert is_kept(server, "interrupted")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_server_that_never_stops_holds_no_interrupt_up(server: Silent) -> None:
    def flood() -> None:
        with suppress(OSError):
            while True:
                server.connection.sendall(EVENT % 1 * 1000)

    began_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt), sl.stream(server.endpoint, timeout=60) as s:
        for _ in s.iter_raw():
            threading.Thread(target=flood, daemon=True).start()
            raise KeyboardInterrupt

    assert time.monotonic() - began_s < 10  # 0.25 s and the work on what came


@pytest.mark.parametrize("is_async", [False, True])
def test_a_client_of_the_users_is_not_waited_for(server: Silent, is_async: bool) -> None:
    """Its connections know of no interrupt: to read on would be to wait for the server."""

    async def consume() -> None:
        async with (
            httpx.AsyncClient() as client,
            sl.stream(server.endpoint, client=client, timeout=60) as s,
        ):
            async for _ in s.aiter_raw():
                raise asyncio.CancelledError

    began_s = time.monotonic()
    if is_async:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(consume())
    else:
        with (
            httpx.Client() as client,
            pytest.raises(KeyboardInterrupt),
            sl.stream(server.endpoint, client=client, timeout=60) as s,
        ):
            for _ in s.iter_raw():
                raise KeyboardInterrupt

    assert time.monotonic() - began_s < 30
    assert is_kept(server, "cancelled" if is_async else "interrupted")


@pytest.mark.parametrize("in_cycle", [False, True])
@pytest.mark.parametrize("is_read", [False, True])
def test_a_stream_that_is_collected_is_the_last_and_its_journal_has_an_end(
    server: Silent, tmp_path: Path, is_read: bool, in_cycle: bool
) -> None:
    path, label = tmp_path / "a.jsonl", f"left {is_read} {in_cycle}"
    s = sl.stream(server.endpoint, label=label, save=path).__enter__()
    if in_cycle:  # as in the traceback of an exception that is kept
        held: list[object] = [s]
        held.append(held)
        del held
    if is_read:
        next(iter(s))
    del s
    gc.collect()

    assert sl.last is not None
    assert (sl.last.label, sl.last.end.how) == (label, "closed")
    assert sl.load(path).end == sl.last.end
    assert sl.load(path).body == sl.last.body == (b"data: 0\n\n" if is_read else b"")


@pytest.mark.parametrize("in_cycle", [False, True])
@pytest.mark.parametrize("is_read", [False, True])
def test_an_async_stream_that_is_collected_too(
    server: Silent, tmp_path: Path, is_read: bool, in_cycle: bool
) -> None:
    path, label = tmp_path / "a.jsonl", f"left {is_read} {in_cycle}"

    async def leave() -> None:
        s = await sl.stream(server.endpoint, label=label, save=path).__aenter__()
        if in_cycle:
            held: list[object] = [s]
            held.append(held)
            del held
        if is_read:
            await anext(aiter(s))
        del s
        gc.collect()

    asyncio.run(leave())

    assert sl.last is not None
    assert (sl.last.label, sl.last.end.how) == (label, "closed")
    assert sl.load(path).end == sl.last.end


def test_a_stream_whose_opening_is_gone_goes_on(server: Silent, tmp_path: Path) -> None:
    s = sl.stream(server.endpoint, save=tmp_path / "a.jsonl").__enter__()
    pieces = s.iter_raw()
    next(pieces)
    gc.collect()
    server.send_more(2)
    assert next(pieces) == b"data: 1\n\n"
    del s, pieces
    gc.collect()

    assert sl.load(tmp_path / "a.jsonl").body == server.sent


def test_a_second_stream_to_one_file_sends_nothing(server: Silent, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with sl.stream(server.endpoint, save=path) as s:
        next(s.iter_raw())
        for record in (sl.record, lambda *a, **k: asyncio.run(sl.arecord(*a, **k))):
            with pytest.raises(UsageError, match="another stream is being saved to this file"):
                record(server.endpoint, save=path)
        watched = sl.watch(server.endpoint, save=path, live=False)
        with pytest.raises(UsageError, match="another stream"):
            watched.wait(30)

    assert server.n_asked == 1
    assert sl.load(path).body == server.sent


FORKED = """
import os, sys
import streamlab as sl
with sl.stream(sl.endpoint(sys.argv[1], dialect="sse"), save=sys.argv[2]) as s:
    for number, piece in enumerate(s.iter_raw()):
        if number == 0 and (pid := os.fork()) == 0:
            sys.exit()
        if number == 0:
            os.waitpid(pid, 0)
            print("ready", flush=True)
print(sl.load(sys.argv[2]).body == s.recording.body, sl.load(sys.argv[2]).end.how)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_child_that_exits_in_the_block_leaves_the_parents_file(
    server: Silent, tmp_path: Path
) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORKED]
    child = subprocess.Popen(
        [*command, server.endpoint.url, tmp_path / "a.jsonl"], stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        server.send_more()
        server.connection.shutdown(socket.SHUT_WR)
        assert child.stdout.read() == b"True eof\n"


COPIES = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_recording_a_tape_and_a_concat_can_be_copied(fast_lab: Lab, copied) -> None:  # type: ignore[no-untyped-def]
    rec = sl.record(fast_lab.endpoint("count-to-ten"), "hi", label="mine")
    again = copied(rec)
    assert len(rec.events)
    for made in (again, copied(rec)):  # before and after its tables were made
        assert made.tape == rec.tape
        assert (made.label, made.dialect, made.text) == ("mine", "openai_chat", rec.text)
        assert made.lines.equals(rec.lines)
        assert repr(made) == repr(rec)

    assert copied(rec.tape) == rec.tape
    both = sl.concat({"a": rec, "b": again})
    assert copied(both).deltas.equals(both.deltas)


def test_no_copy_holds_a_key(echo_url: str) -> None:  # noqa: F811
    rec = sl.record(sl.endpoint(echo_url, dialect="openai_chat", api_key=KEY), "hi")
    for thing in (rec, rec.tape, sl.concat([rec])):
        assert KEY.encode() not in pickle.dumps(thing)
        assert KEY.encode() not in pickle.dumps(copy.deepcopy(thing))
