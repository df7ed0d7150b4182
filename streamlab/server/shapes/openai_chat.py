"""OpenAI's chat completions: ``POST /v1/chat/completions``."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from streamlab.errors import UsageError
from streamlab.server.play import SSE, Call
from streamlab.server.script import Script
from streamlab.server.shapes.base import CREATED, Asked, compact, sse

LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" * 2


class OpenAIChat:
    """Chunks of about 280 bytes: role, content, finish, usage if asked for, ``[DONE]``."""

    name = "openai_chat"
    content_type = SSE

    def __init__(self, call: Call) -> None:
        self._rng = Random(f"{call.scenario} {call.seed}")
        self._usage = wants_usage(call.body.get("stream_options"))
        self._frame = {
            "id": f"chatcmpl-{self._rng.randbytes(14).hex()}",
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": call.scenario,
            "service_tier": "default",
            "system_fingerprint": "fp_streamlab",
        }
        self._around = self._template()

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, if this shape answers `path`."""
        if path != "/v1/chat/completions":
            return None
        return Asked(str(body.get("model", "")), bool(body.get("stream")))

    def opening(self, script: Script) -> bytes:
        """Return the chunk that carries the role."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def piece(self, text: str) -> bytes:
        """Return one chunk of content."""
        before, after = self._around
        return b"".join((before, compact(text), after, self._padding(), b'"}\n\n'))

    def closing(self, script: Script) -> bytes:
        """Return the finish, the usage if asked for, and ``[DONE]``."""
        events = self._chunk({}, "stop")
        if self._usage:
            events += sse(compact({**self._frame, "choices": [], "usage": usage(script)}))
        return events + b"data: [DONE]\n\n"

    def whole(self, script: Script) -> bytes:
        """Return the completion that is no stream."""
        message = {"role": "assistant", "content": script.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        frame = {**self._frame, "object": "chat.completion"}
        return compact({**frame, "choices": [choice], "usage": usage(script)})

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk: dict[str, Any] = {**self._frame, "choices": [choice]}
        if self._usage:
            chunk["usage"] = None
        chunk["obfuscation"] = self._padding().decode()
        return sse(compact(chunk))

    def _template(self) -> tuple[bytes, bytes]:
        """Return what stands around a piece's text: chunks are made by the ten thousand."""
        before, name, rest = self._chunk({"content": ""}).partition(b'"content":')
        after, padding, _ = rest.removeprefix(b'""').partition(b'"obfuscation":"')
        return before + name, after + padding

    def _padding(self) -> bytes:
        """Return 2 to 16 letters, so that sizes do not tell tokens, as OpenAI's do not."""
        at = int(self._rng.random() * 930)
        return LETTERS[at // 15 : at // 15 + 2 + at % 15]


def wants_usage(options: object) -> bool:
    """Say whether `stream_options` ask for the usage."""
    if options is None:
        return False
    if not isinstance(options, Mapping):
        raise UsageError(
            f"stream_options must be an object, and {options!r} came. "
            'Send {"include_usage": true}, or leave it out.'
        )
    return bool(options.get("include_usage"))


def usage(script: Script) -> dict[str, int]:
    """Return the usage object."""
    prompt, completion = script.prompt_tokens, script.n_texts
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
