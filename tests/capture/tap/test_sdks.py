"""Every SDK, sync and async, over HTTP/1.1 and HTTP/2, directly and through a proxy.

Each case streams twice, without a tap and with one, and compares what the SDK yields.
"""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

import streamlab as sl
from tests.capture.tap.clients import wiring
from tests.capture.tap.conftest import Secure
from tests.capture.tap.sdks import KEY, SDK, SDKS
from tests.servers.pages import transcript


class Way(NamedTuple):
    """How a request gets to its server."""

    server: str
    version: str
    proxy: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.server, self.version, self.proxy)))


MODES = ("sync", "async")
WAYS = (
    Way("lab", "HTTP/1.1"),
    Way("lab", "HTTP/1.1", "forward"),
    Way("uvicorn", "HTTP/1.1"),
    Way("hypercorn TLS", "HTTP/1.1", "CONNECT"),
    Way("hypercorn TLS", "HTTP/2"),
    Way("hypercorn TLS", "HTTP/2", "CONNECT"),
)


@pytest.fixture
def options(way: Way, proxy: str, secure: Secure) -> dict[str, Any]:
    """The options of an HTTP client that goes this way."""
    asked = {"http2": way.version == "HTTP/2", "verify": secure.context}
    return {**asked, "proxy": proxy} if way.proxy else asked


@pytest.fixture
def url(way: Way, fast_lab: Any, pages: str, secure: Secure) -> str:
    return {"lab": fast_lab.url, "uvicorn": pages}.get(way.server, secure.url)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_an_sdk_yields_the_same_and_its_stream_is_recorded(
    sdk: SDK, mode: str, way: Way, url: str, options: dict[str, Any], proxy: str, tier: str
) -> None:
    is_async, model = mode == "async", sdk.model if way.server != "lab" else "steady"
    without = sdk.run(url, model, sdk.client(is_async, **options))
    http = sdk.client(is_async, **options)
    before = wiring(http)
    with sl.tap(http) as tap:
        yielded = sdk.run(url, model, http)
    assert wiring(http) == before
    assert len(yielded) > 5
    assert same(yielded) == same(without)
    (recording,) = tap.recordings
    assert recording.meta["http_version"] == way.version
    assert recording.end.how in ("eof", "closed")
    assert recording.complete is True
    assert recording.text == text_of(yielded)
    assert set(recording.reads["stamp"]) == {tier}
    delivered_ns, seen_ns = recording.reads["delivered_ns"], recording.reads["seen_ns"]
    assert (delivered_ns >= seen_ns).all()
    if way.server == "lab":
        assert (recording.reads["arrived_ns"] >= recording.reads["server_sent_ns"]).all()
    else:
        assert transcript(model).startswith(recording.body)
        assert recording.body.strip().endswith(transcript(model).strip()[-10:])
    assert KEY not in repr(dict(recording.meta))
    assert seen_by(proxy, url) if way.proxy else True


def same(yielded: list[Any]) -> str:
    """Return what an SDK yielded as text, without what differs between two answers."""

    def stable(value: Any) -> Any:
        if isinstance(value, dict):
            differs = ("id", "created", "created_at", "item_id", "total_duration")
            return {k: stable(v) for k, v in value.items() if k not in differs}
        return [stable(item) for item in value] if isinstance(value, list) else value

    return json.dumps(stable(yielded), default=str)


def text_of(yielded: list[Any]) -> str:
    """Return the answer's text, from what an SDK yielded."""
    if isinstance(yielded[0], str):  # lines
        data = [line.removeprefix("data: ") for line in yielded if line.startswith("data: {")]
        return text_of([json.loads(each) for each in data])
    return "".join(filter(None, map(piece_of, yielded)))


def piece_of(item: dict[str, Any]) -> Any:
    """Return the text that one chunk, part or event adds."""
    if item.get("choices"):
        content = item["choices"][0]["delta"].get("content")
        return content if isinstance(content, str) else ""  # a list of thoughts
    if "message" in item and "content" in (item["message"] or {}):
        return item["message"]["content"] if isinstance(item["message"]["content"], str) else ""
    if item.get("type") == "response.output_text.delta":
        return item["delta"]
    if item.get("type") == "content_block_delta":
        return item["delta"].get("text")
    return ""


def seen_by(proxy: str, url: str) -> bool:
    """Say whether a proxy has handed on requests for a URL."""
    ask = HTTPConnection(urlsplit(proxy).netloc, timeout=5)
    ask.request("GET", "http://proxy.invalid/")
    log = json.loads(ask.getresponse().read())
    ask.close()
    return any(f":{urlsplit(url).port}" in line for line in log)
