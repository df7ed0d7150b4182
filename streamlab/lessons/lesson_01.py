"""Lesson 01, on the wire: bytes, chunks, lines, and who removes ``data:``."""

from __future__ import annotations

from typing import Any

from streamlab.decode import SSEParser
from streamlab.lessons.exercise import Exercise, number
from streamlab.recording import Recording

WHO = ("curl", "httpx", "the server", "the SSE parser")


def _strips(answer: Any) -> str:
    if answer not in WHO:
        return f"the answer is one of {', '.join(map(repr, WHO))}."
    if answer == WHO[-1]:
        return ""
    why = {
        "curl": "curl prints the bytes as they come: you saw data: in its output",
        "httpx": "httpx knows lines, and no events: iter_lines() still has data:",
        "the server": "the server sends data: on purpose: it is the name of a field",
    }
    return f"{why[answer]}."


def _two_events(answer: Any) -> str:
    if not isinstance(answer, bytes):
        return "the answer is bytes, for example b'data: a\\n\\n'."
    parser = SSEParser()
    data = [event.data for event in [*parser.feed(answer), *parser.close()]]
    if data == ["one\ntwo", "three"]:
        return ""
    if len(data) == 3:
        return (
            "these are three events. A blank line ends an event: do not end the first so soon."
        )
    if answer.rstrip().endswith(b"three") and len(data) == 1:
        return "the second event is not complete: which line completes it?"
    return f"the parser makes {len(data)} events of it: {data}. Wanted: ['one\\ntwo', 'three']."


def _n_chunks(rec: Recording) -> float:
    return float(len(rec.tape.chunk_ends or ()))


who_strips = Exercise("01.who_strips", _strips)
two_events = Exercise("01.two_events", _two_events)
chunks = Exercise("01.chunks", number(_n_chunks, lambda rec: len(rec.lines)), truth=_n_chunks)
