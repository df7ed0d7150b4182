"""The whole answer: the sum of the deltas of a stream.

The rule for ``complete`` is the same for all dialects: a stream is complete only if the API's
own terminal signal arrived (a finish reason, ``response.completed``, ``done:true``,
``chat.end``) and no error was seen.
"""

# `[DONE]` is not a terminal signal: vLLM and old llama.cpp servers send it after an error, and
# Gemini, Anthropic and OpenAI's Responses API never send it.

from collections.abc import Iterable
from dataclasses import dataclass, field

from streamlab.dialects.calls import Calls, ToolCall
from streamlab.dialects.deltas import Delta
from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import JSONObject
from streamlab.dialects.usage import Tokens, tokens


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to a request; a request without ``n`` has one, number 0."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str | None = None  # as the provider reports it
    finish_detail: JSONObject | None = None  # such as ``{"reason": …}``


@dataclass(frozen=True, slots=True)
class Answer(Choice):
    """The answer of a stream.  Texts and tool calls are those of its first choice.

    Reports of the server (`finish_detail`, `usage`, `error`) have the provider's own keys.
    """

    choices: tuple[Choice, ...] = ()  # all, by index
    usage: JSONObject | None = None  # the last report
    timings: JSONObject | None = None  # where they are not part of `usage` (llama.cpp)
    error: JSONObject | None = None  # the first error object
    terminator: str | None = None  # the API's, such as ``[DONE]``
    complete: bool | None = False  # None if the format has no terminal signal

    @property
    def tokens(self) -> Tokens:
        """The token counts that the server reported, in `usage`, else in `timings`."""
        return tokens(self.usage or self.timings)


def answer(deltas: Iterable[Delta], reader: Reader | None) -> Answer:
    """Add up all deltas of a stream; `reader` made them, None for a stream without events."""
    folds: dict[int, _Fold] = {}
    one_answer = reader is not None and reader.is_one_answer
    usage: JSONObject | None = None
    failure: JSONObject | None = None
    for delta in deltas:
        if delta.kind == "usage":
            usage = delta.value
        elif delta.kind == "error":
            failure = failure or delta.value
        elif delta.kind in _FOLDED:
            choice = 0 if one_answer else delta.choice or 0
            folds.setdefault(choice, _Fold()).add(delta)
    choices = tuple(folds[index].choice(index) for index in sorted(folds))
    first = choices[0] if choices else Choice()
    return Answer(
        **{name: getattr(first, name) for name in Choice.__slots__},
        choices=choices,
        usage=usage,
        error=failure,
        terminator=reader.terminator if reader else None,
        complete=reader.complete if reader else False,
        timings=reader.timings if reader else None,
    )


_FOLDED = frozenset({"role", "content", "reasoning", "refusal", "tool_call", "finish"})


class _Fold:
    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {"content": [], "reasoning": [], "refusal": []}
        self.calls = Calls()
        self.reason: str | None = None
        self.detail: JSONObject | None = None

    def add(self, delta: Delta) -> None:
        if delta.kind == "finish":
            self.reason, self.detail = delta.text, delta.value
        elif delta.kind == "tool_call":
            self.calls.add(delta)
        elif delta.kind in self.texts:
            self.texts[delta.kind].append(delta.text)

    def choice(self, index: int) -> Choice:
        content, reasoning, refusal = map("".join, self.texts.values())
        calls = [*self.calls.all]
        return Choice(index, content, reasoning, refusal, calls, self.reason, self.detail)
