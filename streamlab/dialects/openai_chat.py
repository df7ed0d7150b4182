"""OpenAI's chat completions, and the many servers that send the same chunks.

OpenAI, Azure, vLLM, SGLang, llama.cpp, LM Studio, OpenRouter, DeepSeek, Qwen, Mistral, Groq,
xAI and many more differ in the place of the reasoning, in the moment of the usage and in the
way a stream fails; one reader reads them all.

A delta has ``n_tokens`` only where the server counted this very delta: by the logprobs or token
ids of its choice, or by the difference of two running counts (``continuous_usage_stats``,
llama.cpp's ``timings_per_token``).  ``n_tokens`` stays None if an event has two generated
deltas, if generated text came since the last count, if two choices share a count, or if the
count includes reasoning that was not sent.
"""

# Sources of the shapes: openai/openai-openapi, the servers' own sources and streams recorded in
# pydantic/pydantic-ai's cassettes and vercel/ai's fixtures.  A method that handles the quirk
# of one server names that server.

from __future__ import annotations

from collections.abc import Sequence

from streamlab.dialects.deltas import Delta, meta, text_delta, tool_call, usage_delta
from streamlab.dialects.dialect import Ask, Dialect, Message
from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, parse, whole

RARE = frozenset({"error", "timings", "x_groq", "prompt_filter_results"})
"""The keys that a chunk may have beside the choices, other than the usage."""

FAILURES = frozenset({"error", "abort", "insufficient_system_resource"})
"""Finish reasons that mean a failure: Mistral and OpenRouter, vLLM and SGLang, DeepSeek."""


class OpenAIChatReader(Reader):
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
        # A long answer has thousands of chunks with choices only.  One look for the rare keys
        # saves the many look-ups in `_beside`.
        if type != "message" or not out or chunk.get("usage") or not RARE.isdisjoint(chunk):
            self._beside(type, chunk, out)
        else:
            self.counts.nothing(out)
        return out or self._nothing(type, chunk)

    def _nothing(self, type: str, chunk: JSONObject) -> list[Delta]:  # noqa: A002
        """Return the delta of a chunk that adds nothing."""
        if "ping" in (type, chunk.get("type")):
            return [Delta("ping")]
        for choice in map(a_dict, a_list(chunk.get("choices"))):
            # Azure's asynchronous filter reports in choices that have no `delta`.
            if choice.get("content_filter_results"):
                index = whole(choice.get("index")) or 0
                return [Delta("annotation", "content_filter_results", index)]
        return meta(type)

    def _choice(self, choice: JSONObject, out: list[Delta]) -> None:
        number = choice.get("index")
        index = 0 if number == 0 else whole(number) or 0
        self._open(index)
        start = len(out)
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._delta(delta, index, out)
        else:  # a legacy completion
            out += text_delta("content", choice.get("text"), index)
        if choice.get("logprobs") or choice.get("token_ids"):
            self._count(choice, start, out)
        if choice.get("finish_reason") is not None or "error" in choice:
            self._end_choice(choice, index, out)

    def _delta(self, delta: JSONObject, index: int, out: list[Delta]) -> None:
        get = delta.get
        content = get("content")
        if content and len(delta) == 1 and isinstance(content, str):  # nearly every chunk
            out.append(Delta("content", content, index))
            return
        if get("role"):  # OpenRouter repeats the role in every chunk
            out += self._role(get("role"), index)
        # vLLM renamed `reasoning_content` to `reasoning` in 2026 (vllm-project/vllm#27755).
        thought = get("reasoning") or get("reasoning_content")
        if thought or get("reasoning_details"):
            self._reasoning(thought, get("reasoning_details"), index, out)
        if isinstance(content, str):
            out += text_delta("content", content, index)
        elif content:
            self._parts(content, index, out)
        out += text_delta("refusal", get("refusal"), index)
        if get("tool_calls"):
            self._tools(get("tool_calls"), index, out)
        if get("function_call"):
            self._function(a_dict(get("function_call")), index, 0, "", out)
        if get("annotations"):
            out.append(Delta("annotation", "annotations", index))

    def _reasoning(
        self, thought: object, details: object, index: int, out: list[Delta]
    ) -> None:
        # OpenRouter sends the same text twice: as `reasoning` and in `reasoning_details`.  The
        # details are read for text only where `reasoning` is empty.
        texts, signatures = [a_text(thought)], []
        for detail in map(a_dict, a_list(details)):
            if not texts[0]:
                texts.append(a_text(detail.get("text")) or a_text(detail.get("summary")))
            signatures.append(a_text(detail.get("signature")) or a_text(detail.get("data")))
        self._reasoned = self._reasoned or any(texts)
        out += [Delta("reasoning", text, index) for text in texts if text]
        out += [Delta("signature", text, index) for text in signatures if text]

    def _parts(self, content: object, index: int, out: list[Delta]) -> None:
        """Read Mistral's content: a list of parts while the model thinks, later a string."""
        for part in map(a_dict, a_list(content)):
            if part.get("type") == "thinking":
                thinking = part.get("thinking")
                texts = [a_dict(piece).get("text") for piece in a_list(thinking)] or [thinking]
                for text in texts:
                    self._reasoning(text, None, index, out)
            else:
                text = text_delta("content", part.get("text"), index)
                out += text or text_delta("annotation", part.get("type"), index)

    def _tools(self, calls: object, index: int, out: list[Delta]) -> None:
        for call in map(a_dict, a_list(calls)):
            call_id, known = a_text(call.get("id")), self._calls.setdefault(index, [])
            number = whole(call.get("index"))
            if number is None:
                # Mistral sends calls without an index.  A new id is a new call; a piece without
                # an id belongs to the last call.
                number = known.index(call_id) if call_id in known else len(known)
                number = number if call_id else max(number - 1, 0)
            if call_id and call_id not in known:
                known.append(call_id)
            self._function(a_dict(call.get("function")), index, number, call_id, out)

    def _function(
        self, function: JSONObject, index: int, number: int, call_id: str, out: list[Delta]
    ) -> None:
        # The id of a later piece is missing or null, but Qwen sends `""`; `tool_call` makes
        # all of them None.
        given = function.get("arguments")
        delta = tool_call(given, number, call_id, function.get("name"), index)
        if delta.text or delta.id or delta.name:
            out.append(delta)

    def _end_choice(self, choice: JSONObject, index: int, out: list[Delta]) -> None:
        reason = a_text(choice.get("finish_reason"))
        out += self._error(choice.get("error"))
        out += self._finish(reason, index)
        self.failed = self.failed or reason in FAILURES

    def _beside(self, type: str, chunk: JSONObject, out: list[Delta]) -> None:  # noqa: A002
        """Read the keys beside the choices: annotation, error, usage."""
        if chunk.get("prompt_filter_results"):
            out.append(Delta("annotation", "prompt_filter_results"))
        groq = a_dict(chunk.get("x_groq"))  # Groq's usage and errors may be in here
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
        elif isinstance(timings, dict):  # llama.cpp's only counts without `include_usage`
            self.timings = timings
            self._usage(timings, "predicted_n", "timings", out)
        else:
            self.counts.nothing(out)

    def _usage(self, found: JSONObject, key: str, source: str, out: list[Delta]) -> None:
        details = a_dict(found.get("completion_tokens_details"))
        hidden = details.get("reasoning_tokens") or found.get("reasoning_tokens")
        # OpenAI counts reasoning tokens that it never sends, and with `n` one count covers all
        # choices.  In both cases a difference of counts is not the count of one delta.
        alone = len(self._choices) < 2 and (self._reasoned or not hidden)
        count = whole(found.get(key))
        if count is not None:
            self.counts.running(count, source, out, trusted=alone)
        out += usage_delta(found)

    def _count(self, choice: JSONObject, start: int, out: list[Delta]) -> None:
        """Count the tokens where the server lists them."""
        logprobs = a_dict(choice.get("logprobs"))
        self.counts.listed(logprobs.get("refusal"), "logprobs", out, start)
        self.counts.listed(logprobs.get("content"), "logprobs", out, start)
        self.counts.listed(choice.get("token_ids"), "token_ids", out, start)


class OpenAIChat(Dialect):
    """OpenAI's chat completions API, of OpenAI and many others."""

    name = "openai_chat"
    base_url = "https://api.openai.com/v1"
    key_variables = ("OPENAI_API_KEY",)
    base_url_variable = "OPENAI_BASE_URL"
    paths = ("/completions",)
    reader = OpenAIChatReader

    def ask(self, model: str, messages: Sequence[Message], body: JSONObject) -> Ask:
        """Return the request for `messages`; fields of `body` replace others.

        Pass ``stream_options={"include_usage": True}`` to get the usage.  It is not the
        default, because it adds an event to the stream.
        """
        asked = {"model": model, "messages": [dict(m) for m in messages], "stream": True}
        return Ask("/chat/completions", {**asked, **body})

    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an event has the shape of a chunk."""
        chunk = a_dict(parse(data))
        named = a_text(chunk.get("object")) in ("chat.completion.chunk", "text_completion")
        return named or isinstance(chunk.get("choices"), list)
