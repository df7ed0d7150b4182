"""How many tokens, and how fast: only if the server reports tokens.

N is the server's own count of generated tokens, with reasoning if the server includes it.
This module tokenises nothing and never counts a chunk as a token: without a report, N is
NaN, and so is every metric that divides by N.
"""

from __future__ import annotations

from math import nan

from streamlab.dialects.usage import not_text
from streamlab.metrics.latency import decode_ms, e2e_content_ms, e2e_eof_ms, ttft_ms
from streamlab.metrics.tables import Tables

_NO_TEXT = 8  # tokens


def n_source(tables: Tables) -> str:
    """Source of N: ``usage``, ``deltas`` (each chunk reports its own tokens), or ``none``."""
    return _counted(tables)[1]


def n_tokens(tables: Tables) -> float:
    """N: tokens generated, as the server reports them."""
    return _counted(tables)[0]


def n_prompt_tokens(tables: Tables) -> float:
    """Tokens of the prompt, as the server reports them."""
    return _number(tables.answer.tokens.prompt)


def n_mismatch(tables: Tables) -> float:
    """Usage's count − sum of the chunks' own counts; NaN unless both are reported."""
    return _number(tables.answer.tokens.output) - _chunk_tokens(tables)


def itl_mean_ms(tables: Tables) -> float:
    """Mean inter-token latency: (last chunk − first chunk) / (N − 1).

    N is without reasoning tokens if no reasoning came, and without audio, pictures and rejected
    predictions: the chunks do not show when the server made them.  NaN if the reasoning is a
    summary, or hidden and not counted, so also if N is larger than the bytes of the text.
    """
    return ratio(decode_ms(tables), _seen_tokens(tables) - 1)


def tpot_ms(tables: Tables) -> float:
    """Time per output token after the first chunk: (last − first chunk) / (N − n₁).

    n₁, the tokens of the first chunk, must be reported; if not, see `itl_mean_ms`, which takes
    1 for n₁, as most tools do, and says which tokens N counts.
    """
    first_tokens = tables.chunks["n_tokens"].head(1).dropna()
    n_first = float(first_tokens.iloc[0]) if len(first_tokens) else nan
    return ratio(decode_ms(tables), _seen_tokens(tables) - n_first)


def ntpot_ms(tables: Tables) -> float:
    """Normalised time per output token: end of body / N (inference-perf)."""
    return ratio(e2e_eof_ms(tables), n_tokens(tables))


def tok_s_e2e(tables: Tables) -> float:
    """Tokens per second of the whole request: N / (last chunk − t0)."""
    return ratio(1e3 * n_tokens(tables), e2e_content_ms(tables))


def tok_s_user(tables: Tables) -> float:
    """Tokens per second as a reader sees them: 1 / `itl_mean_ms`; NaN if that is NaN.

    So only of tokens that were streamed: not of reasoning that the server kept to itself.
    """
    return ratio(1e3, itl_mean_ms(tables))


def prefill_tok_s(tables: Tables) -> float:
    """Prompt tokens per second until the first chunk: prompt tokens / ttft."""
    return ratio(1e3 * n_prompt_tokens(tables), ttft_ms(tables))


def tokens_per_chunk(tables: Tables) -> float:
    """Tokens a chunk: N / number of chunks; N as in `itl_mean_ms`."""
    return ratio(_seen_tokens(tables), float(len(tables.chunks)))


def ratio(numerator: float, denominator: float) -> float:
    """Return a quotient; NaN unless the denominator is positive."""
    # If all chunks come in one read, no time between them was observed.  Then the rate is
    # unknown, and not infinite.
    return numerator / denominator if denominator > 0 else nan


def _counted(tables: Tables) -> tuple[float, str]:
    count = _number(tables.answer.tokens.output)
    if count == count:
        return count, "usage"
    count = _chunk_tokens(tables)
    return count, "deltas" if count == count else "none"


def _seen_tokens(tables: Tables) -> float:
    """N without the tokens that were not streamed; NaN if their number is not known."""
    found, reader = tables.answer, tables.follower.reader
    count, source = _counted(tables)
    if source != "usage":
        return count
    count -= not_text(found.usage)
    hidden = found.tokens.reasoning
    if found.reasoning:  # a summary has other tokens than those that were counted
        return nan if reader is not None and reader.summarised else count
    if hidden is not None:
        return count - hidden
    kinds = tables.follower.deltas.kinds
    # A token that was streamed has a byte; a few more have none, such as the end of the text.
    sent = sum(len((each.text + each.refusal).encode()) + _NO_TEXT for each in found.choices)
    is_too_large = count > sent and "tool_call" not in kinds
    return nan if is_too_large or "signature" in kinds else count


def _chunk_tokens(tables: Tables) -> float:
    # One chunk without a count would make the sum too small, so then there is no sum.
    counts = tables.chunks["n_tokens"]
    return float(counts.sum()) if len(counts) and counts.notna().all() else nan


def _number(count: int | None) -> float:
    return nan if count is None else float(count)
