"""OpenAI's Responses API, which OpenRouter, Azure and Bedrock's mantle offer too.

Events have names, which the JSON repeats; the JSON's name counts.  The text comes up to four
times: in ``.delta``, ``.done`` and ``output_item.done`` events, and in ``response.completed``.
Each event counts with the text that no event before it had.
"""

# Sources of the shapes: openai/openai-python (types/responses), vercel/ai's packages/openai and
# streams recorded in pydantic/pydantic-ai's cassettes.

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from streamlab.dialects.deltas import Delta, Kind, decoded, encoded, meta, text_delta, tool_call
from streamlab.dialects.dialect import Message, event_name
from streamlab.dialects.openai_chat import OpenAIChat
from streamlab.dialects.reader import Handler, NamedReader, Reader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, text_in, whole

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
ENDS = ("completed", "incomplete", "failed", "cancelled", "done")
CALLS = ("function_call", "custom_tool_call", "mcp_call", "code_interpreter_call")
# The names of a text in an item, where they differ from the names in the events.
_PARTS = {"summary_text": "reasoning_summary_text", "text": "output_text"}
# Items that the server handles itself, or whose texts are read.
_ITEMS = ("", "message", "reasoning", "web_search_call", "file_search_call", "mcp_list_tools")


def _events_of(families: Iterable[str]) -> list[str]:
    return [f"response.{name}.{end}" for name in families for end in ("delta", "done")]


class OpenAIResponsesReader(NamedReader):
    """Reads ``response.*`` events."""

    def __init__(self) -> None:
        super().__init__()
        # Texts by kind and place.
        self._said = defaultdict[str, dict[object, bytearray]](lambda: defaultdict(bytearray))
        self._numbers: dict[str, int | None] = {}  # of calls, by id

    def _new(self, kind: str, place: object, text: str, closing: bool) -> str:
        """Return a text; of the whole text of a closing event, the part that is new."""
        came = self._said[kind]
        if closing:
            before, others = decoded(came[place]), [*map(decoded, came.values())]
            # Gateways number their closing events differently, or join the texts in them.
            elsewhere = kind != "arguments" and text in (*others, "".join(others))
            text = text[len(before) :] if text.startswith(before) and not elsewhere else ""
        if text:
            came[place] += encoded(text)
        return text

    def _text(self, event: JSONObject, name: str) -> list[Delta]:
        _, family, end = name.split(".")
        given = event.get("delta" if end == "delta" else "text") or event.get("refusal")
        out = self._piece(family, _place(event), text_in(given), end == "done")
        self.counts.listed(event.get("logprobs"), out)
        return out if end == "delta" else out or meta(name)

    def _piece(self, family: str, place: object, text: str, closing: bool) -> list[Delta]:
        self.summarised = self.summarised or "summary" in family
        kind = TEXTS[family]
        return text_delta(kind, self._new(kind, (family, place), text, closing))

    def _part(self, event: JSONObject, name: str) -> list[Delta]:
        return self._parts([event.get("part")], _place(event)) or meta(name)

    def _parts(self, parts: object, first: tuple[int, int]) -> list[Delta]:
        out = list[Delta]()
        for number, part in enumerate(map(a_dict, a_list(parts)), first[1]):
            kind = a_text(part.get("type"))
            family, text = _PARTS.get(kind, kind), part.get("text") or part.get("refusal")
            if family in TEXTS:
                out += self._piece(family, (first[0], number), text_in(text), closing=True)
            elif kind:
                out += self._strange(f"content[].{kind}")
        return out

    def _strange(self, name: str) -> list[Delta]:
        # Once, because closing events repeat each other.
        return text_delta("unread", self._new("unread", name, name, closing=True))

    def _item(self, event: JSONObject, name: str) -> list[Delta]:
        item, index = a_dict(event.get("item")), whole(event.get("output_index"))
        return self._whole_item(item, index, name.endswith(".done")) or meta(name)

    def _whole_item(self, item: JSONObject, index: int | None, closing: bool) -> list[Delta]:
        kind, place = a_text(item.get("type")), (index or 0, 0)
        if kind in CALLS:
            return self._call(item, index, closing)
        if closing and kind not in _ITEMS and not kind.endswith("_output"):  # a picture, say
            return self._strange(f"item.{kind}")
        return self._parts(item.get("summary"), place) + self._parts(item.get("content"), place)

    def _call(self, item: JSONObject, index: int | None, closing: bool) -> list[Delta]:
        call_id = a_text(item.get("call_id")) or a_text(item.get("id"))
        index = self._numbers.setdefault(call_id, index) if call_id else index
        place = (item.get("id") or call_id) if index is None else index
        opening = self._new("call", place, call_id or "a call", closing=True)
        if index is None and not (opening or call_id):
            return []
        given = item.get("arguments") or item.get("input") or item.get("code")
        delta = tool_call(given, index, opening and call_id, opening and item.get("name"))
        text = self._new("arguments", place, delta.text, closing or bool(opening))
        return [delta._replace(text=text)] if text or opening else []

    def _arguments(self, event: JSONObject, name: str) -> list[Delta]:
        index = whole(event.get("output_index"))
        keys = ("delta", "arguments", "input", "code")
        delta = tool_call(next((event[key] for key in keys if key in event), ""), index)
        place = event.get("item_id") if index is None else index
        text = self._new("arguments", place, delta.text, name.endswith(".done"))
        return [delta._replace(text=text)] if text else meta(name) * name.endswith(".done")

    def _end(self, event: JSONObject, name: str) -> list[Delta]:
        response = a_dict(event.get("response"))
        self.terminator = self.terminator or name
        # `response.failed` usually repeats the `error` event before it (openai/openai-dotnet
        # #881), but sometimes it is the only event with the error.
        out = [] if self.failed else self._error(response.get("error"))
        status = a_text(response.get("status")) or name.removeprefix("response.")
        self.failed = self.failed or status in ("failed", "cancelled")
        items = [*map(a_dict, a_list(response.get("output")))]
        messages = text_in([item for item in items if item.get("type") == "message"])
        came = "".join(map(decoded, self._said["content"].values()))
        for index, item in enumerate(items):
            # Gateways number the items differently here: the id of a call has its number.
            number = None if item.get("type") in CALLS else index
            if not came or came != messages or item.get("type") != "message":
                out += self._whole_item(item, number, closing=True)
        said = a_text(response.get("output_text"))
        out += self._piece("output_text", (0, 0), said, closing=True)
        out += self._finish(status, value=a_dict(response.get("incomplete_details")))
        return out + self._used(response.get("usage")) or meta(name)

    handlers: ClassVar[Mapping[str, Handler]] = {
        **dict.fromkeys(_events_of(TEXTS), _text),
        **dict.fromkeys(_events_of(ARGUMENTS), _arguments),
        **dict.fromkeys([f"response.{status}" for status in ENDS], _end),
        "response.output_item.added": _item,
        "response.output_item.done": _item,
        "response.content_part.done": _part,
        "response.reasoning_summary_part.done": _part,
        "response.output_text.annotation.added": lambda _self, _, name: [
            Delta("annotation", name)
        ],
    }


def _place(event: JSONObject) -> tuple[int, int]:
    """Return the place of a text: the number of its item, and of its part within the item."""
    part = whole(event.get("content_index", event.get("summary_index")))
    return whole(event.get("output_index")) or 0, part or 0


class OpenAIResponses(OpenAIChat):
    """OpenAI's Responses API, of the same address and key as the chat."""

    name = "openai_responses"
    paths = ("/responses",)
    reader: type[Reader] = OpenAIResponsesReader

    def asked(self, messages: Sequence[Message]) -> dict[str, object]:
        """Return the messages as ``input``."""
        return {"input": [_item(message) for message in messages]}

    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an event has a name of this API."""
        return event_name(type, data).startswith("response.")


def _item(message: Message) -> dict[str, object]:
    # The name of a text part depends on the role here.
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    kind = "output_text" if message.get("role") == "assistant" else "input_text"
    parts = [{**p, "type": kind} if a_dict(p).get("type") == "text" else p for p in content]
    return {**message, "content": parts}
