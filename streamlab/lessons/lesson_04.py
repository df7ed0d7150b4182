"""Lesson 04, whose stutter: the client's clock, merged reads, and a hunt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamlab.lessons.exercise import exercise, expect_number
from streamlab.recording import Recording

SILENCE_MS = 150.0
"""A server that sends nothing for so long has stalled, in the streams of this lesson."""

CAUSES = ("the program", "the server", "cut off", "in bursts")


def silence_ms(rec: Recording) -> float:
    """Return the longest silence of the server by the lab's own log, in ms."""
    return float(rec.sends["gap_ms"].max())


def _hidden_ms(rec: Recording) -> float:
    reads = rec.reads
    return float(reads.loc[reads["arrival"].eq("merged").fillna(False), "gap_hi_ms"].max())


def _silent(answer: Any, rec: Recording) -> str:
    number, real = expect_number(answer, "the silence in ms"), silence_ms(rec)
    if real != real:
        return "only the lab's log knows this: record a stream of the lab."
    if abs(number - real) <= 1 + 0.05 * real:
        return ""
    hidden = _hidden_ms(rec)
    if hidden == hidden and number >= 0.9 * hidden > 2 * real:
        return (
            f"{number:,.0f} ms is the interval in which your program was busy. Its bytes "
            "queued: when they came is not known, so it is no silence. rec.sends has what the "
            "lab sent."
        )
    return (
        f"the lab's longest pause between two writes is in rec.sends['gap_ms'], not {number:g}."
    )


def cause(rec: Recording) -> str:
    """Return what is wrong with a stream, one of `CAUSES`, by its own facts."""
    if rec.end.how not in ("eof", "left_open") or rec.complete is False:
        return "cut off"
    if rec.reads["arrival"].eq("merged").fillna(False).any():
        return "the program"
    return "the server" if silence_ms(rec) > SILENCE_MS else "in bursts"


def _hunt(answer: Any, streams: Mapping[str, Recording]) -> str:
    if not isinstance(answer, Mapping) or not answer:
        return f"the answer is a dict: a cause for each of {', '.join(streams)}."
    if missing := [name for name in streams if name not in answer]:
        return f"{', '.join(missing)} has no cause yet."
    if odd := [said for said in answer.values() if said not in CAUSES]:
        return f"{odd[0]!r} is none of the causes: {', '.join(map(repr, CAUSES))}."
    wrong = [name for name, rec in streams.items() if answer[name] != cause(rec)]
    if not wrong:
        return ""
    clues = {
        "the program": "some of its reads are merged: what does that mean?",
        "the server": "look at the longest gap in its sends",
        "cut off": "look at how it ended: rec.end, rec.problem",
        "in bursts": "several events a read, and no read is merged",
    }
    return f"{wrong[0]} is not {answer[wrong[0]]!r}: {clues[cause(streams[wrong[0]])]}."


largest_lag = exercise(
    "04.largest_lag",
    lambda answer, rec: (
        ""
        if abs(expect_number(answer, "the lag in ms") - rec.reads["lag_hi_ms"].max()) < 1
        else "rec.reads['lag_hi_ms'].max() has it."
    ),
    truth=lambda rec: float(rec.reads["lag_hi_ms"].max()),
    draw=lambda rec: (rec.plot.lag(), "y"),
)
silent = exercise("04.silent", _silent)
hunt = exercise("04.hunt", _hunt)
