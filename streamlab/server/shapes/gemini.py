"""Google's Gemini: ``POST /v1beta/models/<scenario>:streamGenerateContent?alt=sse``."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from streamlab.server.play import Call
from streamlab.server.script import Script
from streamlab.server.shapes.base import Asked, compact

STREAM, WHOLE = ":streamGenerateContent", ":generateContent"


class Gemini:
    """Unnamed events with CRLF, usage in every one, and nothing to say that it is over."""

    name = "gemini"
    content_type = "text/event-stream"

    def __init__(self, call: Call) -> None:
        token = Random(f"{call.scenario} {call.seed}").randbytes(8).hex()
        self._frame = {"modelVersion": call.scenario, "responseId": token}
        self._n_texts = 0
        self._prompt_tokens = 0

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, if this shape answers `path`; ``v1`` serves as well."""
        scenario, colon, method = path.rpartition("/models/")[2].partition(":")
        if not path.startswith("/v1") or colon + method not in (STREAM, WHOLE):
            return None
        return Asked(scenario, colon + method == STREAM)

    def opening(self, script: Script) -> bytes:
        """Return nothing: Gemini opens with its first text."""
        self._prompt_tokens = script.prompt_tokens
        return b""

    def piece(self, text: str) -> bytes:
        """Return one response with the text so far uncounted, and the usage so far."""
        self._n_texts += 1
        return _event(self._response(text))

    def closing(self, script: Script) -> bytes:
        """Return a last response with the reason of the finish."""
        return _event(self._response("", finishReason="STOP"))

    def whole(self, script: Script) -> bytes:
        """Return the response that is no stream."""
        self._prompt_tokens, self._n_texts = script.prompt_tokens, script.n_texts
        return compact(self._response(script.text, finishReason="STOP"))

    def _response(self, text: str, **more: str) -> dict[str, Any]:
        content = {"parts": [{"text": text}], "role": "model"}
        usage = {
            "promptTokenCount": self._prompt_tokens,
            "candidatesTokenCount": self._n_texts,
            "totalTokenCount": self._prompt_tokens + self._n_texts,
        }
        candidate = {"content": content, **more, "index": 0}
        return {"candidates": [candidate], "usageMetadata": usage, **self._frame}


def _event(response: dict[str, Any]) -> bytes:
    return b"data: " + compact(response) + b"\r\n\r\n"
