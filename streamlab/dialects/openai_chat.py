"""OpenAI's chat completions, and the many servers that send the same chunks.

OpenAI, Azure, vLLM, SGLang, llama.cpp, LM Studio, OpenRouter, DeepSeek, Qwen, Mistral, Groq,
xAI and many more differ in the place of the reasoning, in the moment of the usage and in the
way a stream fails; one reader reads them all.

A delta has ``n_tokens`` only where the server counted this very delta, see `counting`; None
also if two choices share a count, or if the count includes reasoning that was not sent.
"""

# Running counts are those of `continuous_usage_stats`, and llama.cpp's `timings_per_token`.

# Sources of the shapes: openai/openai-openapi, the servers' own sources and streams recorded in
# pydantic/pydantic-ai's cassettes and vercel/ai's fixtures.  A method that handles the quirk
# of one server names that server.

import re
from collections import defaultdict

from streamlab.dialects.calls import Calls
from streamlab.dialects.deltas import GENERATED, Delta, meta, text_delta, tool_call, unread
from streamlab.dialects.dialect import Dialect
from streamlab.dialects.failures import failure_of
from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, parse, text_in, whole

# What Azure, Perplexity and xAI report beside the choices, once or in every chunk.
CITED = ("prompt_filter_results", "citations", "search_results")

# The keys that a chunk may have beside the choices, other than the usage.
RARE = frozenset({"error", "errors", "base_resp", "timings", "time_info", "x_groq", *CITED})

# Parts of an answer that are no text.
MEDIA = frozenset({"images", "image", "audio", "video", "videos"})

# Keys that are read, or have no part of the answer.
_NAMES = (
    "role content refusal tool_calls function_call annotations reasoning reasoning_content "
    "reasoning_details channel name id index type object created model choices delta message "
    "text finish_reason stop_reason matched_stop native_finish_reason logprobs token_ids usage "
    "system_fingerprint service_tier provider obfuscation citations provider_specific_fields "
    "content_filter_results prompt_token_ids prompt_logprobs prefix error extra_content "
    "context reasoning_text reasoning_opaque thinking thinking_blocks copilot_annotations"
)
_KNOWN = frozenset(_NAMES.split())
# The reason behind a finish: of vLLM, SGLang and OpenRouter.
_DETAILS = ("stop_reason", "matched_stop", "native_finish_reason")
# Finish reasons that mean a failure: Mistral and OpenRouter, vLLM and SGLang, DeepSeek.
FAILURES = frozenset({"error", "abort", "insufficient_system_resource"})

_new = tuple.__new__  # makes the same object as `Delta(...)`, in half the time
_PROBE = "\x7f" * 9
_TEXT = r'"([^"\\\x00-\x1f]+)"'  # a string of JSON without an escape
_PART = 1 << 14  # characters
_MOST_TRIES = 20  # where every chunk has another number or padding, to look is in vain


class OpenAIChatReader(Reader):
    """Reads ``chat.completion.chunk`` objects, and legacy completions."""

    def __init__(self) -> None:
        super().__init__()
        self._climbs = True
        self._latest = -1  # the number of the choice that came last
        # The beginning of each choice's content, and the number of its characters.
        self._said = defaultdict[int, tuple[str, int]](lambda: ("", 0))
        self._calls = defaultdict[int, Calls](Calls)
        self._cited: dict[str, object] = {}
        self._reasoned = False
        self._alike: re.Pattern[str] | None = None  # see `_others_like`
        self._tries = _MOST_TRIES

    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one chunk adds."""
        out: list[Delta] = []
        if self._alike and type == "message" and (alike := self._alike.fullmatch(data)):
            self._tries, text, index = _MOST_TRIES, alike[1], self._latest
            self._say(text, index)
            out.append(_new(Delta, ("content", text, index, None, None, None, None, None)))
            self.counts.nothing(out)
            return out
        chunk = parse(data)
        if not isinstance(chunk, dict):
            return self._bare(type, data)
        choices = chunk.get("choices")
        for choice in [choices] if isinstance(choices, dict) else a_list(choices):
            if isinstance(choice, dict):
                self._choice(choice, out)
        # A long answer has thousands of chunks with choices only.  One look for the rare keys
        # saves the many look-ups in `_beside`.
        if type != "message" or not out or chunk.get("usage") or not RARE.isdisjoint(chunk):
            self._beside(type, chunk, out)
        else:
            self.counts.nothing(out)
            if self._tries > 0 and out[0].kind == "content" and len(data) < _PART:
                self._tries -= 1
                self._alike = _others_like(data, chunk, out)
        return out or self._nothing(type, chunk)

    def _nothing(self, type: str, chunk: JSONObject) -> list[Delta]:  # noqa: A002
        if "ping" in (type, chunk.get("type")):
            return [Delta("ping")]
        for choice in map(a_dict, a_list(chunk.get("choices"))):
            # Azure's asynchronous filter reports in choices that have no `delta`.
            if choice.get("content_filter_results"):
                index = whole(choice.get("index")) or 0
                return [Delta("annotation", "content_filter_results", index)]
            if found := unread(choice, _KNOWN, "choices[]."):
                return found
        named = "choices" in chunk or "type" in chunk or "object" in chunk
        return meta(type) if named else unread(chunk, _KNOWN, "") or meta(type)

    def _choice(self, choice: JSONObject, out: list[Delta]) -> None:
        number = choice.get("index")
        index = 0 if number == 0 else whole(number) or 0
        if index != self._latest:  # a finish may go back to choice 0
            self._climbs &= index > self._latest or bool(choice.get("finish_reason"))
            self._latest, self._alike = index, None
            self._open(index)
        start = len(out)
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._delta(delta, index, out)
        elif "text" in choice:  # a legacy completion
            out += text_delta("content", choice.get("text"), index)
        elif delta:
            out.append(Delta("unread", "choices[].delta"))
        if "message" in choice and not any(each.kind in GENERATED for each in out[start:]):
            self._message(choice, index, out)
        if choice.get("logprobs") or choice.get("token_ids"):
            self._count(choice, start, out)
        if choice.get("finish_reason") is not None or "error" in choice:
            self._end_choice(choice, index, out)

    def _delta(self, delta: JSONObject, index: int, out: list[Delta]) -> None:
        get = delta.get
        content = get("content")
        if content and len(delta) == 1 and isinstance(content, str):  # nearly every chunk
            self._content(content, index, out)
            return
        start = len(out)
        if get("role"):  # OpenRouter repeats the role in every chunk
            out += self._role(get("role"), index)
        # vLLM renamed `reasoning_content` to `reasoning` in 2026 (vllm-project/vllm#27755).
        thought = get("reasoning") or get("reasoning_content") or get("reasoning_text")
        thought = thought or get("thinking")
        # OpenRouter and LiteLLM send the same text twice.
        details = get("reasoning_details") or get("thinking_blocks")
        if thought or details:
            self._reasoning(thought, details, index, out)
        if isinstance(content, str):
            self._content(content, index, out)
        elif content:
            self._parts(content, index, out)
        out += text_delta("refusal", get("refusal"), index) + self._error(get("error"))
        calls = get("tool_calls")
        for call in map(a_dict, a_list(calls) or [calls]):
            self._call(call, call.get("function") or call.get("custom") or call, index, out)
        if get("function_call"):
            self._call({"index": 0}, get("function_call"), index, out)
        if get("annotations"):
            out.append(Delta("annotation", "annotations", index))
        # What a relay adds beside an answer is named, and is no loss.
        out += unread(delta, _KNOWN | MEDIA, "" if len(out) > start else "delta.")
        out += unread(delta, delta.keys() - MEDIA, "delta.")

    def _content(self, content: str, index: int, out: list[Delta]) -> None:
        if content:
            out.append(Delta("content", content, index))
            self._say(content, index)

    def _say(self, content: str, index: int) -> None:
        # A repetition is seen by its beginning: all of a long answer would be kept twice.
        begin, n_chars = self._said[index]
        self._said[index] = begin + content[: _PART - len(begin)], n_chars + len(content)

    def _message(self, choice: JSONObject, index: int, out: list[Delta]) -> None:
        """Read a message in place of a delta: a piece, or the whole answer so far."""
        message = dict(a_dict(choice.get("message")))
        begin, n_before = self._said[index]
        content = a_text(message.get("content"))
        final = bool("delta" in choice or choice.get("finish_reason") or index in self._reasons)
        repeats = len(content) >= n_before and content.startswith(begin)
        if n_before and repeats and (final or len(content) > n_before):
            message["content"] = content[n_before:]
        elif n_before and "delta" in choice:
            message["content"] = ""
        came = {"tool_calls": index in self._calls, "reasoning": self._reasoned}
        for key in [key for key in message if final and came.get(key.partition("_content")[0])]:
            del message[key]
        self._delta(message, index, out)

    def _reasoning(
        self, thought: object, details: object, index: int, out: list[Delta]
    ) -> None:
        # The details are read for text only where there is no other reasoning.
        texts, signatures = [text_in(thought)], []
        for detail in map(a_dict, a_list(details)):
            if not texts[0]:
                texts.append(text_in(detail))
                self.summarised = self.summarised or bool(detail.get("summary"))
            signatures.append(a_text(detail.get("signature")) or a_text(detail.get("data")))
        self._reasoned = self._reasoned or any(texts)
        out += [Delta("reasoning", text, index) for text in texts if text]
        out += [Delta("signature", text, index) for text in signatures if text]

    def _parts(self, content: object, index: int, out: list[Delta]) -> None:
        # Mistral's and Databricks' content while the model thinks.
        for part in map(a_dict, content if isinstance(content, list) else [content]):
            kind = a_text(part.get("type"))
            if kind in ("thinking", "reasoning"):
                self.summarised = self.summarised or "summary" in part
                self._reasoning(text_in(part), None, index, out)
            elif isinstance(part.get("text"), str):
                self._content(a_text(part["text"]), index, out)
            elif kind in ("reference", "citation"):
                out.append(Delta("annotation", kind, index))
            else:
                name = f"content[].{kind or 'part'}" if part else "content that is no text"
                out.append(Delta("unread", name, index))

    def _call(self, call: JSONObject, function: object, index: int, out: list[Delta]) -> None:
        # The id of a later piece is missing or null, but Qwen sends `""`; `tool_call` makes
        # all of them None.  Mistral and Gemini's copy of this API send calls without an index.
        found, number = a_dict(function), whole(call.get("index"))
        given = found.get("arguments", found.get("input"))  # the input of a custom tool
        opening = call.get("id"), found.get("name")
        delta = tool_call(given, number, *opening, index)
        if delta.text or delta.id or delta.name:
            counted = self._calls[index].add(delta)
            out.append(delta if number is not None else delta._replace(index=counted))

    def _end_choice(self, choice: JSONObject, index: int, out: list[Delta]) -> None:
        reason = a_text(choice.get("finish_reason"))
        out += self._error(choice.get("error"))
        keys = (*_DETAILS, "content_filter_results") if "filter" in reason else _DETAILS
        value = {key: choice[key] for key in keys if choice.get(key) is not None}
        out += self._finish(reason, index, value) + self._used(choice.get("usage"))  # Moonshot
        self.failed = self.failed or reason in FAILURES

    def _beside(self, type: str, chunk: JSONObject, out: list[Delta]) -> None:  # noqa: A002
        for key in CITED:  # Perplexity repeats its citations in every chunk
            if chunk.get(key) and chunk[key] != self._cited.get(key):
                out.append(Delta("annotation", key))
                self._cited[key] = chunk[key]
        groq = a_dict(chunk.get("x_groq"))  # Groq's usage and errors may be in here
        failure = failure_of(chunk) or groq.get("error")
        if not failure and (type == "error" or chunk.get("object") == "error"):
            failure = chunk
        out += self._error(failure)
        usage = chunk.get("usage") or groq.get("usage")
        timings = chunk.get("timings") or chunk.get("time_info")  # llama.cpp, Cerebras
        self.timings = timings if isinstance(timings, dict) else self.timings
        if isinstance(usage, dict):
            self._count_all(usage, "completion_tokens", out)
            out += self._used(usage)
        elif isinstance(timings, dict):  # llama.cpp's only counts without `include_usage`
            self._count_all(timings, "predicted_n", out)
        else:
            self.counts.nothing(out)

    def _count_all(self, found: JSONObject, key: str, out: list[Delta]) -> None:
        details = a_dict(found.get("completion_tokens_details"))
        hidden = details.get("reasoning_tokens") or found.get("reasoning_tokens")
        # OpenAI counts reasoning tokens that it never sends, and with `n` one count covers all
        # choices.  In both cases a difference of counts is not the count of one delta.
        alone = len(self._choices) < 2 and (self._reasoned or not hidden)
        count = whole(found.get(key))
        if count is not None:
            self.counts.running(count, out, trusted=alone)

    def _count(self, choice: JSONObject, start: int, out: list[Delta]) -> None:
        logprobs = a_dict(choice.get("logprobs"))
        self.counts.listed(logprobs.get("refusal"), out, start)
        self.counts.listed(logprobs.get("content"), out, start)
        self.counts.listed(choice.get("token_ids"), out, start)


def _others_like(data: str, chunk: JSONObject, out: list[Delta]) -> re.Pattern[str] | None:
    # The chunks of most streams are one text around the content: to match that text is three
    # times as fast as to read it.  A probe shows where the content is: another text in its
    # place must change the content and nothing else.
    choices = a_list(chunk.get("choices"))
    choice = a_dict(choices[0] if choices else None)
    delta = a_dict(choice.get("delta"))
    before, found, after = data.rpartition(f'"{out[0].text}"')
    alone = len(choices) == len(out) == 1 and out[0].n_tokens is None
    if not alone or not found or choice.get("finish_reason") or "content" not in delta:
        return None
    delta["content"] = _PROBE
    if parse(f'{before}"{_PROBE}"{after}') != chunk:
        return None
    return re.compile(f"{re.escape(before)}{_TEXT}{re.escape(after)}")


class OpenAIChat(Dialect):
    """OpenAI's chat completions API, of OpenAI and many others."""

    name = "openai_chat"
    base_url = "https://api.openai.com/v1"
    key_variables = ("OPENAI_API_KEY",)
    base_url_variable = "OPENAI_BASE_URL"
    paths = ("/chat/completions",)
    reader: type[Reader] = OpenAIChatReader

    # ``stream_options={"include_usage": True}`` is not the default of a request, because it
    # adds an event to the stream.

    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an event has the shape of a chunk."""
        chunk = a_dict(parse(data))
        is_chunk = a_text(chunk.get("object")) == "chat.completion.chunk"
        is_legacy = chunk.get("object") == "text_completion"
        return is_chunk or (isinstance(chunk.get("choices"), list) and not is_legacy)
