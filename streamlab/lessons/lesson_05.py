"""Lesson 05, the average lies: a mean that describes no gap, and every tool's own answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from streamlab.lessons.exercise import Exercise, expect_number, number
from streamlab.recording import Recording

# A gap is near the mean within this share of it.
NEAR = 0.2


def near_mean(gaps_ms: Sequence[float]) -> float:
    """Return how many of the gaps are within 20 % of their mean, in %."""
    gaps = np.asarray(gaps_ms, dtype=np.float64)
    return float(100 * (np.abs(gaps - gaps.mean()) <= NEAR * gaps.mean()).mean())


def longest_share(gaps_ms: Sequence[float], n: int = 7) -> float:
    """Return the share of the whole time that the `n` longest gaps take, in %."""
    return 100 * sum(sorted(gaps_ms)[-n:]) / sum(gaps_ms)


def _typical_ms(rec: Recording) -> float:
    return float(rec.summary["icl_p50_ms"])


def _earliest(answer: Any, rec: Recording) -> int:
    ttft_ms = rec.lens()["ttft_ms"]
    if answer not in ttft_ms.index:
        return 1
    # The tools begin their clocks at moments that differ by a ms or so.
    return 0 if ttft_ms[answer] <= 1.01 * ttft_ms.min() else 2


def _choose(answer: Any, smooth: Recording, stalled: Recording) -> str:
    if not callable(answer) and answer not in smooth.summary.index:
        return "the answer is a metric, such as 'icl_p50_ms' (see rec.summary), or a function."
    of = answer if callable(answer) else lambda rec: rec.summary[answer]
    a, b = (expect_number(of(rec), "what it makes of a recording") for rec in (smooth, stalled))
    if max(a, b) >= 1.5 * min(a, b) and a != b:
        return ""
    return f"{a:,.4g} without the stall and {b:,.4g} with it: this number does not show it."


mean_describes = Exercise("05.mean_describes", number(near_mean, within=0.1), near_mean)
stalls = Exercise(
    "05.stalls",
    number(
        longest_share,
        lambda gaps_ms: longest_share(gaps_ms) / 100,
        lambda gaps_ms: 700 / len(gaps_ms),
        within=0.03,
    ),
)
wait = Exercise(
    "05.wait",
    number(_typical_ms, lambda rec: float(rec.lens()["itl_mean_ms"].min()), within=0.05),
    _typical_ms,
    lambda rec: (rec.plot.ecdf(), "x"),
)
earliest = Exercise("05.earliest", _earliest)
choose = Exercise("05.choose", _choose)
