"""Rates over a real socket: they never divide the time of the text by what was not text."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest

import streamlab as sl
from tests.servers.raw import raw_server

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


def event(value: Any) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def openai(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def gemini(text: str) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [{"text": text}]}}]}


@pytest.mark.parametrize(
    ("dialect", "piece", "usage"),
    [
        ("openai_chat", openai, {"completion_tokens_details": {"audio_tokens": 90}}),
        (
            "openai_chat",
            openai,
            {"completion_tokens_details": {"rejected_prediction_tokens": 90}},
        ),
        (
            "openai_chat",
            openai,
            {"completion_tokens_details": {"audio_tokens": 50, "reasoning_tokens": 40}},
        ),
        (
            "gemini",
            gemini,
            {
                "candidatesTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 5},
                    {"modality": "IMAGE", "tokenCount": 90},
                ]
            },
        ),
    ],
)
def test_a_rate_is_that_of_the_text(dialect: str, piece: Any, usage: dict[str, Any]) -> None:
    last: dict[str, Any] = {"choices": [], "usage": {"completion_tokens": 95, **usage}}
    if dialect == "gemini":
        last = {"usageMetadata": {"candidatesTokenCount": 95, **usage}}

    def answer(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(HEAD)
        for _ in range(5):
            sock.sendall(event(piece("word ")))
            time.sleep(0.01)  # the pause is what the rate is made of
        sock.sendall(event(last))

    with raw_server(answer) as url:
        rec = sl.record(sl.endpoint(url, dialect=dialect, model="m"), "hi")

    chunks = rec.deltas[rec.deltas["kind"] == "content"]
    window_ms = chunks["t_ms"].iloc[-1] - chunks["t_ms"].iloc[0]
    assert rec.summary["n_tokens"] == 95
    assert rec.summary["tok_s_user"] == pytest.approx(4e3 / window_ms)


def test_a_stall_after_the_last_token_counts_also_behind_pings() -> None:
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}

    def answer(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(HEAD)
        for _ in range(6):
            sock.sendall(event(openai("word ")))
            time.sleep(0.01)
        time.sleep(0.3)  # the stall
        sock.sendall(b": ping\n\n" + event(finish) + event("[DONE]"))

    with raw_server(answer) as url:
        rec = sl.record(sl.endpoint(url, dialect="openai_chat", model="m"), "hi")

    assert rec.complete
    assert rec.summary["n_stalls"] == 1
    assert rec.summary["stalled_ms"] >= 250
