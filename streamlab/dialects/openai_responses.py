"""OpenAI's Responses API, and those who offer it: OpenRouter, Azure, Bedrock's mantle.

Events are named, and say their type again in the JSON, which is what counts:
OpenRouter sends no ``event:`` lines, Bedrock sends them after the data.
The text comes twice, in ``.delta`` and in ``.done`` events; only the first is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from streamlab.dialects.base import Ask, Delta, Kind, Message
from streamlab.dialects.provider import Provider, event_name
from streamlab.dialects.reading import (
    Handler,
    NamedReader,
    a_dict,
    a_text,
    arguments,
    meta,
    whole,
)

TEXTS: Mapping[str, Kind] = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning.delta": "reasoning",  # the open specification's name
}
ARGUMENTS = (
    "response.function_call_arguments.delta",
    "response.custom_tool_call_input.delta",
    "response.mcp_call_arguments.delta",
)
ENDS = tuple(
    f"response.{s}" for s in ("completed", "incomplete", "failed", "cancelled", "done")
)
CALLS = ("function_call", "custom_tool_call", "mcp_call")


class OpenAIResponsesReader(NamedReader):
    """Reads ``response.*`` events."""

    def _text(self, event: dict[str, Any], name: str) -> list[Delta]:
        text = a_text(event.get("delta"))
        out = [Delta(TEXTS[name], text)] if text else []
        self.counts.listed(event.get("logprobs"), "logprobs", out)
        return out

    def _item(self, event: dict[str, Any], name: str) -> list[Delta]:
        item, index = a_dict(event.get("item")), whole(event.get("output_index"))
        if item.get("type") not in CALLS:
            return meta(name)
        text = arguments(item.get("arguments") or item.get("input") or "")
        call_id = a_text(item.get("call_id")) or a_text(item.get("id"))
        return [
            Delta(
                "tool_call",
                text,
                0,
                None,
                index,
                call_id or None,
                a_text(item.get("name")) or None,
            )
        ]

    def _arguments(self, event: dict[str, Any], name: str) -> list[Delta]:
        text = arguments(event.get("delta"))
        return [Delta("tool_call", text, 0, None, whole(event.get("output_index")))] * bool(
            text
        )

    def _annotation(self, event: dict[str, Any], name: str) -> list[Delta]:
        return [Delta("annotation", name)]

    def _end(self, event: dict[str, Any], name: str) -> list[Delta]:
        """``response.failed`` repeats an error that came before, or is the first to say it."""
        response = a_dict(event.get("response"))
        self.terminator = self.terminator or name
        out = [] if self.failed else self._error(response.get("error"))
        status = a_text(response.get("status")) or name.removeprefix("response.")
        self.failed = self.failed or status in ("failed", "cancelled")
        out += self._finish(status, value=a_dict(response.get("incomplete_details")) or None)
        usage = response.get("usage")
        return (
            [*out, Delta("usage", value=usage)]
            if isinstance(usage, dict)
            else out or meta(name)
        )

    handlers: ClassVar[Mapping[str, Handler]] = {
        **dict.fromkeys(TEXTS, _text),
        **dict.fromkeys(ARGUMENTS, _arguments),
        **dict.fromkeys(ENDS, _end),
        "response.output_item.added": _item,
        "response.output_text.annotation.added": _annotation,
    }


class OpenAIResponses(Provider):
    """OpenAI's Responses API."""

    name = "openai_responses"
    base_url = "https://api.openai.com/v1"
    key_variables: tuple[str, ...] = ("OPENAI_API_KEY",)
    base_url_variable: str | None = "OPENAI_BASE_URL"

    def ask(self, model: str, messages: Sequence[Message], body: Mapping[str, Any]) -> Ask:
        """Return the request for `messages`; fields of `body` win."""
        asked = {"model": model, "input": [_item(m) for m in messages], "stream": True}
        return Ask("/responses", {**asked, **body})

    def reader(self) -> OpenAIResponsesReader:
        """Return a reader for one stream."""
        return OpenAIResponsesReader()

    def recognises(self, path: str, type: str, data: str) -> bool:  # noqa: A002
        """Say whether the path or the first event is that of a response."""
        return path.rstrip("/").endswith("/responses") or event_name(type, data).startswith(
            "response."
        )


def _item(message: Message) -> dict[str, Any]:
    """Rename the text parts of a message: they are called by who speaks."""
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    kind = "output_text" if message.get("role") == "assistant" else "input_text"
    parts = [{**p, "type": kind} if a_dict(p).get("type") == "text" else p for p in content]
    return {**message, "content": parts}
