"""What a definition is: a tool's name, its function, and the words about it.

The function takes what the tool would have seen of a stream and returns what it would
report; its docstring is the formula, in words.  Undefined is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import Literal

from streamlab.metrics.chunks import Seen

ClockStart = Literal["the call", "the send"]
"""Where a tool's clock starts: before there is a connection, or as the request goes out."""

Mean = Literal["pooled", "per request", "token-weighted"]
"""How a tool makes one mean of many requests."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one tool would report of one stream; times in ms from where its clock starts."""

    ttft_ms: float = nan
    gaps_ms: tuple[float, ...] | None = None  # the samples of its ITL; None if it keeps none
    itl_mean_ms: float = nan  # of a tool that keeps an average only
    tpot_ms: float = nan
    e2e_ms: float = nan
    tok_s: float = nan
    ttfo_ms: float = nan  # first output that is not reasoning
    ttst_ms: float = nan  # from the first token to the second
    ntpot_ms: float = nan  # end to end / tokens
    tok_s_user: float = nan
    n_tokens: float = nan
    tokens: str = "none"  # where `n_tokens` is from


@dataclass(frozen=True, slots=True)
class Definition:
    """How one tool defines its metrics.

    Attributes
    ----------
    tool : str
        Its name in tables.
    answer : callable
        `Seen` to `Answer`.
    source : str
        Where that is written: files of public repositories.
    differs : str
        Why its numbers are not ours.
    clock : str
        Where its clock starts.
    itl_mean, tpot_mean : str
        How it makes one mean of many requests.
    """

    tool: str
    answer: Callable[[Seen], Answer]
    source: str
    differs: str
    clock: ClockStart = "the call"
    itl_mean: Mean = "pooled"
    tpot_mean: Mean = "per request"

    @property
    def formula(self) -> str:
        """The formula in words, one line."""
        return " ".join((self.answer.__doc__ or "").split())


def gaps(times_ms: Sequence[float]) -> tuple[float, ...]:
    """Return the time from each moment to the next."""
    return tuple(after - before for before, after in pairwise(times_ms))


def first(times_ms: Sequence[float]) -> float:
    """Return the first moment, NaN of none."""
    return times_ms[0] if times_ms else nan


def last(times_ms: Sequence[float]) -> float:
    """Return the last moment, NaN of none."""
    return times_ms[-1] if times_ms else nan
