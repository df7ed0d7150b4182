"""Ollama's own API: NDJSON, one object a line, of ``/api/chat`` and ``/api/generate``.

Tool calls come whole.  The last line has ``done:true``, the counts and the server's own
durations, in nanoseconds.  A failure is a line with an ``error`` alone.
"""

# Sources of the shapes: ollama/ollama (docs/api.md, docs/api/errors.mdx, server/routes.go).

from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import urlsplit

from streamlab.dialects.deltas import Delta, meta, text_delta, tool_call, unread
from streamlab.dialects.dialect import Dialect, Message, text_of
from streamlab.dialects.failures import failure_of
from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, parse
from streamlab.errors import UsageError

_DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
_USAGE = ("prompt_eval_count", "eval_count", *_DURATIONS)
# Keys that are read, or have no part of the answer; pictures are not read.
_KNOWN = (
    *("model", "created_at", "message", "response", "thinking", "done", "done_reason", "role"),
    *("context", "logprobs", "error", "remote_model", "remote_host", "content", "tool_calls"),
    "tool_name",
)


class OllamaReader(Reader):
    """Reads the objects of one answer."""

    def __init__(self) -> None:
        super().__init__()
        self._calls = 0

    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one object adds."""
        chunk = parse(data)
        if not isinstance(chunk, dict):
            return self._bare(type, data)
        message = chunk.get("message")
        if not isinstance(message, dict):  # /api/generate has the fields at the top
            message = {"content": chunk.get("response"), "thinking": chunk.get("thinking")}
        out = self._message(message)
        self.counts.listed(chunk.get("logprobs"), out)
        out += self._error(failure_of(chunk)) or unread(chunk, _KNOWN, "")
        if chunk.get("done") is True:
            out += self._last(chunk)
        return out or meta(type)

    def _message(self, message: JSONObject) -> list[Delta]:
        out = self._role(message.get("role"), 0)
        out += text_delta("reasoning", message.get("thinking"), 0)
        out += text_delta("content", message.get("content"), 0)
        for call in map(a_dict, a_list(message.get("tool_calls"))):
            function = a_dict(call.get("function"))
            given = function.get("arguments")
            out.append(tool_call(given, self._calls, call.get("id"), function.get("name")))
            self._calls += 1
        return out + unread(message, _KNOWN, "message.")

    def _last(self, chunk: JSONObject) -> list[Delta]:
        self.terminator = "done:true"
        out = self._finish(chunk.get("done_reason"))
        self.finished = True  # old servers send `done:true` without a reason
        usage = {key: chunk[key] for key in _USAGE if key in chunk}
        return out + self._used(usage or None)


class Ollama(Dialect):
    """Ollama's own API."""

    name = "ollama"
    framing: Literal["sse", "ndjson", "plain"] = "ndjson"
    base_url = "http://127.0.0.1:11434"
    base_url_variable = "OLLAMA_HOST"
    paths = ("/api/chat", "/api/generate")
    sampling_field = "options"
    renamed: Mapping[str, str] = {"max_tokens": "num_predict"}
    reader = OllamaReader

    def root(self, value: str) -> str:
        """Return the base URL that ``OLLAMA_HOST`` means: a URL, a host, or a port."""
        value = super().root(value)
        if "://" in value:
            return value
        try:
            url = urlsplit(f"//{value}")
            host, port = url.hostname or "127.0.0.1", url.port or 11434
        except ValueError as cause:
            raise UsageError(
                f"an Ollama host is a URL, host:port, a host or :port, not {value!r}. "
                "Set OLLAMA_HOST to one of these, for example 127.0.0.1:11434."
            ) from cause
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{port}{url.path}"

    def asked(self, messages: Sequence[Message]) -> dict[str, object]:
        """Return the messages, whose contents are text."""
        return {"messages": [{**m, "content": text_of(m.get("content"))} for m in messages]}

    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an object has the keys of an Ollama answer."""
        chunk = a_dict(parse(data))
        named = "message" in chunk or "response" in chunk
        return named and isinstance(chunk.get("done"), bool)
