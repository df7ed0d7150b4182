"""Cohere's chat, version 2: ``POST /v2/chat``."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from streamlab.server.play import SSE, Call
from streamlab.server.script import Script
from streamlab.server.shapes.base import Asked, compact, sse


class Cohere:
    """Named events from ``message-start`` to ``message-end``, then ``[DONE]``."""

    name = "cohere"
    content_type = SSE

    def __init__(self, call: Call) -> None:
        self._id = Random(f"{call.scenario} {call.seed}").randbytes(16).hex()

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, if this shape answers `path`."""
        if path != "/v2/chat":
            return None
        return Asked(str(body.get("model", "")), bool(body.get("stream")))

    def opening(self, script: Script) -> bytes:
        """Return the start of the message and of its content."""
        empty: dict[str, list[Any]] = {"content": [], "tool_calls": [], "citations": []}
        message = {"role": "assistant", "tool_plan": "", **empty}
        return _event("message-start", id=self._id, delta={"message": message}) + _event(
            "content-start", index=0, delta=_content({"type": "text", "text": ""})
        )

    def piece(self, text: str) -> bytes:
        """Return one ``content-delta``."""
        return _event("content-delta", index=0, delta=_content({"text": text}))

    def closing(self, script: Script) -> bytes:
        """Return the ends of the content and the message, with the usage, and ``[DONE]``."""
        delta = {"finish_reason": "COMPLETE", "usage": _usage(script)}
        ends = _event("content-end", index=0) + _event("message-end", delta=delta)
        return ends + b"data: [DONE]\n\n"

    def whole(self, script: Script) -> bytes:
        """Return the answer that is no stream."""
        content = [{"type": "text", "text": script.text}]
        message = {"role": "assistant", "content": content}
        said = {"finish_reason": "COMPLETE", "message": message, "usage": _usage(script)}
        return compact({"id": self._id, **said})


def _event(kind: str, **fields: Any) -> bytes:
    return sse(compact({"type": kind, **fields}), kind.encode())


def _content(content: dict[str, str]) -> dict[str, Any]:
    return {"message": {"content": content}}


def _usage(script: Script) -> dict[str, dict[str, int]]:
    counts = {"input_tokens": script.prompt_tokens, "output_tokens": script.n_texts}
    return {"billed_units": counts, "tokens": counts}
