"""Hand-made recordings, and a server that remembers its requests."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import streamlab as sl
from streamlab.tape import journal
from streamlab.testing import tape_from
from tests.servers.threaded import threaded


def event(**delta: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return b"data: %s\n\n" % json.dumps({"choices": [choice]}).encode()


DONE = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

HOSTILE = "red\x1b[31m bell\x07 c1\x9b2J bidi\u202egpj.exe\u202c del\x7f back\x08\r\n\ttab ok"
"""Text from a server with colours, a bell, a one-byte CSI and an override of direction."""


def saved(path: Path, pieces: list[tuple[float, bytes]], **options: object) -> Path:
    """Return a journal of reads at the times given."""
    journal.save(tape_from(pieces, **{"dialect": "openai_chat", "status": 200} | options), path)
    return path


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def hello(here: Path) -> Path:
    """Two words, a comment and an ignored line; the last event in a read of its own."""
    pieces = [
        (100, event(role="assistant", content="")),
        (120, b": keep-alive\n" + event(content="Hel")),
        (150.5, b"X-Odd: 1\n" + event(content="lo\t!")),
        (160, DONE),
    ]
    return saved(here / "hello.jsonl", pieces, label="hi")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A recording whose text, reasoning and comments try to drive the terminal."""
    pieces = [
        (10, event(reasoning_content=f"hm \x1b]0;title\x07 {HOSTILE}")),
        (20, b": \x1b[2J\x9b\n" + event(content=HOSTILE)),
        (30, DONE),
    ]
    return saved(tmp_path / "hostile.jsonl", pieces)


@pytest.fixture
def hostile_lab(hostile: Path) -> Iterator[str]:
    """The base URL of a lab that plays it."""
    with sl.serve(hostile) as lab:
        yield lab.base_url


class Listener(ThreadingHTTPServer):
    """Answers every request with one event, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: list[tuple[str, dict[str, str], bytes]] = []


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, headers, body))
        answer = event(content="yes") + DONE
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server that remembers what it was asked."""
    with threaded(Listener()) as server:
        yield server
