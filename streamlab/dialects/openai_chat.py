"""OpenAI's chat completions, and everybody who speaks them with an accent.

OpenAI, Azure, vLLM, SGLang, llama.cpp, LM Studio, OpenRouter, DeepSeek, Qwen,
Mistral, Groq, xAI and many more send these chunks.  They differ in where the reasoning
stands, when the usage comes and how a stream fails; one reader takes them all.

``n_tokens`` is given to a delta only where the server counted this very delta:
by the logprobs or token ids of its choice, or by the difference of two running counts
(``continuous_usage_stats``, llama.cpp's ``timings_per_token``).  It stays undefined
where an event holds two generated deltas, where generated text came since the
last count, where two choices share one count, and where the count includes
reasoning that was not sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamlab.dialects.base import Ask, Delta, Message
from streamlab.dialects.provider import Provider
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

RARE = frozenset({"error", "timings", "x_groq", "prompt_filter_results"})
"""What may stand beside the choices, besides the usage."""

FAILURES = frozenset({"error", "abort", "insufficient_system_resource"})
"""Finish reasons that name a failure: Mistral and OpenRouter, vLLM and SGLang, DeepSeek."""


class OpenAIChatReader(BaseReader):
    """Reads ``chat.completion.chunk`` objects, and legacy completions."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, list[str]] = {}  # the ids of each choice's calls, in order
        self._reasoned = False

    def feed(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one chunk adds."""
        chunk = parse(data)
        if not isinstance(chunk, dict):
            return self._bare(type, data)
        out: list[Delta] = []
        choices = chunk.get("choices")
        if isinstance(choices, list):
            for choice in choices:
                if isinstance(choice, dict):
                    self._choice(choice, out)
        if type != "message" or not out or chunk.get("usage") or not RARE.isdisjoint(chunk):
            self._beside(type, chunk, out)
        else:
            self.counts.nothing(out)
        return out or self._nothing(type, chunk)

    def _nothing(self, type: str, chunk: dict[str, Any]) -> list[Delta]:  # noqa: A002
        """Name what has no delta: a ping, or what Azure's asynchronous filter found."""
        if "ping" in (type, chunk.get("type")):
            return [Delta("ping")]
        for choice in map(a_dict, a_list(chunk.get("choices"))):
            if choice.get("content_filter_results"):
                index = whole(choice.get("index")) or 0
                return [Delta("annotation", "content_filter_results", index)]
        return meta(type)

    def _choice(self, choice: dict[str, Any], out: list[Delta]) -> None:
        index = choice.get("index")
        index = 0 if index == 0 else whole(index) or 0
        self._open(index)
        start = len(out)
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._delta(delta, index, out)
        elif a_text(choice.get("text")):
            out.append(Delta("content", choice["text"], index))
        if choice.get("logprobs") or choice.get("token_ids"):
            self._count(choice, start, out)
        if choice.get("finish_reason") is not None or "error" in choice:
            self._end_choice(choice, index, out)

    def _delta(self, delta: dict[str, Any], index: int, out: list[Delta]) -> None:
        get = delta.get
        content = get("content")
        if content and len(delta) == 1 and isinstance(content, str):  # nearly every chunk
            out.append(Delta("content", content, index))
            return
        if get("role"):
            out += self._role(get("role"), index)
        thought = get("reasoning") or get("reasoning_content")
        if thought or get("reasoning_details"):
            self._reasoning(thought, get("reasoning_details"), index, out)
        if isinstance(content, str) and content:
            out.append(Delta("content", content, index))
        elif content:
            self._parts(content, index, out)
        refusal = get("refusal")
        if refusal and isinstance(refusal, str):
            out.append(Delta("refusal", refusal, index))
        if get("tool_calls"):
            self._tools(get("tool_calls"), index, out)
        if get("function_call"):
            self._function(a_dict(get("function_call")), index, 0, "", out)
        if get("annotations"):
            out.append(Delta("annotation", "annotations", index))

    def _reasoning(self, thought: Any, details: Any, index: int, out: list[Delta]) -> None:
        """OpenRouter sends the same text as reasoning and in its details: take one."""
        texts, signatures = [a_text(thought)], []
        for detail in map(a_dict, a_list(details)):
            if not texts[0]:
                texts.append(a_text(detail.get("text")) or a_text(detail.get("summary")))
            signatures.append(a_text(detail.get("signature")) or a_text(detail.get("data")))
        self._reasoned = self._reasoned or any(texts)
        out += [Delta("reasoning", text, index) for text in texts if text]
        out += [Delta("signature", text, index) for text in signatures if text]

    def _parts(self, content: Any, index: int, out: list[Delta]) -> None:
        """Mistral: a list of parts while it thinks, a string afterwards."""
        for part in map(a_dict, a_list(content)):
            if part.get("type") == "thinking":
                thinking = part.get("thinking")
                texts = [a_dict(piece).get("text") for piece in a_list(thinking)] or [thinking]
                for text in texts:
                    self._reasoning(text, None, index, out)
            elif a_text(part.get("text")):
                out.append(Delta("content", part["text"], index))
            elif a_text(part.get("type")):
                out.append(Delta("annotation", part["type"], index))

    def _tools(self, calls: Any, index: int, out: list[Delta]) -> None:
        for call in map(a_dict, a_list(calls)):
            call_id, known = a_text(call.get("id")), self._calls.setdefault(index, [])
            number = whole(call.get("index"))
            if number is None:  # Mistral: a new id is a new call, no id goes on with the last
                number = known.index(call_id) if call_id in known else len(known)
                number = number if call_id else max(number - 1, 0)
            if call_id and call_id not in known:
                known.append(call_id)
            self._function(a_dict(call.get("function")), index, number, call_id, out)

    def _function(
        self, function: dict[str, Any], index: int, number: int, call_id: str, out: list[Delta]
    ) -> None:
        """Qwen sends ``""`` as the id of all later pieces, others null or nothing."""
        name, text = a_text(function.get("name")), arguments(function.get("arguments"))
        if call_id or name or text:
            opening = (call_id or None, name or None)
            out.append(Delta("tool_call", text, index, None, number, *opening))

    def _end_choice(self, choice: dict[str, Any], index: int, out: list[Delta]) -> None:
        reason = a_text(choice.get("finish_reason"))
        out += self._error(choice.get("error"))
        out += self._finish(reason, index)
        self.failed = self.failed or reason in FAILURES

    def _beside(self, type: str, chunk: dict[str, Any], out: list[Delta]) -> None:  # noqa: A002
        """Add what stands beside the choices: annotation, error, usage."""
        if chunk.get("prompt_filter_results"):
            out.append(Delta("annotation", "prompt_filter_results"))
        groq = a_dict(chunk.get("x_groq"))
        failure = chunk.get("error") or groq.get("error")
        if not failure and (type == "error" or chunk.get("object") == "error"):
            failure = chunk
        if failure:
            out += self._error(failure)
        usage = chunk.get("usage") or groq.get("usage")
        timings = chunk.get("timings")
        if isinstance(usage, dict):
            self.timings = timings if isinstance(timings, dict) else self.timings
            self._usage(usage, "completion_tokens", "usage", out)
        elif isinstance(timings, dict):  # llama.cpp without include_usage counts in here only
            self.timings = timings
            self._usage(timings, "predicted_n", "timings", out)
        else:
            self.counts.nothing(out)

    def _usage(self, found: dict[str, Any], key: str, source: str, out: list[Delta]) -> None:
        details = a_dict(found.get("completion_tokens_details"))
        hidden = details.get("reasoning_tokens") or found.get("reasoning_tokens")
        alone = len(self._choices) < 2 and (self._reasoned or not hidden)
        count = whole(found.get(key))
        if count is not None:
            self.counts.running(count, source, out, trusted=alone)
        out.append(Delta("usage", value=found))

    def _count(self, choice: dict[str, Any], start: int, out: list[Delta]) -> None:
        """Count where the server lists the tokens of this choice one by one."""
        logprobs = a_dict(choice.get("logprobs"))
        self.counts.listed(logprobs.get("refusal"), "logprobs", out, start)
        self.counts.listed(logprobs.get("content"), "logprobs", out, start)
        self.counts.listed(choice.get("token_ids"), "token_ids", out, start)


class OpenAIChat(Provider):
    """OpenAI's chat completions API, as OpenAI and many others offer it."""

    name = "openai_chat"
    base_url = "https://api.openai.com/v1"
    key_variables: tuple[str, ...] = ("OPENAI_API_KEY",)
    base_url_variable: str | None = "OPENAI_BASE_URL"

    def ask(self, model: str, messages: Sequence[Message], body: Mapping[str, Any]) -> Ask:
        """Return the request for `messages`; fields of `body` win.

        Usage is not asked for: ``stream_options={"include_usage": True}`` is the
        user's to add, for it adds an event to the stream.
        """
        asked = {"model": model, "messages": [dict(m) for m in messages], "stream": True}
        return Ask("/chat/completions", {**asked, **body})

    def reader(self) -> OpenAIChatReader:
        """Return a reader for one stream."""
        return OpenAIChatReader()

    def recognises(self, path: str, type: str, data: str) -> bool:  # noqa: A002
        """Say whether the path or the first chunk is that of a chat completion."""
        if path.rstrip("/").endswith("/completions"):
            return True
        chunk = a_dict(parse(data))
        named = a_text(chunk.get("object")) in ("chat.completion.chunk", "text_completion")
        return named or isinstance(chunk.get("choices"), list)
