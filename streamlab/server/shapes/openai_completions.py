"""OpenAI's legacy completions: ``POST /v1/completions``."""

from __future__ import annotations

from collections.abc import Mapping

from streamlab.server.completion import Completion
from streamlab.server.shapes.base import compact
from streamlab.server.shapes.openai_chat import OpenAIChat, usage


class OpenAICompletions(OpenAIChat):
    """Chunks with a text in place of a delta, and no role."""

    name = "openai_completions"
    path = "/v1/completions"
    kind = "text_completion"

    def opening(self, completion: Completion) -> bytes:
        """Return nothing: the text comes first."""
        return b""

    def whole(self, completion: Completion) -> bytes:
        """Return the completion as one document."""
        choice = self._choice({"content": completion.text}, "stop")
        return compact({**self._frame, "choices": [choice], "usage": usage(completion)})

    def _choice(self, delta: Mapping[str, object], finish: str | None) -> dict[str, object]:
        text = delta.get("content", "")
        return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
