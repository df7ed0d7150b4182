"""Keys never reach a recording, a repr, a file or an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

import streamlab as sl
from streamlab.endpoints import redact
from streamlab.endpoints.echoes import Echoes
from streamlab.errors import UsageError
from tests.capture.test_record import Record, both
from tests.servers.threaded import threaded

KEY = "sk-proj-0123456789abcdef"


class Echo(BaseHTTPRequestHandler):
    """A server that repeats the key it was sent, in a header and in two pieces of its body."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        key = self.headers["authorization"]
        body = json.dumps({"error": {"message": f"bad key {key}"}}).encode()
        self.send_response(401)
        self.send_header("content-type", "application/json")
        self.send_header("set-cookie", f"session={key}")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def echo_url() -> Iterator[str]:
    with threaded(HTTPServer(("127.0.0.1", 0), Echo)) as server:
        yield f"http://127.0.0.1:{server.server_port}/v1?api_key={KEY}&x=1"


@both
def test_a_key_that_is_echoed_is_masked_everywhere(
    record: Record, echo_url: str, tmp_path: Path
) -> None:
    endpoint = sl.endpoint(
        echo_url,
        dialect="openai_chat",
        api_key=KEY,
        headers={"x-api-key": KEY, "cookie": KEY},
        json={"api_key": KEY},
    )
    rec = record(endpoint, "hi", save=tmp_path / "a.jsonl")
    rec.save(tmp_path / "a.parquet")

    everything = [
        repr(endpoint),
        repr(rec),
        rec._repr_html_(),
        str(rec.meta),
        repr(rec.body),
        rec.lines.to_csv(),
        str(rec.problem),
        (tmp_path / "a.jsonl").read_text(),
        repr((tmp_path / "a.parquet").read_bytes()),
    ]
    assert [KEY in text for text in everything] == [False] * len(everything)
    assert rec.meta["status"] == 401
    assert ["authorization", "***"] in rec.meta["request_headers"]
    assert "x=1" in rec.meta["url"]
    assert rec.meta["request"]["api_key"] == "***"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "api-key",
        "X-API-Key",
        "x-goog-api-key",
        "Cookie",
        "Set-Cookie",
        "X-Amz-Security-Token",
        "key",
        "sig",
        "client_secret",
        "OPENAI_API_KEY",
    ],
)
def test_secret_names(name: str) -> None:
    assert redact.is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["max_tokens", "model", "stop", "Content-Type", "monkey", "keyboard", "top_k", "design"],
)
def test_harmless_names(name: str) -> None:
    assert not redact.is_secret_name(name)


def test_a_url_loses_user_password_and_keys() -> None:
    assert (
        redact.url("https://me:pw@host:1/a/b?key=abc&alt=sse#frag")
        == "https://host:1/a/b?key=***&alt=sse"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"api.example.com/v1?key={KEY}", "api.example.com/v1"),
        (f"me:{KEY}@host/v1", "host/v1"),
        (f"http://[::1?key={KEY}", "http://[::1"),
    ],
)
def test_an_address_that_is_none_is_named_without_its_keys(url: str, shown: str) -> None:
    with pytest.raises(UsageError) as caught:
        sl.endpoint(url)

    assert str(caught.value) == (
        f"an endpoint needs a URL such as https://api.openai.com/v1, not {shown!r}. "
        "Start it with http:// or https:// and name a host."
    )


@pytest.mark.parametrize(
    ("url", "fields", "found"),
    [
        (f"http://h/?key={KEY}&alt=sse", None, (KEY,)),
        ("http://h/?key=a%2Fbcdefghijklmno", None, ("a/bcdefghijklmno",)),
        (f"http://me:{KEY}@h/", None, (KEY,)),
        ("http://h/", {"tools": [{"api_key": KEY}], "model": "a" * 20}, (KEY,)),
        ("http://h/?key=assistant", {"session": "hello world"}, ()),
    ],
)
def test_secrets_of_a_request(url: str, fields: object, found: tuple[str, ...]) -> None:
    assert redact.secrets_asked(url, fields) == found


class Mirror(BaseHTTPRequestHandler):
    """A server that repeats its path, or redirects to another that it names."""

    seen: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        there = self.headers.get("x-redirect-to")
        body = b"" if there else f"data: {self.path}\n\n".encode()
        self.send_response(307 if there else 200)
        if there and self.server.server_port != int(there.rpartition(":")[2]):
            self.send_header("location", there)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def mirrors() -> Iterator[list[str]]:
    Mirror.seen.clear()
    with (
        threaded(HTTPServer(("127.0.0.1", 0), Mirror)) as one,
        threaded(HTTPServer(("127.0.0.1", 0), Mirror)) as other,
    ):
        yield [f"http://127.0.0.1:{server.server_port}" for server in (one, other)]


@both
def test_a_key_of_the_query_that_is_echoed_is_masked(
    record: Record, mirrors: list[str]
) -> None:
    rec = record(sl.endpoint(f"{mirrors[0]}/?key={KEY}", dialect="sse"))

    assert rec.body == b"data: /?key=" + b"*" * len(KEY) + b"\n\n"


@both
@pytest.mark.parametrize("name", ["authorization", "x-api-key", "x-goog-api-key", "api-key"])
def test_keys_stay_at_home_when_a_redirect_leaves(
    record: Record, name: str, mirrors: list[str]
) -> None:
    home, elsewhere = mirrors
    headers = {name: KEY, "x-redirect-to": elsewhere, "x-else": "goes along"}

    record(sl.endpoint(f"{home}/", dialect="sse", headers=headers))

    first, second = Mirror.seen
    assert (first[name], first["x-else"]) == (KEY, "goes along")
    assert (second.get(name), second["x-else"]) == (None, "goes along")


def test_an_error_text_loses_the_key() -> None:
    assert redact.text(f"cannot use {KEY}", Echoes([KEY])) == "cannot use " + "*" * len(KEY)
