"""Lesson 04, whose stutter: the client's clocks, merged reads, and a hunt."""

from collections.abc import Mapping
from typing import Any

from streamlab.lessons.exercise import Exercise, number
from streamlab.recording import Recording

# A wait that is as long is a stall, in the streams of this lesson.
SILENCE_MS = 150.0

# The causes, and what to look at to find each.
CLUES = {
    "the program": "its bytes queued: look at rec.reads['arrival'], and at rec.sends beside it",
    "the server": "look at the longest gap in its sends",
    "cut off": "look at how it ended: rec.end, rec.problem",
    "in bursts": "it has no long wait, not in its reads and not in its sends",
}


def _silence_ms(rec: Recording) -> float:
    return float(rec.sends["gap_ms"].max())


def _lag_ms(rec: Recording) -> float:
    return float(rec.reads["lag_hi_ms"].max())


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
    found = {"the server"} if _silence_ms(rec) >= SILENCE_MS else set()
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


largest_lag = Exercise(
    "04.largest_lag",
    number(
        _lag_ms,
        lambda rec: float(rec.reads["lag_ms"].median()),
        lambda rec: float(rec.reads["gap_ms"].max()),
        within=0.05,
    ),
    _lag_ms,
    lambda rec: (rec.plot.lag(), "y"),
)
silent = Exercise("04.silent", number(_silence_ms, _longest_ms, within=0.1))
hunt = Exercise("04.hunt", _hunt)
