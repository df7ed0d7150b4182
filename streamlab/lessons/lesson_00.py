"""Lesson 00, the first stream: lines, blank lines, events, sync beside async."""

from __future__ import annotations

from typing import Any

from streamlab.lessons.exercise import exercise, expect_number
from streamlab.recording import Recording
from streamlab.tape.edits import cut

ALIKE = 0.05
"""Two ends agree if they differ by less than this share: both clients wait for the server."""


def _n_blank(rec: Recording) -> float:
    return float((rec.lines["kind"] == "blank").sum())


def _blank(answer: Any, rec: Recording) -> str:
    number, real = expect_number(answer, "the number of blank lines"), _n_blank(rec)
    if number == real:
        return ""
    if number == len(rec.lines):
        return "these are all lines, blank ones and others. How many have nothing in them?"
    return f"count the rows of rec.lines whose kind is blank: {number:g} is not their number."


def without_last_byte(rec: Recording) -> Recording:
    """Return the recording without the last byte of its body."""
    return Recording(cut(rec.tape, n_bytes=len(rec.body) - 1))


def _last_byte(answer: Any, rec: Recording) -> str:
    number = expect_number(answer, "the number of events")
    left, all_ = len(without_last_byte(rec).events), len(rec.events)
    if number == left:
        return ""
    if number == all_:
        return (
            "the last line still has its text, but which line completes an event? The newline "
            "that is missing was a line of its own."
        )
    return f"there were {all_} events. Which of them end without the last byte?"


def _faster(answer: Any, sync: Recording, asynchronous: Recording) -> str:
    ends_ms = [float(rec.summary["e2e_content_ms"]) for rec in (sync, asynchronous)]
    apart = abs(ends_ms[0] - ends_ms[1]) / max(ends_ms)
    said = f"sync had the last piece after {ends_ms[0]:.1f} ms, async after {ends_ms[1]:.1f} ms"
    if answer not in ("sync", "async", "neither"):
        return "the answer is 'sync', 'async' or 'neither'."
    if apart > ALIKE:
        return f"{said}. This machine was busy: record both again."
    return "" if answer == "neither" else f"{said}: who sets the pace, the loop or the server?"


def _pace(answer: Any, rec: Recording) -> str:
    number, real = expect_number(answer, "the wait in ms"), _median_ms(rec)
    if abs(number - real) <= ALIKE * real:
        return ""
    if abs(1000 * number - real) <= ALIKE * real:
        return "this is in s. Multiply by 1,000."
    return "rec.summary['icl_p50_ms'] is the median of the gaps before pieces of the answer."


def _median_ms(rec: Recording) -> float:
    return float(rec.summary["icl_p50_ms"])


blank_lines = exercise("00.blank_lines", _blank, truth=_n_blank)
pace = exercise("00.pace", _pace, _median_ms, lambda rec: (rec.plot.gaps(), "y"))
last_byte = exercise("00.last_byte", _last_byte)
faster = exercise("00.faster", _faster)
