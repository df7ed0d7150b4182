"""Ollama's own API: NDJSON, one object a line, of ``/api/chat`` and ``/api/generate``.

Tool calls come whole.  The last line says ``done:true`` and carries the counts and the
server's own durations, in nanoseconds.  A failure is a line with an ``error`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from streamlab.dialects.base import Ask, Delta, Message
from streamlab.dialects.provider import Provider, gathered, text_of
from streamlab.dialects.reading import (
    BaseReader,
    a_dict,
    a_list,
    a_text,
    arguments,
    meta,
    parse,
)
from streamlab.errors import UsageError

USAGE = (
    "prompt_eval_count",
    "eval_count",
    "total_duration",
    "load_duration",
    "prompt_eval_duration",
    "eval_duration",
)


class OllamaReader(BaseReader):
    """Reads the objects of one answer."""

    def __init__(self) -> None:
        super().__init__()
        self._calls = 0

    def feed(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one object adds."""
        chunk = parse(data)
        if not isinstance(chunk, dict):
            return self._bare(type, data)
        message = chunk.get("message")
        if not isinstance(message, dict):  # /api/generate has no message around them
            message = {"content": chunk.get("response"), "thinking": chunk.get("thinking")}
        out = self._message(message)
        self.counts.listed(chunk.get("logprobs"), "logprobs", out)
        out += self._error(chunk.get("error"))
        if chunk.get("done") is True:
            out += self._last(chunk)
        return out or meta(type)

    def _message(self, message: dict[str, Any]) -> list[Delta]:
        out = self._role(message.get("role"), 0)
        if a_text(message.get("thinking")):
            out.append(Delta("reasoning", message["thinking"], 0))
        if a_text(message.get("content")):
            out.append(Delta("content", message["content"], 0))
        for call in map(a_dict, a_list(message.get("tool_calls"))):
            function = a_dict(call.get("function"))
            called = a_text(call.get("id")) or None, a_text(function.get("name")) or None
            text = arguments(function.get("arguments"))
            out.append(Delta("tool_call", text, 0, None, self._calls, *called))
            self._calls += 1
        return out

    def _last(self, chunk: dict[str, Any]) -> list[Delta]:
        """Old servers give no reason with ``done:true``."""
        self.terminator = "done:true"
        out = self._finish(chunk.get("done_reason"))
        self.finished = True
        usage = {key: chunk[key] for key in USAGE if key in chunk}
        return [*out, Delta("usage", value=usage)] if usage else out


SAMPLING = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "num_predict",
    "seed": "seed",
}


class Ollama(Provider):
    """Ollama's own API."""

    name = "ollama"
    framing: Literal["sse", "ndjson"] = "ndjson"
    base_url = "http://127.0.0.1:11434"
    base_url_variable: str | None = "OLLAMA_HOST"

    def root(self, value: str) -> str:
        """Return the base URL that ``OLLAMA_HOST`` stands for: often a host, or a port.

        Raises
        ------
        UsageError
            If it is none of these.
        """
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

    def ask(self, model: str, messages: Sequence[Message], body: Mapping[str, Any]) -> Ask:
        """Return the request for `messages`; fields of `body` win.

        ``temperature``, ``top_p``, ``top_k``, ``max_tokens`` and ``seed`` go into ``options``:
        elsewhere they mean nothing.
        """
        said = [{**message, "content": text_of(message.get("content"))} for message in messages]
        asked = {"model": model, "messages": said, "stream": True}
        return Ask("/api/chat", {**asked, **gathered(body, SAMPLING, "options")})

    def reader(self) -> OllamaReader:
        """Return a reader for one stream."""
        return OllamaReader()

    def recognises(self, path: str, type: str, data: str) -> bool:  # noqa: A002
        """Say whether the path or the first object is that of an Ollama answer."""
        chunk = a_dict(parse(data))
        shaped = isinstance(chunk.get("done"), bool) and (
            "message" in chunk or "response" in chunk
        )
        return path.rstrip("/").endswith(("/api/chat", "/api/generate")) or shaped
