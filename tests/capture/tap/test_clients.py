"""Which clients may be tapped, and the state of a client and of a tap afterwards."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator
from typing import Any

import httpcore
import httpx
import httpx2
import openai
import pytest

import streamlab as sl
from streamlab.errors import UsageError
from tests.capture.tap.clients import aclient, client, each_library, wiring
from tests.capture.tap.sdks import ASKED, KEY, SDK, SDKS


@each_library
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_taps_record_both_and_may_be_closed_in_any_order(
    library: Any, order: tuple[int, int], pages: str, tier: str
) -> None:
    with client(library, proxy=None, mounts={"http://other": None}) as http:
        before = wiring(http)
        taps = [sl.tap(http, label="one"), sl.tap(http, label="two")]
        first = http.get(f"{pages}/numbers?n=3").content
        taps[order[0]].close()
        second = http.get(f"{pages}/numbers?n=3").content
        taps[order[1]].close()
        assert wiring(http) == before
        http.get(f"{pages}/nothing")
    bodies = [[rec.body for rec in taps[i].recordings] for i in order]
    assert bodies == [[first], [first, second]]
    for tap in taps:
        assert {t for rec in tap.recordings for t in rec.reads["stamp"]} == {tier}


@each_library
def test_closing_twice_is_closing_once(library: Any) -> None:
    with client(library) as http:
        before = wiring(http)
        tap, other = sl.tap(http), sl.tap(http)
        tap.close()
        tap.close()
        other.close()
        assert wiring(http) == before


def test_mounts_and_environment_proxies_are_tapped_and_restored(
    pages: str, proxy: str, monkeypatch: pytest.MonkeyPatch, tier: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "localhost")
    with openai.DefaultHttpxClient() as http:
        before = wiring(http)
        assert len(before[0]) > 1
        with sl.tap(http) as tap:
            assert http.get(f"{pages}/numbers?n=2").status_code == 200
            log = http.get("http://proxy.invalid/").json()
        assert wiring(http) == before
    assert f"GET {pages}/numbers?n=2" in log
    assert set(tap.recordings[0].reads["stamp"]) == {tier}


def test_a_tap_that_is_forgotten_does_not_keep_its_client(pages: str) -> None:
    http = client(httpx)
    sl.tap(http)
    http.get(f"{pages}/nothing")
    http.close()
    gone = weakref.ref(http)
    del http
    gc.collect()
    assert gone() is None


def test_a_connection_opened_before_the_tap_says_that_it_is_not_ours(
    pages: str, tier: str
) -> None:
    with client(httpx2) as http:
        http.get(f"{pages}/numbers?n=2")
        with sl.tap(http) as tap:
            http.get(f"{pages}/numbers?n=2")
    (recording,) = tap.recordings
    assert recording.meta["reused"] is True
    assert set(recording.reads["stamp"]) == {"iterator"}


@each_library
def test_a_transport_without_sockets_is_recorded_where_it_hands_over(library: Any) -> None:
    def stream() -> Iterator[bytes]:
        yield b"data: a\n\n"
        yield b"data: b\n\n"

    def answer(request: Any) -> Any:
        if request.url.path == "/whole":
            return library.Response(200, json={"all": "at once"})
        return library.Response(200, content=stream())

    mock = library.MockTransport(answer)
    with client(library, transport=mock) as http, sl.tap(http) as tap:
        assert http.get("http://mock/whole").json() == {"all": "at once"}
        assert http.get("http://mock/stream").content == b"data: a\n\ndata: b\n\n"
    whole, streamed = tap.recordings
    assert json.loads(whole.body) == {"all": "at once"}
    assert [len(read.data) for read in streamed.tape] == [9, 9]
    assert set(streamed.reads["stamp"]) == set(whole.reads["stamp"]) == {"iterator"}


def test_a_network_that_the_user_chose_stays(pages: str) -> None:
    answer = [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", b"ok"]
    with client(httpx) as http:
        http._transport._pool._network_backend = chosen = httpcore.MockBackend(answer)
        with sl.tap(http) as tap:
            assert http._transport._pool._network_backend is chosen
            assert http.get(pages).text == "ok"
    assert tap.recordings[0].body == b"ok"


def test_trio_is_recorded_in_the_user_tier(pages: str) -> None:
    trio = pytest.importorskip("trio")

    async def asked() -> Any:
        async with aclient(httpx) as http:
            with sl.tap(http) as tap:
                await http.get(f"{pages}/numbers?n=3")
        return tap

    (recording,) = trio.run(asked).recordings
    assert set(recording.reads["stamp"]) == {"user"}
    assert len(recording.events) == 3


def test_an_sdks_client_may_be_tapped_itself(fast_lab: Any) -> None:
    sdk = openai.OpenAI(api_key=KEY, base_url=fast_lab.base_url, http_client=client(httpx2))
    with sdk, sl.tap(sdk) as tap:
        list(sdk.chat.completions.create(model="steady", messages=ASKED, stream=True))
    assert len(tap.recordings) == 1


def test_what_holds_no_client_is_refused_in_one_sentence() -> None:
    with pytest.raises(UsageError) as caught:
        sl.tap("http://example.org")
    assert str(caught.value) == (
        "sl.tap records an httpx or httpx2 client, sync or async, and str came. "
        "Make one, give it to the SDK (http_client=http) and tap it: sl.tap(http)."
    )


def test_a_recording_knows_what_was_asked_and_its_label_is_the_path(fast_lab: Any) -> None:
    with client(httpx2) as http, sl.tap(http) as tap:
        SDKS[0].sync(fast_lab.url, "steady", http)
    (recording,) = tap.recordings
    assert recording.label == "/v1/chat/completions"
    assert recording.meta["model"] == "steady"
    assert recording.meta["request"]["messages"] == ASKED
    assert recording.dialect == "openai_chat"
    assert sl.last is recording


@pytest.mark.parametrize("sdk", SDKS[:1], ids=lambda sdk: sdk.name)
def test_asking_for_the_lab_log_changes_nothing_of_the_client(sdk: SDK, fast_lab: Any) -> None:
    with client(httpx2) as http, sl.tap(http) as tap:
        sdk.sync(fast_lab.url, "steady", http)
        (recording,) = tap.recordings
        assert len(tap.recordings) == 1  # the log was asked for past the client
        assert (recording.reads["server_sent_ns"] > 0).all()
