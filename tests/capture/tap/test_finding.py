"""What `sl.tap` finds in the objects that people hold, and what it says without a find."""

from __future__ import annotations

import asyncio
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import aiohttp
import cohere
import httpx
import httpx2
import openai
import pydantic
import pytest
import requests
from google import genai
from google.genai.types import HttpOptions
from huggingface_hub import InferenceClient
from mistralai.client import Mistral

import streamlab as sl
from streamlab.errors import UsageError
from streamlab.many import Lab
from tests.capture.tap.clients import client
from tests.capture.tap.sdks import ASKED, KEY


def under(depth: int, thing: Any) -> Any:
    """Return an object that has `thing` so many attributes down."""
    for _ in range(depth):
        thing = SimpleNamespace(name="x", numbers=[1], inner=thing)
    return thing


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("depth", range(5))
def test_a_client_is_found_four_attributes_down(library: Any, depth: int, pages: str) -> None:
    with client(library) as http, sl.tap(under(depth, http)) as tap:
        http.get(f"{pages}/numbers?n=2")
    assert len(tap.recordings) == 1


def test_five_attributes_down_is_too_deep() -> None:
    with client(httpx) as http, pytest.raises(UsageError, match="SimpleNamespace came"):
        sl.tap(under(5, http))


class Lazy:
    """Makes its client on first use, as ChatAnthropic does."""

    @cached_property
    def _client(self) -> httpx.Client:
        return client(httpx)


class Model(pydantic.BaseModel):
    """Has its client in a private attribute, as models of LangChain do."""

    _http: Any = pydantic.PrivateAttr(default_factory=lambda: client(httpx))
    name: str = "m"


class Slotted:
    """Has its client in a slot, beside an empty one, and answers to any other name."""

    __slots__ = ("empty", "http")

    def __init__(self) -> None:
        self.http = client(httpx)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name) if name.startswith("__") else RuntimeError(name)


class Loop:
    """Refers to itself, and has a property that must not run."""

    def __init__(self) -> None:
        self.me = self
        self.client = under(2, client(httpx2))

    @property
    def dangerous(self) -> None:
        raise AssertionError("a property was run")


@pytest.mark.parametrize(
    ("thing", "inner"),
    [
        (Lazy(), lambda it: it._client),
        (Model(), lambda it: it._http),
        (Slotted(), lambda it: it.http),
        (Loop(), lambda it: it.client.inner.inner),
    ],
)
def test_where_a_client_hides(thing: Any, inner: Any, pages: str) -> None:
    with sl.tap(thing) as tap:
        inner(thing).get(f"{pages}/numbers?n=2")
    inner(thing).close()
    assert len(tap.recordings) == 1


class Eager:
    """Answers to every name."""

    def __getattr__(self, name: str) -> Any:
        return self


def test_an_object_that_answers_to_every_name_is_refused() -> None:
    with pytest.raises(UsageError, match="Eager came"):
        sl.tap(Eager())


def test_a_response_is_attached(pages: str) -> None:
    with pytest.raises(UsageError, match=r"Response came\. Use sl\.attach\(response\)"):
        sl.tap(httpx.get(f"{pages}/numbers?n=2"))


def mistral(url: str) -> Any:
    return Mistral(api_key=KEY, server_url=url)


def google(url: str) -> Any:
    return genai.Client(api_key=KEY, http_options=HttpOptions(base_url=url))


ASK = {
    "mistral": (
        mistral,
        lambda it: list(it.chat.stream(model="steady", messages=ASKED)),
    ),
    "cohere": (
        lambda url: cohere.ClientV2(KEY, base_url=url),
        lambda it: list(it.chat_stream(model="steady", messages=ASKED)),
    ),
    "google": (
        google,
        lambda it: list(it.models.generate_content_stream(model="steady", contents="hi")),
    ),
    "a resource of openai": (
        lambda url: openai.OpenAI(api_key=KEY, base_url=f"{url}/v1").chat.completions,
        lambda it: list(it.create(model="steady", messages=ASKED, stream=True)),
    ),
}


@pytest.mark.parametrize("name", ASK)
def test_the_client_of_an_sdk_is_recorded(name: str, fast_lab: Lab, tier: str) -> None:
    make, ask = ASK[name]
    sdk = make(fast_lab.url)
    with sl.tap(sdk) as tap:
        ask(sdk)
    (recording,) = tap.recordings
    assert (recording.problem, recording.complete) == (None, True)
    assert set(recording.reads["stamp"]) == {tier}


def test_an_sdk_with_a_sync_and_an_async_client_is_recorded_both_ways(fast_lab: Lab) -> None:
    async def ask(sdk: Any) -> None:
        async for _ in await sdk.chat.stream_async(model="steady", messages=ASKED):
            pass

    sdk = mistral(fast_lab.url)
    with sl.tap(sdk) as tap:
        list(sdk.chat.stream(model="steady", messages=ASKED))
        asyncio.run(ask(sdk))
    assert [rec.text for rec in tap.recordings] == [tap.recordings[0].text] * 2


@pytest.mark.parametrize(
    ("thing", "hint"),
    [
        (InferenceClient(token=KEY), "huggingface_hub.set_client_factory(lambda: http)"),
        (requests.Session(), "sl.attach(response)"),
        (object(), "http_client=http"),
    ],
)
def test_the_hint_is_that_of_the_library(thing: Any, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        sl.tap(thing)
    assert hint in str(caught.value)


def test_the_session_of_aiohttp_is_attached_to() -> None:
    async def refused() -> str:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(UsageError) as caught:
                sl.tap(session)
        return str(caught.value)

    assert "sl.attach(response)" in asyncio.run(refused())


@pytest.mark.parametrize(
    ("sdk", "hint"),
    [
        (mistral("http://127.0.0.1:1"), "Mistral(client=http"),
        (google("http://127.0.0.1:1"), "HttpOptions(httpx_client=http"),
        (cohere.ClientV2(KEY), "ClientV2(httpx_client=http"),
        (openai.OpenAI(api_key=KEY), "http_client=http"),
    ],
)
def test_a_tap_that_saw_nothing_warns_with_the_usual_causes(sdk: Any, hint: str) -> None:
    with pytest.warns(UserWarning, match="the tap saw no request") as caught, sl.tap(sdk):
        pass
    said = str(caught[0].message)
    assert "another client" in said
    assert "another HTTP library (aiohttp, requests" in said
    assert hint in said
    assert caught[0].filename == __file__


def test_a_block_that_failed_and_a_tap_that_was_closed_do_not_warn() -> None:
    with client(httpx) as http:
        with pytest.raises(ZeroDivisionError), sl.tap(http):
            _ = 1 / 0
        sl.tap(http).close()


def test_connections_that_were_open_before_are_named_in_the_repr(pages: str) -> None:
    with client(httpx2) as http:
        http.get(f"{pages}/numbers?n=2")
        with sl.tap(http) as tap:
            http.get(f"{pages}/numbers?n=2")
            assert "1 connection open before it" in repr(tap)
    with client(httpx2) as http, sl.tap(http) as tap:
        http.get(f"{pages}/numbers?n=2")
        assert repr(tap) == "<Tap, open: 1 recorded, 0 running>"
    assert repr(tap) == "<Tap, closed: 1 recorded, 0 running>"
