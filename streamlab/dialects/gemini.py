"""Google's Gemini API, streamed as server-sent events (``alt=sse``).

Events have no names, and the API has no terminator: only a finish reason shows that a
stream is complete.  A blocked prompt has no candidates; its block reason is the finish, and the
feedback is the ``value`` of the finish.
"""

# Sources of the shapes: googleapis/python-genai (_api_client.py), vercel/ai's packages/google
# and streams recorded in pydantic/pydantic-ai's cassettes.

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from streamlab.dialects.deltas import Delta, Kind, meta, text_delta, tool_call, unread
from streamlab.dialects.dialect import Ask, Dialect, Message, text_of, without_system
from streamlab.dialects.failures import failure_of
from streamlab.dialects.paths import path_of, placed, values_at
from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, parse, whole

CODE_PARTS = ("executableCode", "codeExecutionResult")
KNOWN_PARTS = (*CODE_PARTS, "text", "thought", "thoughtSignature", "functionCall")
SOURCES = ("citationMetadata", "groundingMetadata", "urlContextMetadata")


class GeminiReader(Reader):
    """Reads ``GenerateContentResponse`` objects."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, int] = {}  # the number of calls of each candidate
        self._partial: dict[int, tuple[int, object]] = {}  # number and arguments so far

    def close(self) -> list[Delta]:
        """Return the calls that were cut off, and what else waited."""
        return [*map(self._cut, [*self._partial]), *super().close()]

    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one response object adds."""
        chunk = parse(data)
        if isinstance(chunk, list) and len(chunk) == 1:  # an error of Vertex AI
            chunk = chunk[0]
        if not isinstance(chunk, dict):
            return self._bare(type, data)
        out: list[Delta] = []
        for candidate in map(a_dict, a_list(chunk.get("candidates"))):
            self._candidate(candidate, out)
        feedback = a_dict(chunk.get("promptFeedback"))
        out += self._finish(feedback.get("blockReason"), value=feedback)
        self._count(chunk.get("usageMetadata"), out)
        out += self._error(failure_of(chunk) or (chunk if type == "error" else None))
        return out or meta(type)

    def _candidate(self, candidate: JSONObject, out: list[Delta]) -> None:
        index = whole(candidate.get("index")) or 0
        self._open(index)
        for part in map(a_dict, a_list(a_dict(candidate.get("content")).get("parts"))):
            self._part(part, index, out)
        out += [Delta("annotation", key, index) for key in SOURCES if candidate.get(key)]
        ratings = map(a_dict, a_list(candidate.get("safetyRatings")))
        blocked = [rating for rating in ratings if rating.get("blocked")]
        why = {"finishMessage": candidate.get("finishMessage"), "safetyRatings": blocked}
        detail = {key: value for key, value in why.items() if value}
        out += self._finish(candidate.get("finishReason"), index, detail)

    def _part(self, part: JSONObject, index: int, out: list[Delta]) -> None:
        call = part.get("functionCall")
        if isinstance(call, dict):
            out += self._call(call, index)
        else:
            kind: Kind = "reasoning" if part.get("thought") else "content"
            self.summarised = self.summarised or kind == "reasoning"
            out += text_delta(kind, part.get("text"), index)
        out += [Delta("annotation", key, index) for key in CODE_PARTS if part.get(key)]
        out += unread(part, KNOWN_PARTS, "parts[].")
        out += text_delta("signature", part.get("thoughtSignature"), index)

    def _call(self, call: JSONObject, index: int) -> list[Delta]:
        # JSON's text cannot be streamed with these parts: a leaf may be set anywhere.  So each
        # part is a delta without text, which has the time, and the last one has the text.
        out, opening = list[Delta](), (call.get("id"), call.get("name"))
        if call.get("name") or index not in self._partial:
            out += [self._cut(index)] if index in self._partial else []
            self._calls[index] = self._calls.get(index, -1) + 1
            self._partial[index] = self._calls[index], call.get("args") or {}
        number, arguments = self._partial[index]
        for part in map(a_dict, a_list(call.get("partialArgs"))):
            arguments = _with_leaf(arguments, part)
        self._partial[index] = number, arguments
        if call.get("willContinue"):
            return [*out, tool_call("", number, *opening, index)]
        del self._partial[index]
        whole = None if call.get("name") and "args" not in call and not arguments else arguments
        return [*out, tool_call(whole, number, *opening, index)]

    def _cut(self, index: int) -> Delta:
        # The last part of the call did not come.
        number, arguments = self._partial.pop(index)
        return tool_call(arguments, number, choice=index)

    def _count(self, usage: object, out: list[Delta]) -> None:
        # Usage is cumulative: the difference of two `candidatesTokenCount` belongs to the one
        # delta between them.  Thoughts get no number: the API counts all thoughts, but it
        # sends a summary of them.
        found = a_dict(usage)
        count = whole(found.get("candidatesTokenCount"))
        thought = any(delta.kind == "reasoning" for delta in out)
        if count is not None:
            alone = not thought and len(self._choices) < 2
            self.counts.running(count, out, trusted=alone)
        elif not thought:
            self.counts.nothing(out)
        out += self._used(found or None)


def _with_leaf(arguments: object, part: JSONObject) -> object:
    """Return the arguments with one leaf more, or with a piece more of a text."""
    leaf = next((part[key] for key in part if key.endswith("Value")), None)
    path = path_of(a_text(part.get("jsonPath"))) or ()
    if "stringValue" in part:
        leaf = "".join(map(a_text, [*values_at(arguments, path), leaf]))
    return placed(arguments, path, None if "nullValue" in part else leaf) if path else arguments


class Gemini(Dialect):
    """Google's Gemini API."""

    name = "gemini"
    base_url = "https://generativelanguage.googleapis.com"
    key_variables = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    base_url_variable = "GOOGLE_GEMINI_BASE_URL"
    paths = (":streamGenerateContent",)
    key_header_name = "x-goog-api-key"
    sampling_field = "generationConfig"
    renamed: Mapping[str, str] = {
        "top_p": "topP",
        "top_k": "topK",
        "max_tokens": "maxOutputTokens",
    }
    reader = GeminiReader

    def ask(self, model: str, messages: Sequence[Message], body: JSONObject) -> Ask:
        """Return the request for `messages`; fields of `body` replace others."""
        named = model if "/" in model else f"models/{model}"
        path = f"/v1beta/{quote(named)}:streamGenerateContent"
        sent = {**self.asked(messages), **self.gathered(body)}
        return Ask(path, sent, params={"alt": "sse"})

    def asked(self, messages: Sequence[Message]) -> dict[str, object]:
        """Return the messages; those of the system become ``systemInstruction``."""
        system, others = without_system(messages)
        given = {"systemInstruction": {"parts": [{"text": system}]}} if system else {}
        return {"contents": [_content(message) for message in others], **given}

    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an event has a key of a generation."""
        keys = {"candidates", "usageMetadata", "promptFeedback"}
        return not keys.isdisjoint(a_dict(parse(data)))


def _content(message: Message) -> dict[str, object]:
    if "parts" in message:
        return dict(message)
    role = "model" if message.get("role") == "assistant" else "user"
    content = message.get("content")
    if not isinstance(content, list):
        return {"role": role, "parts": [{"text": text_of(content)}]}
    texts = [a_text(a_dict(part).get("text")) for part in content]
    parts = [{"text": t} if t else part for t, part in zip(texts, content, strict=True)]
    return {"role": role, "parts": parts}
