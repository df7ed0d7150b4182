"""How many tokens a server reported, whatever it calls them.

Every provider has its own keys.  One row a provider; nothing is estimated: what
was not reported is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from streamlab.dialects.reading import a_dict, whole


class Tokens(NamedTuple):
    """What a usage object counts.

    `output` includes reasoning that the server counts as output; `source` is the key
    that `output` was read from (two, joined by ``+``, where they must be added).
    """

    prompt: int | None = None
    output: int | None = None
    reasoning: int | None = None
    source: str | None = None


class _Keys(NamedTuple):
    prompt: str
    output: str
    reasoning: str = ""
    also: str = ""  # a second key, to be added to the output where it is there


_PROVIDERS = (
    _Keys("prompt_tokens", "completion_tokens", "completion_tokens_details.reasoning_tokens"),
    _Keys("input_tokens", "total_output_tokens", "reasoning_output_tokens"),  # LM Studio
    _Keys("input_tokens", "output_tokens", "output_tokens_details.reasoning_tokens"),
    _Keys("tokens.input_tokens", "tokens.output_tokens"),  # Cohere
    _Keys(
        "promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "thoughtsTokenCount"
    ),
    _Keys("promptTokenCount", "thoughtsTokenCount", "thoughtsTokenCount"),
    _Keys("prompt_eval_count", "eval_count"),  # Ollama
    _Keys("prompt_n", "predicted_n"),  # llama.cpp's timings
)


def tokens(usage: Mapping[str, Any] | None) -> Tokens:
    """Return what a usage object counts; all None where it counts nothing known."""
    found = dict(usage or {})
    for keys in _PROVIDERS:
        output, also = _at(found, keys.output), _at(found, keys.also)
        if output is None:
            continue
        reasoning = _at(found, keys.reasoning)
        if reasoning is None:
            reasoning = _at(found, "reasoning_tokens")  # SGLang has it beside the others
        source = keys.output if also is None else f"{keys.output}+{keys.also}"
        return Tokens(_at(found, keys.prompt), output + (also or 0), reasoning, source)
    return Tokens()


def _at(found: Mapping[str, Any], path: str) -> int | None:
    outer, _, inner = path.rpartition(".")
    return whole((a_dict(found.get(outer)) if outer else found).get(inner))
