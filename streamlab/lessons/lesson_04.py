"""Lesson 04, whose stutter: the client's clocks, merged reads, and a hunt."""

from collections.abc import Mapping
from typing import Any

from streamlab.lessons.exercise import exercise, expect_number
from streamlab.recording import Recording

SILENCE_MS = 150.0
"""A wait that is as long is a stall, in the streams of this lesson."""

CLUES = {
    "the program": "its bytes queued: look at rec.reads['arrival'], and at rec.sends beside it",
    "the server": "look at the longest gap in its sends",
    "cut off": "look at how it ended: rec.end, rec.problem",
    "in bursts": "it has no long wait, not in its reads and not in its sends",
}
"""The causes, and what to look at to find each."""


def silence_ms(rec: Recording) -> float:
    """Return the longest silence of the server by the lab's own log, in ms."""
    return float(rec.sends["gap_ms"].max())


def _lag(answer: Any, rec: Recording) -> str:
    number = expect_number(answer, "the lag in ms")
    real, median = float(rec.reads["lag_hi_ms"].max()), float(rec.reads["lag_ms"].median())
    if abs(number - real) <= 1:
        return ""
    if abs(number - median) <= 0.1 + 0.1 * median:
        return "this is the median: half of the reads hardly waited. Which waited longest?"
    if abs(number - float(rec.reads["gap_ms"].max())) <= 1:
        return "this is a gap between two arrivals. How long did a read wait for Python?"
    return "take the largest of rec.reads['lag_hi_ms'], in ms."


def _silent(answer: Any, rec: Recording) -> str:
    number, real = expect_number(answer, "the silence in ms"), silence_ms(rec)
    if real != real:
        return "only the lab's log knows this: record a stream of the lab."
    if abs(number - real) <= 1 + 0.05 * real:
        return ""
    if number >= 0.9 * _longest_ms(rec) > 2 * real:
        return (
            f"{number:,.0f} ms is the interval in which your program was busy. Its bytes "
            "queued: when they came is not known, so it is no silence. rec.sends has what the "
            "lab sent."
        )
    return f"the lab's longest pause between two writes is not {number:g} ms: see rec.sends."


def _longest_ms(rec: Recording, *arrivals: str) -> float:
    """Return the longest wait for a read, in ms, counting the upper bound where one is."""
    reads = rec.reads
    chosen = reads[reads["arrival"].isin(arrivals)] if arrivals else reads
    return float(chosen[["gap_ms", "gap_hi_ms"]].max().max())


def causes(rec: Recording) -> set[str]:
    """Return what fits a stream, some of `CLUES`, by its own facts.

    On a busy machine two causes may fit: then each is right.
    """
    if rec.end.how not in ("eof", "left_open") or rec.complete is False:
        return {"cut off"}
    found = {"the server"} if silence_ms(rec) >= SILENCE_MS else set()
    # Without kernel stamps no read is merged: there the lab's log alone excludes the server.
    if _longest_ms(rec, *["merged"] * bool(found)) >= SILENCE_MS:
        found.add("the program")
    return found or {"in bursts"}


def _hunt(answer: Any, streams: Mapping[str, Recording]) -> str:
    if callable(answer):
        answer = {name: answer(rec) for name, rec in streams.items()}
    if not isinstance(answer, Mapping) or not answer:
        return f"the answer is a dict: a cause for each of {', '.join(streams)}."
    if missing := [name for name in streams if answer.get(name, ...) is ...]:
        return f"no cause yet for {', '.join(missing)}."
    for name, rec in streams.items():
        if answer[name] not in [*CLUES]:
            return f"{answer[name]!r} is none of the causes: {', '.join(map(repr, CLUES))}."
        if answer[name] not in (real := causes(rec)):
            return f"{name} is not {answer[name]!r}: {CLUES[min(real)]}."
    return ""


largest_lag = exercise(
    "04.largest_lag",
    _lag,
    truth=lambda rec: float(rec.reads["lag_hi_ms"].max()),
    draw=lambda rec: (rec.plot.lag(), "y"),
)
silent = exercise("04.silent", _silent)
hunt = exercise("04.hunt", _hunt)
