"""Lesson 00, the first stream: lines, blank lines, events, sync beside async."""

from __future__ import annotations

from typing import Any

from streamlab.lessons.exercise import Exercise, number
from streamlab.recording import Recording
from streamlab.tape.edits import cut

# Two ends agree if they differ by less than this share: both clients wait for the server.
ALIKE = 0.05


def _n_blank(rec: Recording) -> float:
    return float((rec.lines["kind"] == "blank").sum())


def _median_ms(rec: Recording) -> float:
    return float(rec.summary["icl_p50_ms"])


def _n_left(rec: Recording) -> float:
    return len(Recording(cut(rec.tape, n_bytes=len(rec.body) - 1)).events)


def _faster(answer: Any, sync: Recording, asynchronous: Recording) -> str:
    ends_ms = [float(rec.summary["e2e_content_ms"]) for rec in (sync, asynchronous)]
    apart = abs(ends_ms[0] - ends_ms[1]) / max(ends_ms)
    said = f"sync had the last piece after {ends_ms[0]:.1f} ms, async after {ends_ms[1]:.1f} ms"
    if answer not in ("sync", "async", "neither"):
        return "the answer is 'sync', 'async' or 'neither'."
    if apart > ALIKE:
        return f"{said}. This machine was busy: record both again."
    return "" if answer == "neither" else f"{said}: who sets the pace, the loop or the server?"


blank_lines = Exercise(
    "00.blank_lines", number(_n_blank, lambda rec: len(rec.lines)), truth=_n_blank
)
pace = Exercise(
    "00.pace",
    number(_median_ms, lambda rec: _median_ms(rec) / 1000, within=ALIKE),
    truth=_median_ms,
    draw=lambda rec: (rec.plot.gaps(), "y"),
)
last_byte = Exercise("00.last_byte", number(_n_left, lambda rec: len(rec.events)))
faster = Exercise("00.faster", _faster)
