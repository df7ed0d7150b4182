"""OpenAI's responses: ``POST /v1/responses``."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from streamlab.server.play import SSE, Call
from streamlab.server.script import Script
from streamlab.server.shapes.base import CREATED, Asked, compact, sse

AT = {"output_index": 0, "content_index": 0}


class OpenAIResponses:
    """Named, numbered events, from ``response.created`` to ``response.completed``."""

    name = "openai_responses"
    content_type = SSE

    def __init__(self, call: Call) -> None:
        token = Random(f"{call.scenario} {call.seed}").randbytes(12).hex()
        self._item = f"msg_{token}"
        self._number = -1
        self._response = {
            "id": f"resp_{token}",
            "object": "response",
            "created_at": CREATED,
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": call.scenario,
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": None,
        }

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, if this shape answers `path`."""
        if path != "/v1/responses":
            return None
        return Asked(str(body.get("model", "")), bool(body.get("stream")))

    def opening(self, script: Script) -> bytes:
        """Return the events that open the response, its item and its part."""
        item = {**self._message(None), "status": "in_progress", "content": []}
        return (
            self._event("response.created", response=self._response)
            + self._event("response.in_progress", response=self._response)
            + self._event("response.output_item.added", output_index=0, item=item)
            + self._event("response.content_part.added", **self._here, part=_part(""))
        )

    def piece(self, text: str) -> bytes:
        """Return one ``response.output_text.delta``."""
        return self._event("response.output_text.delta", **self._here, delta=text, logprobs=[])

    def closing(self, script: Script) -> bytes:
        """Return the events that repeat the text and complete the response."""
        text, done = script.text, self._message(script.text)
        return (
            self._event("response.output_text.done", **self._here, text=text, logprobs=[])
            + self._event("response.content_part.done", **self._here, part=_part(text))
            + self._event("response.output_item.done", output_index=0, item=done)
            + self._event("response.completed", response=self._completed(script))
        )

    def whole(self, script: Script) -> bytes:
        """Return the response that is no stream."""
        return compact(self._completed(script))

    @property
    def _here(self) -> dict[str, Any]:
        return {"item_id": self._item, **AT}

    def _completed(self, script: Script) -> dict[str, Any]:
        usage = {
            "input_tokens": script.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": script.n_texts,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": script.prompt_tokens + script.n_texts,
        }
        output = [self._message(script.text)]
        return {**self._response, "status": "completed", "output": output, "usage": usage}

    def _message(self, text: str | None) -> dict[str, Any]:
        return {
            "id": self._item,
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [] if text is None else [_part(text)],
        }

    def _event(self, kind: str, **fields: Any) -> bytes:
        self._number += 1
        data = {"type": kind, **fields, "sequence_number": self._number}
        return sse(compact(data), kind.encode())


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
