"""Google's Gemini API, streamed as server-sent events (``alt=sse``).

Unnamed events with no last word: only a finish reason says that a stream is complete.
A blocked prompt has no candidates; its block reason is the finish, and the feedback its
``value``.  Usage is cumulative: ``n_tokens`` is the difference of two
``candidatesTokenCount``, given to the one delta that came between, and never to
thoughts: what is sent of them is a summary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from streamlab.dialects.base import Ask, Delta, Message
from streamlab.dialects.provider import Provider, gathered, text_of, without_system
from streamlab.dialects.reading import (
    BaseReader,
    a_dict,
    a_list,
    a_text,
    arguments,
    meta,
    parse,
    whole,
)

OTHER_PARTS = ("executableCode", "codeExecutionResult", "inlineData", "fileData")
SOURCES = ("citationMetadata", "groundingMetadata", "urlContextMetadata")


class GeminiReader(BaseReader):
    """Reads ``GenerateContentResponse`` objects."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, int] = {}  # how many each candidate has made

    def feed(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one response object adds."""
        chunk = parse(data)
        if isinstance(chunk, list) and len(chunk) == 1:  # Vertex wraps its errors so
            chunk = chunk[0]
        if not isinstance(chunk, dict):
            return self._bare(type, data)
        out: list[Delta] = []
        for candidate in map(a_dict, a_list(chunk.get("candidates"))):
            self._candidate(candidate, out)
        feedback = a_dict(chunk.get("promptFeedback"))
        out += self._finish(feedback.get("blockReason"), value=feedback)
        self._usage(chunk.get("usageMetadata"), out)
        out += self._error(chunk.get("error") or (chunk if type == "error" else None))
        return out or meta(type)

    def _candidate(self, candidate: dict[str, Any], out: list[Delta]) -> None:
        index = whole(candidate.get("index")) or 0
        self._open(index)
        for part in map(a_dict, a_list(a_dict(candidate.get("content")).get("parts"))):
            self._part(part, index, out)
        out += [Delta("annotation", key, index) for key in SOURCES if candidate.get(key)]
        out += self._finish(candidate.get("finishReason"), index)

    def _part(self, part: dict[str, Any], index: int, out: list[Delta]) -> None:
        text = a_text(part.get("text"))
        if isinstance(part.get("functionCall"), dict):
            out.append(self._call(part["functionCall"], index))
        elif text:
            out.append(Delta("reasoning" if part.get("thought") else "content", text, index))
        out += [Delta("annotation", key, index) for key in OTHER_PARTS if part.get(key)]
        if a_text(part.get("thoughtSignature")):
            out.append(Delta("signature", part["thoughtSignature"], index))

    def _call(self, call: dict[str, Any], index: int) -> Delta:
        """A call comes whole, its arguments as an object."""
        number = self._calls.get(index, 0)
        self._calls[index] = number + 1
        called = a_text(call.get("id")) or None, a_text(call.get("name")) or None
        return Delta("tool_call", arguments(call.get("args")), index, None, number, *called)

    def _usage(self, usage: Any, out: list[Delta]) -> None:
        found = a_dict(usage)
        count = whole(found.get("candidatesTokenCount"))
        thought = any(delta.kind == "reasoning" for delta in out)
        if count is not None:
            alone = not thought and len(self._choices) < 2
            self.counts.running(count, "usageMetadata", out, trusted=alone)
        elif not thought:
            self.counts.nothing(out)
        if found:
            out.append(Delta("usage", value=found))


SAMPLING = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_tokens": "maxOutputTokens",
    "seed": "seed",
}


class Gemini(Provider):
    """Google's Gemini API."""

    name = "gemini"
    base_url = "https://generativelanguage.googleapis.com"
    key_variables: tuple[str, ...] = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    base_url_variable: str | None = "GOOGLE_GEMINI_BASE_URL"

    def key_header(self, key: str) -> dict[str, str]:
        """Return the header that carries the key."""
        return {"x-goog-api-key": key}

    def ask(self, model: str, messages: Sequence[Message], body: Mapping[str, Any]) -> Ask:
        """Return the request for `messages`; fields of `body` win.

        System messages become ``systemInstruction``; ``temperature``, ``top_p``, ``top_k``,
        ``max_tokens`` and ``seed`` go into ``generationConfig``: elsewhere they mean nothing.
        """
        system, others = without_system(messages)
        asked: dict[str, Any] = {"contents": [_content(message) for message in others]}
        if system:
            asked["systemInstruction"] = {"parts": [{"text": system}]}
        named = model if "/" in model else f"models/{model}"
        path = f"/v1beta/{quote(named)}:streamGenerateContent"
        sent = {**asked, **gathered(body, SAMPLING, "generationConfig")}
        return Ask(path, sent, params={"alt": "sse"})

    def reader(self) -> GeminiReader:
        """Return a reader for one stream."""
        return GeminiReader()

    def recognises(self, path: str, type: str, data: str) -> bool:  # noqa: A002
        """Say whether the path or the first event is that of a generation."""
        keys = {"candidates", "usageMetadata", "promptFeedback"}
        return path.endswith(":streamGenerateContent") or not keys.isdisjoint(
            a_dict(parse(data))
        )


def _content(message: Message) -> dict[str, Any]:
    """Turn a message into a content; one that has parts already is left as it is."""
    if "parts" in message:
        return dict(message)
    role = "model" if message.get("role") == "assistant" else "user"
    content = message.get("content")
    if not isinstance(content, list):
        return {"role": role, "parts": [{"text": text_of(content)}]}
    parts = [{"text": p["text"]} if a_text(a_dict(p).get("text")) else p for p in content]
    return {"role": role, "parts": parts}
