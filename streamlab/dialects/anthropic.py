"""Anthropic's Messages API.

Events have names; the index distinguishes the blocks of text, thinking and tool use.  A refusal
has no delta of its own: it is a stop reason, and its details are the ``value`` of the finish.
"""

# Sources of the shapes: anthropics/anthropic-sdk-python (tests/lib/streaming/fixtures) and
# streams recorded in pydantic/pydantic-ai's cassettes.

from collections.abc import Mapping, Sequence
from typing import ClassVar

from streamlab.dialects.deltas import Delta, Kind, meta, text_delta, tool_call
from streamlab.dialects.dialect import Dialect, Message, without_system
from streamlab.dialects.reader import Handler, NamedReader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, whole

# The limit if the request has none, because the API requires one.
MAX_TOKENS = 4096

FRAGMENTS: Mapping[str, tuple[Kind, str]] = {
    "text_delta": ("content", "text"),
    "thinking_delta": ("reasoning", "thinking"),
    "signature_delta": ("signature", "signature"),
}


class AnthropicReader(NamedReader):
    """Reads the events of one message."""

    def __init__(self) -> None:
        super().__init__()
        self._counted = False

    def _start(self, event: JSONObject, name: str) -> list[Delta]:
        message = a_dict(event.get("message"))
        out = self._role(message.get("role"), 0)
        for index, block in enumerate(a_list(message.get("content"))):
            out += self._block({"content_block": block, "index": index}, "")
        return out + self._used(message.get("usage")) or meta(name)

    def _block(self, event: JSONObject, name: str) -> list[Delta]:
        # A block of text usually opens empty.
        block, index = a_dict(event.get("content_block")), whole(event.get("index"))
        part, given = a_text(block.get("type")), block.get("input") or ""
        if part.endswith("tool_use"):
            return [tool_call(given, index, block.get("id"), block.get("name"))]
        for kind, key in FRAGMENTS.values():
            if out := text_delta(kind, block.get(key)):
                return out
        if part == "redacted_thinking":
            return text_delta("signature", block.get("data")) or meta(name)
        if part.endswith("_result"):
            return [Delta("annotation", part)]
        known = part in ("", "text", "thinking")
        return meta(name) if known else [Delta("unread", f"content_block.{part}")]

    def _fragment(self, event: JSONObject, name: str) -> list[Delta]:
        delta = a_dict(event.get("delta"))
        part = a_text(delta.get("type"))
        if part == "input_json_delta":  # the first piece of a call is empty, and is a delta
            return [tool_call(delta.get("partial_json"), whole(event.get("index")))]
        if part in FRAGMENTS:
            kind, key = FRAGMENTS[part]
            return text_delta(kind, delta.get(key))
        known = part == "citations_delta"
        return [Delta("annotation", part) if known else Delta("unread", f"delta.{part}")]

    def _stop(self, event: JSONObject, name: str) -> list[Delta]:
        delta = a_dict(event.get("delta"))
        details = a_dict(delta.get("stop_details"))
        if delta.get("stop_sequence"):
            details = {**details, "stop_sequence": delta["stop_sequence"]}
        out = self._finish(delta.get("stop_reason"), value=details)
        # The output that `message_start` reports is no count: the first count replaces it.
        if not self._counted and "output_tokens" in a_dict(event.get("usage")):
            self._counted, self._usage = True, {**self._usage, "output_tokens": None}
        return out + self._used(event.get("usage")) or meta(name)

    handlers: ClassVar[Mapping[str, Handler]] = {
        "message_start": _start,
        "content_block_start": _block,
        "content_block_delta": _fragment,
        "message_delta": _stop,
        "message_stop": lambda self, _, name: self._done(name),
    }


class Anthropic(Dialect):
    """Anthropic's Messages API."""

    name = "anthropic"
    base_url = "https://api.anthropic.com"
    key_variables = ("ANTHROPIC_API_KEY",)
    base_url_variable = "ANTHROPIC_BASE_URL"
    paths = ("/v1/messages",)
    headers: Mapping[str, str] = {"anthropic-version": "2023-06-01"}
    key_header_name = "x-api-key"
    reader, names = AnthropicReader, AnthropicReader.handlers

    def asked(self, messages: Sequence[Message]) -> dict[str, object]:
        """Return the messages; those of the system become ``system``."""
        system, others = without_system(messages)
        given = {"system": system} if system else {}
        return {"max_tokens": MAX_TOKENS, "messages": others, **given}
