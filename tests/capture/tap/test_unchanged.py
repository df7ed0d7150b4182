"""A tapped client is the same client: requests, answers, hooks, traces, exceptions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import ollama
import openai
import pytest

import streamlab as sl
from tests.capture.tap.clients import aclient, client, each_library
from tests.capture.tap.conftest import Secure
from tests.capture.tap.sdks import ASKED, KEY


@each_library
def test_a_request_arrives_as_it_would_without_a_tap(library: Any, pages: str) -> None:
    def asked(http: Any) -> list[Any]:
        with http:
            url = f"{pages}/echo?a=1"
            return [
                http.post(url, json={"b": 2}, headers={"x-mine": "yes"}).json(),
                http.get(url, auth=("user", "pass")).json(),
                http.post(url, content=iter([b"a", b"b"])).json(),
            ]

    http = client(library)
    sl.tap(http)
    assert asked(http) == asked(client(library))


@each_library
def test_redirects_are_followed_and_each_response_is_a_recording(
    library: Any, pages: str
) -> None:
    with client(library, follow_redirects=True) as http, sl.tap(http) as tap:
        response = http.get(f"{pages}/moved", params={"n": 2})
    assert [each.status_code for each in response.history] == [307]
    assert [rec.meta["status"] for rec in tap.recordings] == [307, 200]
    assert [rec.label for rec in tap.recordings] == ["/moved", "/numbers"]
    assert [rec.meta["reused"] for rec in tap.recordings] == [False, True]
    assert tap.recordings[1].body == response.content
    starts = [rec.tape.t0_ns for rec in tap.recordings]
    assert starts[0] < tap.recordings[0].end.t_ns < starts[1]


@each_library
def test_responses_without_a_body_are_recordings_that_came_to_their_end(
    library: Any, pages: str
) -> None:
    with client(library) as http, sl.tap(http) as tap:
        http.get(f"{pages}/nothing")
        http.head(f"{pages}/zipped")
        with http.stream("GET", f"{pages}/nothing"):
            pass
    assert [(rec.meta["status"], rec.body, rec.end.how) for rec in tap.recordings] == [
        (204, b"", "eof"),
        (200, b"", "eof"),
        (204, b"", "eof"),
    ]


@each_library
def test_a_compressed_body_is_recorded_as_sent_and_read_as_meant(
    library: Any, pages: str
) -> None:
    with client(library) as http, sl.tap(http) as tap:
        response = http.get(f"{pages}/zipped")
    (recording,) = tap.recordings
    assert len(recording.body) == response.num_bytes_downloaded < len(response.content)
    assert len(recording.events) == 200
    assert set(recording.events["data"]) == {"small"}


@each_library
def test_the_time_a_response_took_is_still_told(library: Any, pages: str) -> None:
    with client(library) as http, sl.tap(http):
        assert http.get(f"{pages}/nothing").elapsed.total_seconds() > 0


def test_hooks_and_traces_of_the_user_are_called_as_before(pages: str) -> None:
    heard: list[str] = []

    def note(what: Any) -> None:
        heard.append(type(what).__name__)
        if isinstance(what, httpx.Response):
            what.read()  # before the caller does

    def trace(name: str, info: dict[str, Any]) -> None:
        heard.append(name)

    def asked(http: httpx.Client) -> list[str]:
        heard.clear()
        extensions = {"trace": trace}
        request = http.build_request("GET", f"{pages}/moved?n=2", extensions=extensions)
        theirs = request.extensions
        response = http.send(request, follow_redirects=True)
        assert request.extensions is theirs
        assert response.request.extensions["trace"] is trace
        return list(heard)

    hooks = {"request": [note], "response": [note]}
    with client(httpx, event_hooks=hooks) as http:
        lists = [id(each) for each in http.event_hooks.values()]
        with sl.tap(http) as tap:
            with_tap = asked(http)
        assert [id(each) for each in http.event_hooks.values()] == lists
    with client(httpx, event_hooks=hooks) as http:
        assert asked(http) == with_tap
    assert len(tap.recordings[1].body) > 0
    assert "send" in set(tap.recordings[1].phases["phase"])


def test_an_async_trace_of_the_user_is_awaited(pages: str) -> None:
    heard: list[str] = []

    async def trace(name: str, info: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        heard.append(name)

    async def asked() -> list[sl.Recording]:
        async with aclient(httpx2) as http:
            with sl.tap(http) as tap:
                await http.get(f"{pages}/nothing", extensions={"trace": trace})
        return tap.recordings

    (recording,) = asyncio.run(asked())
    assert "http11.send_request_headers.started" in heard
    assert "request_sent" in recording.tape.marks


@each_library
def test_a_refused_connection_raises_the_librarys_own_error_and_is_a_recording(
    library: Any,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    with client(library) as http, sl.tap(http) as tap, pytest.raises(library.ConnectError):
        http.get(url)
    (recording,) = tap.recordings
    assert recording.end.how == "connect"
    assert recording.end.detail.startswith("ConnectError: ")


@each_library
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_timeout_amid_the_stream_is_the_librarys_own_and_keeps_what_came(
    library: Any, mode: str, pages: str
) -> None:
    url, timeout = f"{pages}/numbers?n=2&gap_ms=2000", library.Timeout(5, read=0.2)
    taps: list[Any] = []

    async def asked() -> None:
        async with aclient(library, timeout=timeout) as http:
            taps.append(sl.tap(http))
            await http.get(url)

    with pytest.raises(library.ReadTimeout):
        if mode == "async":
            asyncio.run(asked())
        else:
            with client(library, timeout=timeout) as http:
                taps.append(sl.tap(http))
                http.get(url)
    (recording,) = taps[0].recordings
    assert recording.end.how == "timeout"
    assert len(recording.events) == 1


def failure(library: Any, mode: str, url: str, tapped: bool) -> tuple[Any, str, list[Any]]:
    """Return the exception of a request, what it says, and the tap if any, in a list."""
    options = {"timeout": library.Timeout(5, read=0.2)}
    taps: list[Any] = []

    async def asked() -> None:
        async with aclient(library, **options) as http:
            taps.extend([sl.tap(http)] * tapped)
            await http.get(url)

    with pytest.raises(library.TransportError) as caught:
        if mode == "async":
            asyncio.run(asked())
        else:
            with client(library, **options) as http:
                taps.extend([sl.tap(http)] * tapped)
                http.get(url)
    return caught.type, str(caught.value), taps


@pytest.fixture
def failing(pages: str) -> Iterator[dict[str, str]]:
    """URLs that fail: by a timeout, a reset amid the body, a refusal, no address."""

    def reset(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = server.accept()
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.close()

    with socket.create_server(("127.0.0.1", 0)) as closed:
        refused = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=reset, args=(server,))
    thread.start()
    yield {
        "timeout": f"{pages}/numbers?n=2&gap_ms=2000",
        "reset": f"http://127.0.0.1:{server.getsockname()[1]}/",
        "refused": refused,
        "no address": "http://nowhere.invalid/",
    }
    with contextlib.suppress(OSError):
        server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


@each_library
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("why", ["timeout", "reset", "refused", "no address"])
def test_an_exception_says_the_same_with_a_tap_and_without(
    library: Any, mode: str, why: str, failing: dict[str, str]
) -> None:
    kind, said, _ = failure(library, mode, failing[why], tapped=False)
    *with_tap, (tap,) = failure(library, mode, failing[why], tapped=True)
    assert with_tap == [kind, said]
    (recording,) = tap.recordings
    assert recording.end.detail.startswith(f"{kind.__name__}: ")  # and in words, if it had none


def test_a_refusal_is_the_sdks_exception_and_its_words_are_kept_without_the_key(
    pages: str,
) -> None:
    wrong = "sk-wrong-and-secret"
    with client(httpx2) as http, sl.tap(http) as tap:
        sdk = openai.OpenAI(api_key=wrong, base_url=f"{pages}/v1", http_client=http)
        with pytest.raises(openai.AuthenticationError) as caught:
            sdk.chat.completions.create(model="x", messages=ASKED, stream=True)
    assert wrong in str(caught.value)  # what the consumer gets is as the server sent it
    (recording,) = tap.recordings
    assert recording.meta["status"] == 401
    assert recording.problem is not None
    assert "wrong key" in recording.problem
    everything = recording.body + repr((dict(recording.meta), recording.end)).encode()
    assert wrong.encode() not in everything


def test_what_an_sdk_retries_is_one_recording_a_try(pages: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/v1"
    with client(httpx2) as http, sl.tap(http) as tap:
        sdk = openai.OpenAI(api_key=KEY, base_url=url, http_client=http, max_retries=1)
        with pytest.raises(openai.APIConnectionError):
            sdk.chat.completions.create(model="x", messages=ASKED, stream=True)
    assert [rec.end.how for rec in tap.recordings] == ["connect", "connect"]


def test_a_line_that_an_sdk_fails_over_is_recorded_whole(pages: str) -> None:
    """httpx ends lines at U+2028, in the middle of a JSON string; ollama's client fails."""

    def asked(tapped: bool) -> Any:
        sdk = ollama.Client(host=pages, trust_env=False)
        tap = sl.tap(sdk) if tapped else None
        with sdk, pytest.raises(json.JSONDecodeError) as caught:
            list(sdk.chat("ollama_chat", ASKED, stream=True))
        return str(caught.value), tap

    without, _ = asked(tapped=False)
    with_tap, tap = asked(tapped=True)
    assert with_tap == without
    assert tap.recordings[0].end.how == "closed"
    assert "\u2028" in tap.recordings[0].text


@each_library
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_certificate_that_is_not_trusted_is_refused_as_before(
    library: Any, mode: str, secure: Secure
) -> None:
    """Also by the library's own default context, which asks the system."""

    async def asked(http: Any) -> None:
        async with http:
            await http.get(secure.url)

    http = client(library) if mode == "sync" else aclient(library)
    with sl.tap(http) as tap, pytest.raises(library.ConnectError, match="certificate"):
        if mode == "sync":
            with http:
                http.get(secure.url)
        else:
            asyncio.run(asked(http))
    assert [rec.end.how for rec in tap.recordings] == ["connect"]
