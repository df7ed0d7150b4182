"""Anthropic's messages: ``POST /v1/messages``."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from streamlab.server.play import SSE, Call
from streamlab.server.script import Script
from streamlab.server.shapes.base import Asked, compact, sse


class Anthropic:
    """Named events: ``message_start``, one block of text, a ping, ``message_stop``."""

    name = "anthropic"
    content_type = SSE

    def __init__(self, call: Call) -> None:
        self._message: dict[str, Any] = {
            "model": call.scenario,
            "id": f"msg_{Random(f'{call.scenario} {call.seed}').randbytes(12).hex()}",
            "type": "message",
            "role": "assistant",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, if this shape answers `path`."""
        if path != "/v1/messages":
            return None
        return Asked(str(body.get("model", "")), bool(body.get("stream")))

    def opening(self, script: Script) -> bytes:
        """Return the start of the message and of its block, and a ping."""
        message = {**self._message, "usage": _usage(script, 1)}
        block = {"type": "text", "text": ""}
        return (
            _event("message_start", message=message)
            + _event("content_block_start", index=0, content_block=block)
            + _event("ping")
        )

    def piece(self, text: str) -> bytes:
        """Return one ``content_block_delta``."""
        return _event(
            "content_block_delta", index=0, delta={"type": "text_delta", "text": text}
        )

    def closing(self, script: Script) -> bytes:
        """Return the end of the block and of the message, with the usage."""
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        return (
            _event("content_block_stop", index=0)
            + _event("message_delta", delta=delta, usage={"output_tokens": script.n_texts})
            + _event("message_stop")
        )

    def whole(self, script: Script) -> bytes:
        """Return the message that is no stream."""
        content = [{"type": "text", "text": script.text}]
        said = {"content": content, "usage": _usage(script, script.n_texts)}
        return compact({**self._message, **said, "stop_reason": "end_turn"})


def _event(kind: str, **fields: Any) -> bytes:
    return sse(compact({"type": kind, **fields}), kind.encode())


def _usage(script: Script, output_tokens: int) -> dict[str, Any]:
    return {"input_tokens": script.prompt_tokens, "output_tokens": output_tokens}
