"""Cohere's chat API, version 2.

Named events and a ``[DONE]``.  The plan for tools is reasoning; ``tool_calls`` in a
delta is one object, not a list; finish reasons are in capitals, and two of them
name a failure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from streamlab.dialects.base import Ask, Delta, Message
from streamlab.dialects.provider import Provider, event_name
from streamlab.dialects.reading import (
    Handler,
    NamedReader,
    a_dict,
    a_list,
    a_text,
    arguments,
    meta,
    whole,
)

FAILURES = frozenset({"ERROR", "TIMEOUT"})


class CohereReader(NamedReader):
    """Reads the events of one message."""

    def _start(self, event: dict[str, Any], name: str) -> list[Delta]:
        return self._role(_message(event).get("role"), 0) or meta(name)

    def _content_start(self, event: dict[str, Any], name: str) -> list[Delta]:
        return self._content(event, name) or meta(name)

    def _content(self, event: dict[str, Any], name: str) -> list[Delta]:
        content = a_dict(_message(event).get("content"))
        thinking, text = a_text(content.get("thinking")), a_text(content.get("text"))
        out = [Delta("reasoning", thinking)] if thinking else []
        out += [Delta("content", text)] if text else []
        tokens = a_dict(event.get("logprobs")).get("token_ids")
        self.counts.listed(tokens, "token_ids", out)
        return out

    def _plan(self, event: dict[str, Any], name: str) -> list[Delta]:
        text = a_text(_message(event).get("tool_plan"))
        return [Delta("reasoning", text)] if text else []

    def _call(self, event: dict[str, Any], name: str) -> list[Delta]:
        calls = _message(event).get("tool_calls")
        out, index = [], whole(event.get("index"))
        for call in map(a_dict, a_list(calls) or [calls]):
            function = a_dict(call.get("function"))
            text = arguments(function.get("arguments"))
            called = a_text(call.get("id")) or None, a_text(function.get("name")) or None
            if text or any(called):
                out.append(Delta("tool_call", text, 0, None, index, *called))
        return out

    def _citation(self, event: dict[str, Any], name: str) -> list[Delta]:
        return [Delta("annotation", name)]

    def _end(self, event: dict[str, Any], name: str) -> list[Delta]:
        delta = a_dict(event.get("delta"))
        out = self._error(delta.get("error")) + self._finish(delta.get("finish_reason"))
        self.failed = self.failed or a_text(delta.get("finish_reason")) in FAILURES
        usage = delta.get("usage")
        return (
            [*out, Delta("usage", value=usage)]
            if isinstance(usage, dict)
            else out or meta(name)
        )

    handlers: ClassVar[Mapping[str, Handler]] = {
        "message-start": _start,
        "content-start": _content_start,
        "content-delta": _content,
        "tool-plan-delta": _plan,
        "tool-call-start": _call,
        "tool-call-delta": _call,
        "citation-start": _citation,
        "message-end": _end,
    }


def _message(event: dict[str, Any]) -> dict[str, Any]:
    return a_dict(a_dict(event.get("delta")).get("message"))


class Cohere(Provider):
    """Cohere's chat API, version 2."""

    name = "cohere"
    base_url = "https://api.cohere.com"
    key_variables: tuple[str, ...] = ("CO_API_KEY", "COHERE_API_KEY")
    base_url_variable: str | None = "CO_API_URL"

    def ask(self, model: str, messages: Sequence[Message], body: Mapping[str, Any]) -> Ask:
        """Return the request for `messages`; fields of `body` win."""
        asked = {"model": model, "messages": [dict(m) for m in messages], "stream": True}
        return Ask("/v2/chat", {**asked, **body})

    def reader(self) -> CohereReader:
        """Return a reader for one stream."""
        return CohereReader()

    def recognises(self, path: str, type: str, data: str) -> bool:  # noqa: A002
        """Say whether the path or the first event is that of a Cohere message."""
        return path.rstrip("/").endswith("/v2/chat") or event_name(type, data) in (
            CohereReader.handlers
        )
