"""OpenAI's Responses API, which OpenRouter, Azure and Bedrock's mantle offer too.

Events have names, which the JSON repeats; the JSON's name counts.  The text comes twice, in
``.delta`` and in ``.done`` events; only the first is counted.
"""

# Sources of the shapes: openai/openai-python (types/responses), vercel/ai's packages/openai and
# streams recorded in pydantic/pydantic-ai's cassettes.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from streamlab.dialects.deltas import Delta, Kind, meta, text_delta, tool_call, usage_delta
from streamlab.dialects.dialect import Ask, Dialect, Message, event_name
from streamlab.dialects.reader import Handler, NamedReader
from streamlab.dialects.reading import JSONObject, a_dict, a_text, whole

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

    def _text(self, event: JSONObject, name: str) -> list[Delta]:
        out = text_delta(TEXTS[name], event.get("delta"))
        self.counts.listed(event.get("logprobs"), "logprobs", out)
        return out

    def _item(self, event: JSONObject, name: str) -> list[Delta]:
        item, index = a_dict(event.get("item")), whole(event.get("output_index"))
        if item.get("type") not in CALLS:
            return meta(name)
        given = item.get("arguments") or item.get("input") or ""
        call_id = a_text(item.get("call_id")) or item.get("id")
        return [tool_call(given, index, call_id, item.get("name"))]

    def _arguments(self, event: JSONObject, name: str) -> list[Delta]:
        delta = tool_call(event.get("delta"), whole(event.get("output_index")))
        return [delta] if delta.text else []

    def _annotation(self, event: JSONObject, name: str) -> list[Delta]:
        return [Delta("annotation", name)]

    def _end(self, event: JSONObject, name: str) -> list[Delta]:
        response = a_dict(event.get("response"))
        self.terminator = self.terminator or name
        # `response.failed` usually repeats the `error` event before it (openai/openai-dotnet
        # #881), but sometimes it is the only event with the error.
        out = [] if self.failed else self._error(response.get("error"))
        status = a_text(response.get("status")) or name.removeprefix("response.")
        self.failed = self.failed or status in ("failed", "cancelled")
        out += self._finish(status, value=a_dict(response.get("incomplete_details")) or None)
        return out + usage_delta(response.get("usage")) or meta(name)

    handlers: ClassVar[Mapping[str, Handler]] = {
        **dict.fromkeys(TEXTS, _text),
        **dict.fromkeys(ARGUMENTS, _arguments),
        **dict.fromkeys(ENDS, _end),
        "response.output_item.added": _item,
        "response.output_text.annotation.added": _annotation,
    }


class OpenAIResponses(Dialect):
    """OpenAI's Responses API."""

    name = "openai_responses"
    base_url = "https://api.openai.com/v1"
    key_variables = ("OPENAI_API_KEY",)
    base_url_variable = "OPENAI_BASE_URL"
    paths = ("/responses",)
    reader = OpenAIResponsesReader

    def ask(self, model: str, messages: Sequence[Message], body: JSONObject) -> Ask:
        """Return the request for `messages`; fields of `body` replace others."""
        asked = {"model": model, "input": [_item(m) for m in messages], "stream": True}
        return Ask("/responses", {**asked, **body})

    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an event has a name of this API."""
        return event_name(type, data).startswith("response.")


def _item(message: Message) -> dict[str, object]:
    """Rename the text parts of a message, whose name depends on the role here."""
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    kind = "output_text" if message.get("role") == "assistant" else "input_text"
    parts = [{**p, "type": kind} if a_dict(p).get("type") == "text" else p for p in content]
    return {**message, "content": parts}
