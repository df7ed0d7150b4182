"""LM Studio's own chat: ``POST /api/v1/chat``."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from streamlab.server.play import SSE, Call
from streamlab.server.script import Script
from streamlab.server.shapes.base import Asked, compact, sse


class LMStudioNative:
    """Named events from ``chat.start`` to ``chat.end``, which has the server's own times."""

    name = "lmstudio_native"
    content_type = SSE

    def __init__(self, call: Call) -> None:
        self._model = call.scenario
        self._id = f"resp_{Random(f'{call.scenario} {call.seed}').randbytes(12).hex()}"

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, if this shape answers `path`."""
        if path != "/api/v1/chat":
            return None
        return Asked(str(body.get("model", "")), bool(body.get("stream")))

    def opening(self, script: Script) -> bytes:
        """Return the start of the chat, the reading of the prompt, the start of the message."""
        return (
            _event("chat.start", model_instance_id=self._model)
            + _event("prompt_processing.start")
            + _event("prompt_processing.progress", progress=0.5)
            + _event("prompt_processing.end")
            + _event("message.start")
        )

    def piece(self, text: str) -> bytes:
        """Return one ``message.delta``."""
        return _event("message.delta", content=text)

    def closing(self, script: Script) -> bytes:
        """Return the ends of the message and the chat."""
        return _event("message.end") + _event("chat.end", result=self._result(script))

    def whole(self, script: Script) -> bytes:
        """Return the answer that is no stream."""
        return compact(self._result(script))

    def _result(self, script: Script) -> dict[str, Any]:
        seconds = (script.closes_ns - script.opens_ns) / 1e9
        stats = {
            "input_tokens": script.prompt_tokens,
            "total_output_tokens": script.n_texts,
            "reasoning_output_tokens": 0,
            "tokens_per_second": round(script.n_texts / seconds, 2),
            "time_to_first_token_seconds": round(script.beats[0].at_ns / 1e9, 3),
        }
        output = [{"type": "message", "content": script.text}]
        said = {"output": output, "stats": stats, "response_id": self._id}
        return {"model_instance_id": self._model, **said}


def _event(kind: str, **fields: Any) -> bytes:
    return sse(compact({"type": kind, **fields}), kind.encode())
