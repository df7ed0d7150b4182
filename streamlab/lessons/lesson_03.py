"""Lesson 03, sync and async: arrivals agree, deliveries differ, ten requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamlab.lessons.exercise import exercise, expect_number
from streamlab.recording import Recording

NEAR = 0.25
"""An estimate of a duration is right within this share."""


def _span_s(recs: Sequence[Recording]) -> float:
    """Return the time from the first request to the end of the last stream, in s."""
    begin_ns = min(rec.tape.t0_ns for rec in recs)
    return (max(rec.end.t_ns for rec in recs) - begin_ns) / 1e9


def _ten(answer: Any, recs: Sequence[Recording]) -> str:
    number, real = expect_number(answer, "the time in s"), _span_s(recs)
    if abs(number - real) <= NEAR * real:
        return ""
    each = sum((rec.end.t_ns - rec.tape.t0_ns) / 1e9 for rec in recs) / len(recs)
    how = "at the same time" if real < 0.6 * each * len(recs) else "one after the other"
    return (
        f"one stream takes {each:.1f} s here, and these {len(recs)} ran {how}: "
        f"{real:.1f} s, not {number:g}."
    )


def delay_ms(rec: Recording) -> float:
    """Return the median of ``delivered − arrived``, in ms."""
    reads = rec.reads
    return float((reads["delivered_ns"] - reads["arrived_ns"]).median() / 1e6)


def _delay(answer: Any, rec: Recording) -> str:
    number, real = expect_number(answer, "the delay in ms"), delay_ms(rec)
    if abs(number - real) <= 0.02 + 0.05 * real:
        return ""
    if abs(number - real * 1e6) <= 0.05 * real * 1e6:
        return "this is in ns. Divide by 1,000,000."
    if abs(number - float(rec.reads["lag_ms"].median())) <= 0.02:
        return "this is seen − arrived: Python's read. The loop had the bytes later."
    return "take the median of rec.reads['delivered_ns'] − rec.reads['arrived_ns'], in ms."


ten_in_a_row = exercise("03.ten_in_a_row", _ten, truth=_span_s)
ten_at_once = exercise("03.ten_at_once", _ten, truth=_span_s)
delivery = exercise("03.delivery", _delay)
