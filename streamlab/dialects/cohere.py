"""Cohere's chat API, version 2.

Events have names, and ``[DONE]`` comes last.  The plan for tools counts as reasoning.
"""

# Sources of the shapes: cohere-ai/cohere-developer-experience (cohere-openapi.yaml) and streams
# recorded in vercel/ai's packages/cohere.

from collections.abc import Mapping
from typing import ClassVar

from streamlab.dialects.deltas import Delta, meta, text_delta, tool_call, unread
from streamlab.dialects.dialect import Dialect
from streamlab.dialects.reader import Handler, NamedReader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, whole

# The finish reasons that mean a failure.
FAILURES = frozenset({"ERROR", "TIMEOUT"})


class CohereReader(NamedReader):
    """Reads the events of one message."""

    def _start(self, event: JSONObject, name: str) -> list[Delta]:
        return self._role(_message(event).get("role"), 0) or meta(name)

    def _content(self, event: JSONObject, name: str) -> list[Delta]:
        content = a_dict(_message(event).get("content"))
        out = text_delta("reasoning", content.get("thinking"))
        out += text_delta("content", content.get("text"))
        self.counts.listed(a_dict(event.get("logprobs")).get("token_ids"), out)
        out = out or unread(content, ("type", "text", "thinking"), "content.")
        return out or meta(name) * name.endswith("start")

    def _call(self, event: JSONObject, name: str) -> list[Delta]:
        calls = _message(event).get("tool_calls")
        out, index = [], whole(event.get("index"))
        for call in map(a_dict, a_list(calls) or [calls]):  # one object, not a list
            function = a_dict(call.get("function"))
            given = function.get("arguments")
            delta = tool_call(given, index, call.get("id"), function.get("name"))
            if delta.text or delta.id or delta.name:
                out.append(delta)
        return out

    def _end(self, event: JSONObject, name: str) -> list[Delta]:
        delta = a_dict(event.get("delta"))
        out = self._error(delta.get("error")) + self._finish(delta.get("finish_reason"))
        self.failed = self.failed or a_text(delta.get("finish_reason")) in FAILURES
        return out + self._used(delta.get("usage")) or meta(name)

    handlers: ClassVar[Mapping[str, Handler]] = {
        "message-start": _start,
        "content-start": _content,
        "content-delta": _content,
        "tool-plan-delta": lambda self, event, _: text_delta(
            "reasoning", _message(event).get("tool_plan")
        ),
        "tool-call-start": _call,
        "tool-call-delta": _call,
        "citation-start": lambda _self, _, name: [Delta("annotation", name)],
        "message-end": _end,
    }


def _message(event: JSONObject) -> dict[str, object]:
    return a_dict(a_dict(event.get("delta")).get("message"))


class Cohere(Dialect):
    """Cohere's chat API, version 2."""

    name = "cohere"
    base_url = "https://api.cohere.com"
    key_variables = ("CO_API_KEY", "COHERE_API_KEY")
    base_url_variable = "CO_API_URL"
    paths = ("/v2/chat",)
    reader, names = CohereReader, CohereReader.handlers
