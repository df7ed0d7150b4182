"""Ollama's chat: ``POST /api/chat``, one JSON object a line, streaming unless told not to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamlab.server.play import Call
from streamlab.server.script import Script
from streamlab.server.shapes.base import Asked, compact

CREATED_AT = "2025-10-09T08:53:20.000000Z"


class Ollama:
    """Lines of NDJSON; the last one says ``"done": true`` and how long all took."""

    name = "ollama"
    content_type = "application/x-ndjson"

    def __init__(self, call: Call) -> None:
        self._model = call.scenario

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, if this shape answers `path`."""
        if path != "/api/chat":
            return None
        return Asked(str(body.get("model", "")), bool(body.get("stream", True)))

    def opening(self, script: Script) -> bytes:
        """Return nothing: Ollama opens with its first text."""
        return b""

    def piece(self, text: str) -> bytes:
        """Return one line with a piece of content."""
        return compact({**self._said(text), "done": False}) + b"\n"

    def closing(self, script: Script) -> bytes:
        """Return the line that ends it."""
        return self._done(script, "")

    def whole(self, script: Script) -> bytes:
        """Return the one line of an answer that is no stream."""
        return self._done(script, script.text)

    def _said(self, text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        return {"model": self._model, "created_at": CREATED_AT, "message": message}

    def _done(self, script: Script, text: str) -> bytes:
        counts = {
            "total_duration": script.closes_ns,
            "load_duration": 0,
            "prompt_eval_count": script.prompt_tokens,
            "prompt_eval_duration": script.opens_ns,
            "eval_count": script.n_texts,
            "eval_duration": script.closes_ns - script.opens_ns,
        }
        done = {"done": True, "done_reason": "stop"}
        return compact({**self._said(text), **done, **counts}) + b"\n"
