"""Responses made elsewhere, recorded as they are read: httpx, httpx2, aiohttp, requests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

import streamlab as sl
from streamlab.capture import session as capture
from streamlab.capture.body import followed
from streamlab.capture.session import Session
from streamlab.errors import UsageError
from streamlab.testing import ManualClock
from tests.capture.tap.clients import aclient, client, each_library
from tests.capture.tap.sdks import KEY

BODY = {"model": "steady", "stream": True, "messages": []}
HEADERS = {"authorization": f"Bearer {KEY}"}


def check(recording: sl.Recording, said: str) -> None:
    assert recording.text == said
    assert recording.complete is True
    assert recording.end.how == "eof"
    assert recording.label == "/v1/chat/completions"
    assert recording.meta["method"] == "POST"
    assert (recording.meta["status"], recording.meta["http_version"]) == (200, "HTTP/1.1")
    assert set(recording.reads["stamp"]) == {"iterator"}
    assert (recording.reads["server_sent_ns"] > 0).all()
    assert KEY not in repr(dict(recording.meta))
    assert sl.last is recording
    assert recording.summary[["ttft_ms", "e2e_eof_ms", "ttfb_ms"]].isna().all()
    assert not recording.summary["icl_mean_ms"] <= 0  # NaN if the consumer was always late
    assert " ms from the first read (the send was not seen), ended: eof>" in str(recording)


@each_library
def test_a_response_of_httpx_is_recorded_while_its_deltas_are_read(
    library: Any, fast_lab: Any
) -> None:
    url = f"{fast_lab.base_url}/chat/completions"
    with (
        client(library) as http,
        http.stream("POST", url, json=BODY, headers=HEADERS) as response,
    ):
        attached = sl.attach(response)
        said = "".join(delta.text for delta in attached if delta.kind == "content")
    assert len(said) > 100
    check(attached.recording, said)


@each_library
def test_an_async_response_of_httpx_is_recorded_too(library: Any, fast_lab: Any) -> None:
    async def asked() -> tuple[Any, str]:
        url = f"{fast_lab.base_url}/chat/completions"
        async with (
            aclient(library) as http,
            http.stream("POST", url, json=BODY, headers=HEADERS) as response,
        ):
            attached = sl.attach(response)
            return attached, "".join(
                [delta.text async for delta in attached if delta.kind == "content"]
            )

    attached, said = asyncio.run(asked())
    check(attached.recording, said)


def test_a_response_of_aiohttp_is_recorded_while_its_lines_are_read(fast_lab: Any) -> None:
    async def asked() -> tuple[Any, list[str]]:
        url = f"{fast_lab.base_url}/chat/completions"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=BODY, headers=HEADERS) as response,
        ):
            attached = sl.attach(response)
            return attached, [line async for line in attached.aiter_lines()]

    attached, lines = asyncio.run(asked())
    check(attached.recording, attached.recording.text)
    assert "\n".join([*lines, ""]).encode() == attached.recording.body


def test_a_response_of_requests_is_recorded_while_its_bytes_are_read(fast_lab: Any) -> None:
    url = f"{fast_lab.base_url}/chat/completions"
    with requests.post(url, json=BODY, headers=HEADERS, stream=True, timeout=5) as response:
        attached = sl.attach(response)
        body = b"".join(attached.iter_raw())
    check(attached.recording, attached.recording.text)
    assert attached.recording.body == body


def test_what_aiohttp_and_requests_decompress_is_recorded_as_they_hand_it_over(
    pages: str,
) -> None:
    async def asked() -> Any:
        async with aiohttp.ClientSession() as session, session.get(f"{pages}/zipped") as resp:
            attached = sl.attach(resp)
            async for _ in attached.aiter_events():
                pass
        return attached

    response = requests.get(f"{pages}/zipped", stream=True, timeout=5)
    attached = sl.attach(response)
    list(attached.iter_events())
    for each in (attached, asyncio.run(asked())):
        assert len(each.recording.events) == 200
        assert each.recording.meta["content_encoding"] == "identity"


def test_what_the_library_raises_is_raised_and_what_came_is_kept(pages: str) -> None:
    url, timeout = f"{pages}/numbers?n=2&gap_ms=2000", httpx.Timeout(5, read=0.2)
    with client(httpx, timeout=timeout) as http, http.stream("GET", url) as response:
        attached = sl.attach(response)
        with pytest.raises(httpx.ReadTimeout):
            list(attached.iter_lines())
    assert attached.recording.end.how == "timeout"
    assert len(attached.recording.events) == 1


def test_leaving_early_is_a_recording_that_was_closed(pages: str) -> None:
    url = f"{pages}/numbers?n=400"
    with client(httpx2) as http:
        with http.stream("GET", url) as response, sl.attach(response) as attached:
            next(attached.iter_events())
        with http.stream("GET", url) as response, sl.attach(response) as unread:
            pass
    assert (attached.recording.end.how, len(attached.recording.tape)) == ("closed", 1)
    assert (unread.recording.end.how, len(unread.recording.tape)) == ("closed", 0)


def test_under_a_tap_the_stamps_are_those_of_its_sockets(pages: str, tier: str) -> None:
    with (
        client(httpx2) as http,
        sl.tap(http) as tap,
        http.stream("GET", f"{pages}/numbers?n=3") as response,
    ):
        attached = sl.attach(response, label="mine")
        body = b"".join(attached.iter_raw())
    assert attached.recording.label == "mine"
    assert set(attached.recording.reads["stamp"]) == {tier}
    assert [rec.body for rec in tap.recordings] == [body] == [attached.recording.body]


def test_max_bytes_ends_the_recording_and_not_the_loop(pages: str) -> None:
    with requests.get(f"{pages}/numbers?n=5", stream=True, timeout=5) as response:
        attached = sl.attach(response, max_bytes=50)
        body = b"".join(attached.iter_raw())
    assert attached.recording.body == body[:50]
    assert attached.recording.end.how == "limit"


def test_a_response_that_has_been_read_is_refused_in_one_sentence(pages: str) -> None:
    with client(httpx) as http, pytest.raises(UsageError) as caught:
        sl.attach(http.get(f"{pages}/nothing"))
    assert str(caught.value) == (
        "a response is attached before it is read, and this one was read, at least in part. "
        "Open it by client.stream(…) and attach it first."
    )


def test_a_response_of_which_some_has_been_read_is_refused_too(pages: str) -> None:
    url = f"{pages}/numbers?n=3"

    async def asked() -> None:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            await response.content.readline()
            sl.attach(response)

    with pytest.raises(UsageError, match=r"at least in part\. Open it by async with session"):
        asyncio.run(asked())
    with requests.get(url, stream=True, timeout=5) as response:
        next(response.iter_content(5))
        with pytest.raises(UsageError, match=r"at least in part\. Open it by requests\.post"):
            sl.attach(response)
    with client(httpx) as http, http.stream("GET", url) as response:
        next(response.iter_raw())
        with pytest.raises(UsageError, match=r"at least in part\. Open it by client\.stream"):
            sl.attach(response)


def left(attached: Any) -> None:
    """Check a recording that was left after a line, its response closed since."""
    recording = attached.recording
    assert recording.end.how == "closed"
    assert len(recording.body) > 0
    assert len(recording.events) < 400
    assert sl.last is recording


@each_library
def test_breaking_the_loop_and_closing_the_response_ends_the_recording(
    library: Any, pages: str
) -> None:
    url = f"{pages}/numbers?n=400"
    with client(library) as http, http.stream("GET", url) as response:
        attached = sl.attach(response)
        for _ in attached.iter_lines():
            break
    left(attached)
    with requests.get(url, stream=True, timeout=5) as response:
        attached = sl.attach(response)
        for _ in attached.iter_lines():
            break
    left(attached)


@each_library
def test_breaking_an_async_loop_and_closing_the_response_ends_it_too(
    library: Any, pages: str
) -> None:
    url = f"{pages}/numbers?n=400"

    async def asked() -> None:
        async with aclient(library) as http, http.stream("GET", url) as response:
            attached = sl.attach(response)
            async for _ in attached.aiter_lines():
                break
        left(attached)
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as response:
                attached = sl.attach(response)
                async for _ in attached.aiter_lines():
                    break
            left(attached)

    asyncio.run(asked())


def test_a_recording_can_be_closed_while_its_response_is_open(pages: str) -> None:
    url = f"{pages}/numbers?n=400"

    async def asked() -> None:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            attached = sl.attach(response)
            async for _ in attached.aiter_lines():
                break
            await attached.aclose()
            left(attached)

    asyncio.run(asked())
    with client(httpx) as http, http.stream("GET", url) as response:
        attached = sl.attach(response)
        for _ in attached.iter_lines():
            break
        with pytest.raises(UsageError) as caught:
            attached.recording  # noqa: B018
        attached.close()
        left(attached)
        assert list(attached.iter_raw()) == []
    assert str(caught.value) == (
        "a recording exists when its response has ended, and this one is open. "
        "Read it to its end, close it, or call close(); until then use .recorder."
    )


def test_a_response_that_is_attached_is_dropped_as_before(pages: str) -> None:
    response = requests.get(f"{pages}/numbers?n=1", stream=True, timeout=5)
    attached, dropped = sl.attach(response), weakref.ref(response)
    list(attached.iter_raw())
    del response, attached
    assert dropped() is None


def test_what_is_no_response_is_refused_in_one_sentence() -> None:
    with client(httpx) as http, pytest.raises(UsageError) as caught:
        sl.attach(http)
    assert str(caught.value) == (
        "sl.attach follows a response of httpx, httpx2, aiohttp or requests, and Client came. "
        "Pass the response itself, before it is read."
    )


def test_the_last_byte_of_requests_is_the_end_of_its_recording(fast_lab: Any) -> None:
    """urllib3 closes the body by itself then: a look at that moment finds no early close."""
    url = f"{fast_lab.base_url}/models"
    with requests.get(url, stream=True, timeout=10) as response:
        assert "content-length" in response.headers
        attached = sl.attach(response)
        for _ in attached.iter_raw():
            assert attached.recording.end.how == "eof"
    assert attached.recording.end.how == "eof"


def test_the_last_recording_can_be_asked_while_other_threads_attach(fast_lab: Any) -> None:
    url, failures = f"{fast_lab.base_url}/models", []

    def attach() -> None:
        for _ in range(20):
            with requests.get(url, stream=True, timeout=10) as response:
                list(sl.attach(response).iter_raw())

    threads = [threading.Thread(target=attach) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        try:
            capture.last()
        except RuntimeError as exc:
            failures.append(exc)
    assert failures == []


PIECE = b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


SERVER = """
import socket, sys, time
head, piece = sys.argv[1].encode(), sys.argv[2].encode()
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    while True:
        connection, _ = server.accept()
        connection.recv(65536)
        connection.sendall(head)
        for _ in range(10):
            time.sleep(0.03)
            connection.sendall((b"%x\\r\\n%s\\r\\n" % (len(piece), piece)) * 3)
        connection.sendall(b"0\\r\\n\\r\\n")
        connection.close()
"""


@pytest.fixture
def bursts() -> Iterator[str]:
    """Ten writes of three HTTP chunks each, 30 ms apart: libraries hand on 30 pieces."""
    # In a process of its own: a thread would take the GIL between two pieces.
    command = [sys.executable, "-c", SERVER, HEAD.decode(), PIECE.decode()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1/chat/completions"
        server.kill()


def attached_to(url: str, how: str) -> sl.Recording:
    """Read a response to its end by a library."""

    def read(response: Any) -> sl.Recording:
        attached = sl.attach(response)
        assert b"".join(attached.iter_raw())
        return attached.recording

    async def aread() -> sl.Recording:
        async with aclient(httpx) as http, http.stream("GET", url) as response:
            attached = sl.attach(response)
            assert [piece async for piece in attached.aiter_raw()]
        return attached.recording

    if how == "requests":
        return read(requests.get(url, stream=True, timeout=5))
    if how == "async":
        return asyncio.run(aread())
    with client(httpx) as http, http.stream("GET", url) as response:
        return read(response)


ways = pytest.mark.parametrize("how", ["httpx", "requests", "async"])


@ways
def test_pieces_handed_on_without_a_wait_are_one_arrival_as_under_a_tap(
    how: str, bursts: str
) -> None:
    with client(httpx) as http, sl.tap(http) as tap:
        http.get(bursts)
    (tapped,) = tap.recordings
    attached = attached_to(bursts, how)

    assert attached.body == tapped.body
    for rec in (tapped, attached):
        # A noisy machine may part a burst, or join two; never all of them.
        assert 8 <= len(rec.reads) <= 13
        assert 25 < rec.summary["icl_p50_ms"] < 40
        assert rec.summary["coalesced_share"] > 0.5


def test_what_came_while_the_consumer_was_busy_is_no_gap() -> None:
    """By a clock of our own: a wait, a piece at once, a busy consumer, a wait again."""
    clock = ManualClock()
    session = Session(attached=True, clock=clock)

    def pieces() -> Iterator[bytes]:
        for wait_ms in (30, 0.01, 0.05, 30):
            clock.advance_ms(wait_ms)
            yield b"data: x\n\n"

    for number, _ in enumerate(followed(pieces(), session)):
        clock.advance_ms(200 if number == 1 else 1)

    reads = session.recording().reads
    assert list(reads["n_bytes"]) == [18, 9, 9]
    assert list(reads["arrival"].fillna("-")) == ["-", "merged", "-"]
    assert list(reads["gap_ms"].fillna(-1)) == [-1, -1, 31]
    assert (reads["gap_lo_ms"].iloc[1], reads["gap_hi_ms"].iloc[1]) == (0, 201.06)
