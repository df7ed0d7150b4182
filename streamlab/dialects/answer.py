"""The answer as a whole: what the deltas of a stream add up to.

The completeness rule, the same for all dialects: a stream is complete only if
the API's own terminal signal arrived (a finish reason, ``response.completed``,
``done:true``, ``chat.end``) and no error was seen.  ``[DONE]`` alone proves nothing,
for servers send it after errors; its absence proves nothing either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamlab.dialects.base import Delta, Reader
from streamlab.dialects.usage import Tokens, tokens

ToolCall = dict[str, Any]
"""``id`` and ``name`` (None where the API sends none), ``arguments`` as text."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to a request; without ``n`` there is one, number 0."""

    index: int
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a stream said.  Text, reasoning, refusal and tool calls are choice 0's.

    Attributes
    ----------
    text, reasoning, refusal : str
    tool_calls : list of dict
        ``{"id", "name", "arguments"}``; arguments are text, as they were streamed.
    finish_reason : str or None
        In the provider's own word.
    choices : tuple of Choice
        All of them, by index.
    usage : mapping or None
        As the server reported it last, in the provider's own keys.
    tokens : Tokens
        What `usage` (or, without one, `timings`) counts: prompt, output, reasoning, source.
    timings : mapping or None
        What the server says it took, where that is not part of `usage` (llama.cpp).
    error : mapping or None
        The first error object.
    terminator : str or None
        The API's own last word, such as ``[DONE]``.
    complete : bool or None
        None where the format has no terminal signal: nobody can say.
    token_source : str or None
        What the ``n_tokens`` of deltas were taken from, such as ``usage``.
    """

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str | None = None
    choices: tuple[Choice, ...] = ()
    usage: Mapping[str, Any] | None = None
    timings: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    terminator: str | None = None
    complete: bool | None = False
    token_source: str | None = None

    @property
    def tokens(self) -> Tokens:
        """What the server counted; None where it did not."""
        return tokens(self.usage or self.timings)


def answer(deltas: Iterable[Delta], reader: Reader | None) -> Answer:
    """Fold the deltas of a stream into its answer.

    Parameters
    ----------
    deltas : iterable of Delta
        All of one stream, in order.
    reader : Reader or None
        The one that read them, for its verdict; None for a stream without any event.
    """
    folds: dict[int, _Fold] = {}
    usage: Mapping[str, Any] | None = None
    failure: Mapping[str, Any] | None = None
    for delta in deltas:
        if delta.kind == "usage":
            usage = delta.value
        elif delta.kind == "error":
            failure = failure or delta.value
        elif delta.kind in _FOLDED:
            folds.setdefault(delta.choice or 0, _Fold()).add(delta)
    choices = tuple(folds[index].choice(index) for index in sorted(folds))
    first = choices[0] if choices and choices[0].index == 0 else Choice(0)
    return Answer(
        text=first.text,
        reasoning=first.reasoning,
        refusal=first.refusal,
        tool_calls=list(first.tool_calls),
        finish_reason=first.finish_reason,
        choices=choices,
        usage=usage,
        error=failure,
        **_verdict(reader),
    )


_FOLDED = frozenset({"role", "content", "reasoning", "refusal", "tool_call", "finish"})


class _Fold:
    """What has been added up for one choice so far."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {"content": [], "reasoning": [], "refusal": []}
        self.calls: dict[int | None, list[ToolCall]] = {}
        self.reason: str | None = None

    def add(self, delta: Delta) -> None:
        if delta.kind == "finish":
            self.reason = delta.text
        elif delta.kind == "tool_call":
            self.call(delta)
        elif delta.kind in self.texts:
            self.texts[delta.kind].append(delta.text)

    def call(self, delta: Delta) -> None:
        """Go on with a call, or open one: some servers number all their calls 0."""
        calls = self.calls.setdefault(delta.index, [])
        if not calls or (delta.id and calls[-1]["id"] not in (None, delta.id)):
            calls.append({"id": None, "name": None, "arguments": ""})
        call = calls[-1]
        call["id"] = call["id"] or delta.id
        call["name"] = call["name"] or delta.name
        call["arguments"] += delta.text

    def choice(self, index: int) -> Choice:
        content, reasoning, refusal = map("".join, self.texts.values())
        calls = tuple(call for same in self.calls.values() for call in same)
        return Choice(index, content, reasoning, refusal, calls, self.reason)


def _verdict(reader: Reader | None) -> dict[str, Any]:
    """Read off a reader what deltas do not say."""
    if reader is None:
        return {}
    decides = getattr(reader, "decides", True) or reader.failed
    return {
        "terminator": reader.terminator,
        "complete": reader.finished and not reader.failed if decides else None,
        "timings": getattr(reader, "timings", None),
        "token_source": getattr(getattr(reader, "counts", None), "source", None),
    }
