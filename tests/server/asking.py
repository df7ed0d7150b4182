"""Helpers for the tests of the lab: ask, read, look at the log."""

import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from streamlab.server import Lab

TRANSCRIPT = Path(__file__).parents[2] / "streamlab/server/data/openai_chat_count_to_ten.sse"


def ask(http: httpx.Client, lab: Lab, scenario: str, **body: Any) -> httpx.Response:
    """Stream a scenario to its end and return the response with its body."""
    body = {"model": scenario, "stream": True, **body}
    return http.post(f"{lab.base_url}/chat/completions", json=body)


def log_of(http: httpx.Client, lab: Lab, response: httpx.Response) -> dict[str, Any]:
    """Return the lab's log of a response."""
    stream = response.headers["x-streamlab-stream"]
    return http.get(f"{lab.url}/lab/log/{stream}").json()


def lateness_ms(log: dict[str, Any]) -> list[float]:
    """Return how late each write was, in order of lateness."""
    pairs = zip(log["sent"], log["due"], strict=True)
    return sorted((sent[1] - due[1]) / 1e6 for sent, due in pairs)


def raw_request(lab: Lab, scenario: str, **body: Any) -> socket.socket:
    """Return a plain socket on which a scenario has been asked for."""
    url = urlsplit(lab.url)
    sock = socket.create_connection((url.hostname, url.port), timeout=10)
    text = json.dumps({"model": scenario, "stream": True, **body}).encode()
    lines = (
        "POST /v1/chat/completions HTTP/1.1",
        "host: localhost",
        f"content-length: {len(text)}",
    )
    sock.sendall("\r\n".join([*lines, "", ""]).encode() + text)
    return sock


def contents(body: str) -> list[str]:
    """Return the pieces of text in a body of OpenAI's chat."""
    events = [line.removeprefix("data: ") for line in body.splitlines() if line]
    chunks = [json.loads(event) for event in events if event != "[DONE]"]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return [delta["content"] for delta in deltas if delta.get("content")]
