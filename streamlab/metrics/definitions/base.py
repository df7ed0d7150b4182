"""A definition: a tool's name, its function, and an explanation in words.

The function takes the part of a stream that the tool sees, and returns the figures that the
tool would print; its docstring is the formula.  Undefined is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import nan
from typing import Literal

from streamlab.metrics.chunks import Seen
from streamlab.metrics.latency import first as first
from streamlab.metrics.latency import last as last
from streamlab.metrics.tokens import ratio

# When a tool starts its clock: before it has a connection, or when it sends the request.
Start = Literal["the call", "the send"]
# How a tool makes one mean of many requests.
Mean = Literal["pooled", "per request", "token-weighted"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one tool prints of one stream; times in ms since the tool starts its clock."""

    ttft_ms: float = nan
    gaps_ms: tuple[float, ...] | None = None  # the samples of its ITL; None if it keeps none
    itl_mean_ms: float = nan  # if a tool keeps an average only
    tpot_ms: float = nan
    e2e_ms: float = nan
    tok_s: float = nan
    ttfo_ms: float = nan  # first output that is not reasoning
    ttst_ms: float = nan  # from the first token to the second
    ntpot_ms: float = nan  # end to end / tokens
    tok_s_user: float = nan
    n_tokens: float = nan
    tokens: str = "none"  # the source of `n_tokens`

    def counted(self, n_tokens: float, tokens: str) -> Figures:
        """Return the figures with N, its source, and the tokens/s of most tools: N / E2E."""
        tok_s = ratio(1e3 * n_tokens, self.e2e_ms)
        return replace(self, n_tokens=n_tokens, tokens=tokens, tok_s=tok_s)


@dataclass(frozen=True, slots=True)
class Definition:
    """How one tool defines its metrics."""

    tool: str  # its name in tables
    figures: Callable[[Seen], Figures]  # with the formula as its docstring
    source: str  # the public files with the tool's own code
    differs: str  # why its numbers are not ours
    clock: Start = "the call"
    itl_mean: Mean = "pooled"
    tpot_mean: Mean = "per request"

    @property
    def formula(self) -> str:
        """The formula in words, one line."""
        return " ".join((self.figures.__doc__ or "").split())


def per_chunk(
    seen: Seen, times_ms: Sequence[float], end_ms: float, counted: tuple[float, str]
) -> Figures:
    """Return the figures of tools that keep the time of each chunk.

    TTFT: the first of `times_ms`.  ITL: from each to the next.  E2E: `end_ms`.
    TPOT: (E2E − TTFT) / (N − 1).  `counted`: N and its source.
    """
    ttft_ms, e2e_ms = first(times_ms) - seen.called_ms, end_ms - seen.called_ms
    tpot_ms = ratio(e2e_ms - ttft_ms, counted[0] - 1)
    figures = Figures(ttft_ms=ttft_ms, gaps_ms=gaps(times_ms), tpot_ms=tpot_ms, e2e_ms=e2e_ms)
    return figures.counted(*counted)


def unstreamed(seen: Seen) -> Figures:
    """Return the figures of an answer that is not a stream: TTFT is E2E."""
    whole_ms = seen.eof_ms - seen.called_ms
    return Figures(ttft_ms=whole_ms, e2e_ms=whole_ms)


def gaps(times_ms: Sequence[float]) -> tuple[float, ...]:
    """Return the time from each chunk to the next, as tools compute it."""
    # This is not `metrics.arrivals.gaps`: tools have a gap of 0 between two chunks of one read,
    # and we have no gap.  The lens shows this difference.
    return tuple(after - before for before, after in pairwise(times_ms))
