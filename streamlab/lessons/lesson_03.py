"""Lesson 03, sync and async: arrivals agree, deliveries differ, ten requests, and Stop."""

from collections.abc import Sequence
from typing import Any

from streamlab.lessons.exercise import exercise, expect_number
from streamlab.plots import plot_lanes
from streamlab.recording import Recording

NEAR = 0.25
"""An estimate of a duration is right within this share."""


def _span_ms(recs: Sequence[Recording]) -> float:
    """Return the time from the first request to the end of the last stream, in ms."""
    begin_ns = min(rec.tape.t0_ns for rec in recs)
    return (max(rec.end.t_ns for rec in recs) - begin_ns) / 1e6


def _ten(answer: Any, recs: Sequence[Recording]) -> str:
    number, real = expect_number(answer, "the time in ms"), _span_ms(recs)
    if abs(number - real) <= NEAR * real:
        return ""
    if abs(1000 * number - real) <= NEAR * real:
        return "this is in s. Multiply by 1,000."
    each = sum(_span_ms([rec]) for rec in recs) / len(recs)
    how = "at the same time" if real < 0.6 * each * len(recs) else "one after the other"
    return (
        f"one stream takes {each:,.0f} ms here, and these {len(recs)} ran {how}: "
        f"{real:,.0f} ms, not {number:,.5g}."
    )


def _delay(answer: Any, rec: Recording) -> str:
    number = expect_number(answer, "the delay in ms")
    reads = rec.reads
    real = float((reads["delivered_ns"] - reads["arrived_ns"]).median() / 1e6)
    # Both sides are computed from the same columns; the tolerance is for rounding only.
    if abs(number - real) <= 0.006 + 0.01 * real:
        return ""
    if abs(number / 1e6 - real) <= 0.01 * real:
        return "this is in ns. Divide by 1,000,000."
    if abs(number - float(reads["lag_ms"].median())) <= 0.006:
        return "this is seen − arrived: Python's read. Your loop had the bytes later."
    return "take the median of delivered_ns − arrived_ns, two columns of rec.reads, in ms."


def _stopped(rec: Any) -> str:
    if not isinstance(rec, Recording):
        return "pass the recording of the stream that you stopped: check(watched.recording)."
    if rec.end.how == "closed":
        return ""
    return (
        f"this stream ended by itself ({rec.end.how}), after {len(rec.events)} events. Run the "
        "cell with the scope again, and press Stop before the end."
    )


def _in_lanes(recs: Sequence[Recording]) -> Any:
    return plot_lanes(recs), "x"


ten_in_a_row = exercise("03.ten_in_a_row", _ten, truth=_span_ms, draw=_in_lanes)
ten_at_once = exercise("03.ten_at_once", _ten, truth=_span_ms, draw=_in_lanes)
delivery = exercise("03.delivery", _delay)
stopped = exercise("03.stopped", _stopped)
