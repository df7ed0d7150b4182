"""A stream may be left in any way: its recording has this end, and the client still works."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from typing import Any

import httpx
import httpx2
import pytest

import streamlab as sl
from tests.capture.tap.clients import aclient, client, each_library
from tests.waiting import auntil


@pytest.fixture
def long(pages: str) -> str:
    return f"{pages}/numbers?n=400&gap_ms=5"


@each_library
def test_a_response_left_early_is_a_recording_that_was_closed(library: Any, long: str) -> None:
    with client(library) as http, sl.tap(http) as tap:
        with http.stream("GET", long) as response:
            next(response.iter_raw())
        with http.stream("GET", long):
            pass
    assert [(rec.end.how, bool(rec.body)) for rec in tap.recordings] == [
        ("closed", True),
        ("closed", False),
    ]


@each_library
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # that is what is tried out
def test_a_response_without_a_reference_left_is_a_recording(library: Any, long: str) -> None:
    http = client(library)
    with sl.tap(http) as tap:
        response = http.send(http.build_request("GET", long), stream=True)
        pieces = response.iter_raw()
        next(pieces)
        assert len(tap.running) == 1
        assert len(tap.running[0]) == 1
        del response, pieces
        http.close()
        gc.collect()
    assert tap.running == []
    assert [rec.end.how for rec in tap.recordings] == ["closed"]


@each_library
def test_an_async_response_without_a_reference_left_is_a_recording(
    library: Any, long: str
) -> None:
    async def asked() -> Any:
        async with aclient(library) as http:
            tap = sl.tap(http)
            response = await http.send(http.build_request("GET", long), stream=True)
            pieces = response.aiter_raw()
            await anext(pieces)
            del response, pieces
            gc.collect()
            await auntil(lambda: not tap.running)  # the loop ends abandoned generators
        return tap

    assert [rec.end.how for rec in asyncio.run(asked()).recordings] == ["closed"]


@each_library
def test_a_cancelled_task_leaves_a_recording_of_what_had_come(library: Any, long: str) -> None:
    async def asked() -> Any:
        async with aclient(library) as http:
            with sl.tap(http) as tap:
                task = asyncio.create_task(http.get(long))
                await auntil(lambda: tap.running and len(tap.running[0]))
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
        return tap

    (recording,) = asyncio.run(asked()).recordings
    assert recording.end.how == "cancelled"
    assert len(recording.events) >= 1


def test_a_cancellation_before_the_answer_is_a_recording_too(pages: str) -> None:
    async def asked() -> Any:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.setblocking(False)
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            async with aclient(httpx2) as http:
                with sl.tap(http) as tap:
                    task = asyncio.create_task(http.get(url))
                    connection, _ = await loop.sock_accept(silent)
                    with connection:
                        assert await loop.sock_recv(connection, 4) == b"GET "
                        task.cancel()
                        with pytest.raises(asyncio.CancelledError):
                            await task
        return tap

    (recording,) = asyncio.run(asked()).recordings
    assert recording.end.how == "cancelled"
    assert recording.body == b""


def test_max_bytes_ends_the_recording_and_not_the_stream(pages: str) -> None:
    url = f"{pages}/numbers?n=5"
    with (
        client(httpx2) as http,
        sl.tap(http, max_bytes=100) as tap,
        http.stream("GET", url) as response,
    ):
        pieces = response.iter_raw()
        while not tap.recordings:
            next(pieces)
        rest = list(pieces)
    (recording,) = tap.recordings
    assert (recording.end.how, recording.end.detail) == ("limit", "max_bytes=100 was reached")
    assert len(recording.body) == 100
    assert sum(map(len, rest)) > 100


def test_a_stream_that_outlives_the_tap_is_recorded_to_its_end(pages: str) -> None:
    with client(httpx) as http:
        with sl.tap(http) as tap:
            response = http.send(http.build_request("GET", f"{pages}/numbers?n=5"), stream=True)
        assert tap.recordings == []
        assert repr(tap) == "<Tap, closed: 0 recorded, 1 running>"
        body = b"".join(response.iter_raw())
    assert [rec.body for rec in tap.recordings] == [body]
    assert sl.last is tap.recordings[0]


def test_ctrl_c_on_one_stream_does_not_hold_the_next_back(pages: str) -> None:
    """A tap's sockets keep no interrupt: it is the consumer's, at once."""
    with client(httpx) as http, sl.tap(http) as tap:
        timer = threading.Timer(0.2, lambda: signal_main())
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            http.get(f"{pages}/numbers?n=2&gap_ms=3000")
        timer.join()
        assert http.get(f"{pages}/numbers?n=2").status_code == 200
    assert [rec.end.how for rec in tap.recordings] == ["interrupted", "eof"]


def signal_main() -> None:
    import signal

    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
