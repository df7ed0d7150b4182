"""OpenAI's legacy completions, of vLLM, llama.cpp and others too: a prompt is text."""

from __future__ import annotations

from collections.abc import Sequence

from streamlab.dialects.dialect import Ask, Message, text_of
from streamlab.dialects.openai_chat import OpenAIChat
from streamlab.dialects.reading import JSONObject, a_dict, parse


class OpenAICompletions(OpenAIChat):
    """OpenAI's legacy completions API, of OpenAI and of servers with its protocol."""

    name = "openai_completions"
    paths = ("/completions",)

    def ask(self, model: str, messages: Sequence[Message], body: JSONObject) -> Ask:
        """Return the request, whose prompt is the joined texts of `messages`."""
        prompt = "\n\n".join(text_of(message.get("content")) for message in messages)
        return Ask("/completions", {"model": model, "prompt": prompt, "stream": True, **body})

    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an event has the shape of a legacy completion."""
        return a_dict(parse(data)).get("object") == "text_completion"
