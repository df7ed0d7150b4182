"""OpenAI's legacy completions, of vLLM, llama.cpp and others too: a prompt is text."""

from collections.abc import Sequence

from streamlab.dialects.dialect import Message, text_of
from streamlab.dialects.openai_chat import OpenAIChat
from streamlab.dialects.reading import a_dict, parse


class OpenAICompletions(OpenAIChat):
    """OpenAI's legacy completions API, of OpenAI and of servers with its protocol."""

    name = "openai_completions"
    paths = ("/completions",)

    def asked(self, messages: Sequence[Message]) -> dict[str, object]:
        """Return the prompt: the joined texts of `messages`."""
        return {"prompt": "\n\n".join(text_of(message.get("content")) for message in messages)}

    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an event has the shape of a legacy completion."""
        return a_dict(parse(data)).get("object") == "text_completion"
