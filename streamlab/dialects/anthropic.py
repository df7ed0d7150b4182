"""Anthropic's Messages API.

Named events; blocks of text, thinking and tool use are told apart by their index.
Usage is split: `message_start` has the input, `message_delta` the output so far,
and what is null in the later does not undo the earlier.  A refusal has no delta of its
own: it is a stop reason, whose details are the ``value`` of the finish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from streamlab.dialects.base import Ask, Delta, Kind, Message
from streamlab.dialects.provider import Provider, event_name, without_system
from streamlab.dialects.reading import (
    Handler,
    NamedReader,
    a_dict,
    a_text,
    arguments,
    meta,
    whole,
)

MAX_TOKENS = 4096
"""Sent unless the request says otherwise: the API demands a limit."""

FRAGMENTS: Mapping[str, tuple[Kind, str]] = {
    "text_delta": ("content", "text"),
    "thinking_delta": ("reasoning", "thinking"),
    "signature_delta": ("signature", "signature"),
}


class AnthropicReader(NamedReader):
    """Reads the events of one message."""

    def __init__(self) -> None:
        super().__init__()
        self._usage: dict[str, Any] = {}

    def _start(self, event: dict[str, Any], name: str) -> list[Delta]:
        message = a_dict(event.get("message"))
        out = self._role(message.get("role"), 0) + self._merged(message.get("usage"))
        return out or meta(name)

    def _block(self, event: dict[str, Any], name: str) -> list[Delta]:
        """Open a tool call; a block of text opens empty, but need not."""
        block, index = a_dict(event.get("content_block")), whole(event.get("index"))
        if a_text(block.get("type")).endswith("tool_use"):
            text = arguments(block.get("input") or "")
            called = a_text(block.get("id")) or None, a_text(block.get("name")) or None
            return [Delta("tool_call", text, 0, None, index, *called)]
        for kind, key in FRAGMENTS.values():
            if a_text(block.get(key)):
                return [Delta(kind, block[key])]
        return meta(name)

    def _fragment(self, event: dict[str, Any], name: str) -> list[Delta]:
        """The arguments of a call begin with an empty fragment, which is kept."""
        delta = a_dict(event.get("delta"))
        part = a_text(delta.get("type"))
        if part == "input_json_delta":
            text = a_text(delta.get("partial_json"))
            return [Delta("tool_call", text, 0, None, whole(event.get("index")))]
        if part in FRAGMENTS:
            kind, key = FRAGMENTS[part]
            text = a_text(delta.get(key))
            return [Delta(kind, text)] if text else []
        return [Delta("annotation", part)] if part == "citations_delta" else meta(name)

    def _stop(self, event: dict[str, Any], name: str) -> list[Delta]:
        delta = a_dict(event.get("delta"))
        details = a_dict(delta.get("stop_details")) or None
        out = self._finish(delta.get("stop_reason"), value=details)
        return out + self._merged(event.get("usage")) or meta(name)

    def _last(self, event: dict[str, Any], name: str) -> list[Delta]:
        return self._done(name)

    def _merged(self, usage: Any) -> list[Delta]:
        if not isinstance(usage, dict):
            return []
        said = {key: value for key, value in usage.items() if value is not None}
        self._usage = {**usage, **self._usage, **said}
        return [Delta("usage", value=self._usage)]

    handlers: ClassVar[Mapping[str, Handler]] = {
        "message_start": _start,
        "content_block_start": _block,
        "content_block_delta": _fragment,
        "message_delta": _stop,
        "message_stop": _last,
    }


class Anthropic(Provider):
    """Anthropic's Messages API."""

    name = "anthropic"
    base_url = "https://api.anthropic.com"
    key_variables: tuple[str, ...] = ("ANTHROPIC_API_KEY",)
    base_url_variable: str | None = "ANTHROPIC_BASE_URL"

    def key_header(self, key: str) -> dict[str, str]:
        """Return the header that carries the key."""
        return {"x-api-key": key}

    def ask(self, model: str, messages: Sequence[Message], body: Mapping[str, Any]) -> Ask:
        """Return the request for `messages`; fields of `body` win.

        System messages become ``system``, and ``max_tokens`` is `MAX_TOKENS` unless given.
        """
        system, others = without_system(messages)
        asked: dict[str, Any] = {"model": model, "max_tokens": MAX_TOKENS, "messages": others}
        if system:
            asked["system"] = system
        headers = {"anthropic-version": "2023-06-01"}
        return Ask("/v1/messages", {**asked, "stream": True, **body}, headers)

    def reader(self) -> AnthropicReader:
        """Return a reader for one stream."""
        return AnthropicReader()

    def recognises(self, path: str, type: str, data: str) -> bool:  # noqa: A002
        """Say whether the path or the first event is that of a message."""
        return path.rstrip("/").endswith("/v1/messages") or event_name(type, data) in (
            AnthropicReader.handlers
        )
