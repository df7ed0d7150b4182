"""Keys never reach a recording, a repr, a file or an error."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

import streamlab as sl
from streamlab.transport import redact
from tests.front.test_record import Record, both

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
def echo_url() -> str:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1?api_key={KEY}&x=1"
    server.shutdown()
    thread.join()
    server.server_close()


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


def test_an_error_text_loses_the_key() -> None:
    assert redact.text(f"cannot use {KEY}", [KEY]) == "cannot use ***"


def test_bytes_keep_their_length() -> None:
    masked = redact.mask_bytes(b"a " + KEY.encode() + b" b", [KEY.encode()])

    assert masked == b"a " + b"*" * len(KEY) + b" b"
