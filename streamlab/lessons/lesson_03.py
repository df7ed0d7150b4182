"""Lesson 03, sync and async: arrivals agree, deliveries differ, ten requests, and Stop."""

from collections.abc import Sequence
from typing import Any

from streamlab.lessons.exercise import Exercise, number
from streamlab.plots import plot_lanes
from streamlab.recording import Recording

# An estimate of a duration is right within this share.
NEAR = 0.25


def _span_ms(recs: Sequence[Recording]) -> float:
    return (max(rec.end.t_ns for rec in recs) - min(rec.tape.t0_ns for rec in recs)) / 1e6


def _in_turn_ms(recs: Sequence[Recording]) -> float:
    return sum(_span_ms([rec]) for rec in recs)


def _delay_ns(rec: Recording) -> float:
    return float((rec.reads["delivered_ns"] - rec.reads["arrived_ns"]).median())


def _stopped(rec: Any) -> int:
    if not isinstance(rec, Recording):
        return 1
    return 0 if rec.end.how == "closed" else 2


def _in_lanes(recs: Sequence[Recording]) -> Any:
    return plot_lanes(recs), "x"


ten_in_a_row = Exercise(
    "03.ten_in_a_row",
    number(_span_ms, lambda recs: _span_ms(recs) / 1e3, within=NEAR),
    _span_ms,
    _in_lanes,
)
ten_at_once = Exercise(
    "03.ten_at_once", number(_span_ms, _in_turn_ms, within=NEAR), _span_ms, _in_lanes
)
delivery = Exercise(
    "03.delivery",
    number(
        lambda rec: _delay_ns(rec) / 1e6,
        _delay_ns,
        lambda rec: float(rec.reads["lag_ms"].median()),
        within=0.01,
    ),
)
stopped = Exercise("03.stopped", _stopped)
