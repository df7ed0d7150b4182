"""OpenAI's Responses API, which OpenRouter, Azure and Bedrock's mantle offer too.

Events have names, which the JSON repeats; the JSON's name counts.  The text comes up to four
times: in ``.delta``, ``.done`` and ``output_item.done`` events, and in ``response.completed``.
Each event counts with the text that no event before it had.
"""

# Sources of the shapes: openai/openai-python (types/responses), vercel/ai's packages/openai and
# streams recorded in pydantic/pydantic-ai's cassettes.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from streamlab.dialects.deltas import Delta, Kind, meta, text_delta, tool_call
from streamlab.dialects.dialect import Ask, Dialect, Message, event_name
from streamlab.dialects.reader import Handler, NamedReader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, texts_of, whole
from streamlab.dialects.said import Said

TEXTS: Mapping[str, Kind] = {
    "output_text": "content",
    "refusal": "refusal",
    "reasoning_summary_text": "reasoning",
    "reasoning_summary": "reasoning",
    "reasoning_text": "reasoning",
    "reasoning": "reasoning",  # the open specification's name
}
ARGUMENTS = (
    "function_call_arguments",
    "custom_tool_call_input",
    "mcp_call_arguments",
    "code_interpreter_call_code",
)
ENDS = tuple(
    f"response.{s}" for s in ("completed", "incomplete", "failed", "cancelled", "done")
)
CALLS = ("function_call", "custom_tool_call", "mcp_call", "code_interpreter_call")
_PARTS = {"summary_text": "reasoning_summary_text", "text": "output_text"}
"""The names of a text in an item, where they differ from the names in the events."""

_FAMILIES = {
    "message": ("output_text", "refusal"),
    "reasoning": tuple(name for name in TEXTS if name.startswith("reasoning")),
}


def _events_of(families: Iterable[str]) -> list[str]:
    return [f"response.{name}.{end}" for name in families for end in ("delta", "done")]


class OpenAIResponsesReader(NamedReader):
    """Reads ``response.*`` events."""

    def __init__(self) -> None:
        super().__init__()
        self._said = Said()

    def _text(self, event: JSONObject, name: str) -> list[Delta]:
        _, family, end = name.split(".")
        given = event.get("delta" if end == "delta" else "text")
        text = texts_of(given) or a_text(event.get("refusal"))
        out = self._new(family, _place(event), text, end == "done")
        self.counts.listed(event.get("logprobs"), "logprobs", out)
        return out if end == "delta" else out or meta(name)

    def _new(self, family: str, place: object, text: str, closing: bool) -> list[Delta]:
        """Return the part of a text that did not come before."""
        if closing:
            text = self._said.rest(family, place, text, unique=True)
        self._said.note(family, place, text)
        self.summarised = self.summarised or "summary" in family
        return text_delta(TEXTS[family], text)

    def _part(self, event: JSONObject, name: str) -> list[Delta]:
        part = a_dict(event.get("part"))
        return self._piece(part, _place(event)) or meta(name)

    def _piece(self, part: JSONObject, place: object) -> list[Delta]:
        kind = a_text(part.get("type"))
        family = _PARTS.get(kind, kind)
        text = texts_of(part) or a_text(part.get("refusal"))
        return self._new(family, place, text, closing=True) if family in TEXTS else []

    def _item(self, event: JSONObject, name: str) -> list[Delta]:
        item, index = a_dict(event.get("item")), whole(event.get("output_index"))
        return self._whole_item(item, index, name.endswith(".done")) or meta(name)

    def _whole_item(self, item: JSONObject, index: int | None, closing: bool) -> list[Delta]:
        """Return what an item adds: a call that begins, or what its deltas did not say."""
        kind = a_text(item.get("type"))
        if kind in CALLS:
            return self._call(item, index, closing)
        if kind.endswith("_call") and closing and item.get("result"):  # a picture, say
            return [Delta("unread", f"item.{kind}")]
        out = list[Delta]()
        for key in ("summary", "content"):
            for number, part in enumerate(map(a_dict, a_list(item.get(key)))):
                out += self._piece(part, (index or 0, number))
        return out

    def _call(self, item: JSONObject, index: int | None, closing: bool) -> list[Delta]:
        given = item.get("arguments") or item.get("input") or item.get("code") or ""
        call_id = a_text(item.get("call_id")) or item.get("id")
        if self._said.has("call", index):
            return self._more_arguments(given, index) if closing else []
        self._said.note("call", index, " ")
        delta = tool_call(given, index, call_id, item.get("name"))
        text = self._said.rest("arguments", index, delta.text)
        self._said.note("arguments", index, text)
        return [delta._replace(text=text)]

    def _more_arguments(self, given: object, index: int | None) -> list[Delta]:
        delta = tool_call(given, index)
        text = self._said.rest("arguments", index, delta.text)
        self._said.note("arguments", index, text)
        return [delta._replace(text=text)] if text else []

    def _arguments(self, event: JSONObject, name: str) -> list[Delta]:
        index = whole(event.get("output_index"))
        if name.endswith(".done"):
            given = event.get("arguments") or event.get("input") or event.get("code")
            return self._more_arguments(given, index) or meta(name)
        delta = tool_call(event.get("delta"), index)
        self._said.note("arguments", index, delta.text)
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
        # Gateways number the items differently here, so only kinds that did not come are read.
        came = self._said.families
        for index, item in enumerate(map(a_dict, a_list(response.get("output")))):
            families = _FAMILIES.get(a_text(item.get("type")), ("call",))
            if came.isdisjoint(families):
                out += self._whole_item(item, index, closing=True)
        out += self._finish(status, value=a_dict(response.get("incomplete_details")))
        return out + self._used(response.get("usage")) or meta(name)

    handlers: ClassVar[Mapping[str, Handler]] = {
        **dict.fromkeys(_events_of(TEXTS), _text),
        **dict.fromkeys(_events_of(ARGUMENTS), _arguments),
        **dict.fromkeys(ENDS, _end),
        "response.output_item.added": _item,
        "response.output_item.done": _item,
        "response.content_part.done": _part,
        "response.reasoning_summary_part.done": _part,
        "response.output_text.annotation.added": _annotation,
    }


def _place(event: JSONObject) -> tuple[int, int]:
    """Return the place of a text: the number of its item, and of its part within the item."""
    part = whole(event.get("content_index", event.get("summary_index")))
    return whole(event.get("output_index")) or 0, part or 0


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
