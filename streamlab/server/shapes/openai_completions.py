"""OpenAI's legacy completions: ``POST /v1/completions``."""

from collections.abc import Mapping

from streamlab.server.completion import Completion
from streamlab.server.shapes.openai_chat import OpenAIChat


class OpenAICompletions(OpenAIChat):
    """Chunks with a text in place of a delta, and no role."""

    name = "openai_completions"
    path = "/v1/completions"
    kind = "text_completion"

    def opening(self, completion: Completion) -> bytes:
        """Return nothing: the text comes first."""
        return b""

    def _choice(self, key: str, said: Mapping[str, object], finish: str | None) -> object:
        text = said.get("content", "")
        return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
