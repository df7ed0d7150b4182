"""Lesson 05, the average lies: a mean that describes no gap, and every tool's own answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from streamlab.lessons.exercise import exercise, expect_number
from streamlab.recording import Recording

NEAR = 0.2
"""A gap is near the mean within this share of it."""


def near_mean(gaps_ms: Sequence[float]) -> float:
    """Return how many of the gaps are within 20 % of their mean, in %."""
    gaps = np.asarray(gaps_ms, dtype=np.float64)
    return float(100 * (np.abs(gaps - gaps.mean()) <= NEAR * gaps.mean()).mean())


def longest_share(gaps_ms: Sequence[float], n: int = 7) -> float:
    """Return the share of the whole time that the `n` longest gaps take, in %."""
    gaps = np.sort(np.asarray(gaps_ms, dtype=np.float64))
    return float(100 * gaps[-n:].sum() / gaps.sum())


def _near(answer: Any, gaps_ms: Sequence[float]) -> str:
    number, real = expect_number(answer, "the share in %"), near_mean(gaps_ms)
    return "" if abs(number - real) <= 1 else "count the gaps from 0.8 to 1.2 means, in %."


def _share(answer: Any, gaps_ms: Sequence[float]) -> str:
    number, real = expect_number(answer, "the share in %"), longest_share(gaps_ms)
    if abs(number - real) <= 1:
        return ""
    if abs(100 * number - real) <= 1:
        return "this is a fraction: multiply by 100."
    if abs(number - 100 * 7 / len(gaps_ms)) <= 1:
        return "this is the share of the *number* of gaps. How much of the *time* do they take?"
    return "sort the gaps, add the seven longest, divide by the sum of all."


def _typical_ms(rec: Recording) -> float:
    return float(rec.summary["icl_p50_ms"])


def _wait(answer: Any, rec: Recording) -> str:
    number, real = expect_number(answer, "the wait in ms"), _typical_ms(rec)
    if abs(number - real) <= 1 + 0.05 * real:
        return ""
    if abs(number - float(rec.lens()["itl_mean_ms"].min())) <= 1:
        return "this is a mean over tokens; most of them came with another, without a wait."
    return "take the median wait between two arrivals: rec.summary['icl_p50_ms']."


def _earliest(answer: Any, rec: Recording) -> str:
    lens = rec.lens()
    if answer not in lens.index:
        return f"the answer is a tool: one of {', '.join(lens.index)}."
    first, mine = lens["ttft_ms"].min(), lens.loc[answer, "ttft_ms"]
    if mine - first <= 0.01 * first:
        return ""
    return (
        f"{answer} says {mine:.0f} ms, and another tool {first:.0f} ms: which counts an event "
        "with only a role?"
    )


def _choose(answer: Any, smooth: Recording, stalled: Recording) -> str:
    if not callable(answer) and answer not in smooth.summary.index:
        return "the answer is a metric, such as 'icl_p50_ms' (see rec.summary), or a function."
    of = answer if callable(answer) else lambda rec: rec.summary[answer]
    a, b = (expect_number(of(rec), "what it makes of a recording") for rec in (smooth, stalled))
    if max(a, b) >= 1.5 * min(a, b) and a != b:
        return ""
    return f"{a:,.4g} without the stall and {b:,.4g} with it: this number does not show it."


mean_describes = exercise("05.mean_describes", _near, truth=near_mean)
stalls = exercise("05.stalls", _share)
wait = exercise("05.wait", _wait, truth=_typical_ms, draw=lambda rec: (rec.plot.ecdf(), "x"))
earliest = exercise("05.earliest", _earliest)
choose = exercise("05.choose", _choose)
