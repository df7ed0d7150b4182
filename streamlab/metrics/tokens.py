"""How many tokens, and how fast: only if the server reports tokens.

N is the server's own count of generated tokens, with reasoning if the server includes it.
This module tokenises nothing and never counts a chunk as a token: without a report, N is
NaN, and so is every metric that divides by N.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import nan

from streamlab.metrics.latency import decode_ms, e2e_content_ms, e2e_eof_ms, ttft_ms
from streamlab.metrics.tables import Tables

# The keys are tried in order, whatever the dialect: a server can speak one provider's format
# and report its usage in the keys of another.
COMPLETION = (
    ("completion_tokens",),  # OpenAI chat and the servers that copy it
    ("output_tokens",),  # OpenAI responses, Anthropic
    ("tokens", "output_tokens"),  # Cohere
    ("total_output_tokens",),  # LM Studio
    ("eval_count",),  # Ollama
    ("predicted_n",),  # llama.cpp's timings
)
PROMPT = (
    ("prompt_tokens",),
    ("input_tokens",),
    ("tokens", "input_tokens"),
    ("promptTokenCount",),  # Gemini
    ("prompt_eval_count",),
    ("prompt_n",),
)
"""The keys of the counts in usage objects; the first key that is present is used."""


def n_source(tables: Tables) -> str:
    """Source of N: ``usage``, ``deltas`` (each chunk reports its own tokens), or ``none``."""
    return _counted(tables)[1]


def n_tokens(tables: Tables) -> float:
    """N: tokens generated, as the server reports them."""
    return _counted(tables)[0]


def n_prompt_tokens(tables: Tables) -> float:
    """Tokens of the prompt, as the server reports them."""
    return _find(tables.answer.usage, PROMPT)


def n_mismatch(tables: Tables) -> float:
    """Usage's count − sum of the chunks' own counts; NaN unless both are reported."""
    return _usage_tokens(tables) - _chunk_tokens(tables)


def itl_mean_ms(tables: Tables) -> float:
    """Mean inter-token latency: (last chunk − first chunk) / (N − 1)."""
    return ratio(decode_ms(tables), n_tokens(tables) - 1)


def tpot_ms(tables: Tables) -> float:
    """Time per output token after the first chunk: (last − first chunk) / (N − n₁).

    n₁, the tokens of the first chunk, must be reported; if not, see `itl_mean_ms`, which takes
    1 for n₁, as most tools do.
    """
    first_tokens = tables.chunks["n_tokens"].head(1).dropna()
    n_first = float(first_tokens.iloc[0]) if len(first_tokens) else nan
    return ratio(decode_ms(tables), n_tokens(tables) - n_first)


def ntpot_ms(tables: Tables) -> float:
    """Normalised time per output token: end of body / N (inference-perf)."""
    return ratio(e2e_eof_ms(tables), n_tokens(tables))


def tok_s_e2e(tables: Tables) -> float:
    """Tokens per second of the whole request: N / (last chunk − t0)."""
    return ratio(1e3 * n_tokens(tables), e2e_content_ms(tables))


def tok_s_user(tables: Tables) -> float:
    """Tokens per second as a reader sees them: 1 / mean inter-token latency."""
    return ratio(1e3, itl_mean_ms(tables))


def prefill_tok_s(tables: Tables) -> float:
    """Prompt tokens per second until the first chunk: prompt tokens / ttft."""
    return ratio(1e3 * n_prompt_tokens(tables), ttft_ms(tables))


def tokens_per_chunk(tables: Tables) -> float:
    """Tokens a chunk: N / number of chunks."""
    return ratio(n_tokens(tables), float(len(tables.chunks)))


def ratio(numerator: float, denominator: float) -> float:
    """Return a quotient; NaN unless the denominator is positive."""
    # If all chunks come in one read, no time between them was observed.  Then the rate is
    # unknown, and not infinite.
    return numerator / denominator if denominator > 0 else nan


def _counted(tables: Tables) -> tuple[float, str]:
    for count, source in ((_usage_tokens(tables), "usage"), (_chunk_tokens(tables), "deltas")):
        if count == count:
            return count, source
    return nan, "none"


def _usage_tokens(tables: Tables) -> float:
    # Gemini reports its thoughts beside the answer's tokens, so both are added.  All other
    # servers include the reasoning in one count.
    usage = tables.answer.usage
    if usage and "candidatesTokenCount" in usage:
        thoughts = _find(usage, (("thoughtsTokenCount",),))
        return _find(usage, (("candidatesTokenCount",),)) + (thoughts if thoughts > 0 else 0)
    return _find(usage, COMPLETION)


def _chunk_tokens(tables: Tables) -> float:
    # One chunk without a count would make the sum too small, so then there is no sum.
    counts = tables.chunks["n_tokens"]
    return float(counts.sum()) if len(counts) and counts.notna().all() else nan


def _find(usage: Mapping[str, object] | None, paths: tuple[tuple[str, ...], ...]) -> float:
    for path in paths:
        found: object = usage
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, int) and not isinstance(found, bool):
            return float(found)
    return nan
