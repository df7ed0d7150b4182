"""Lesson 02, build the parser: graded against the conformance vectors, all of them."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from streamlab.lessons.exercise import Exercise, Verdict, number

# From a whole body to its events: texts (their data), or pairs of type and data.
Parser = Callable[[bytes], Iterable[Any]]


@cache
def vectors() -> list[Mapping[str, Any]]:
    """Return the vectors: ``body`` as bytes, ``events``, ``why``, ``source``, ``name``."""
    rows = json.loads(Path(__file__).with_name("vectors.json").read_text("utf-8"))
    return [row | {"body": b64decode(row["body_b64"])} for row in rows]


def pasted(body: bytes) -> list[str]:
    """Return the data of the events, as the loop does that everyone pastes."""
    lines = body.decode("utf-8", "replace").splitlines()
    return [line[6:] for line in lines if line.startswith("data: ")]


def fails(parser: Parser, row: Mapping[str, Any]) -> str:
    """Return what a parser gets wrong in one vector; "" if nothing."""
    try:
        made = [_event(each) for each in parser(row["body"])]
    except Exception as error:
        return f"it raised {type(error).__name__}: {error}"
    typed = any(kind is not None for kind, _ in made)
    wanted = [(each["event"] if typed else None, each["data"]) for each in row["events"]]
    return "" if made == wanted else f"it made {_short(made)}, wanted: {_short(wanted)}"


def _event(made: Any) -> tuple[str | None, str]:
    kind, data = (None, made) if isinstance(made, str) else made
    return kind, data


def _short(events: list[tuple[str | None, str]]) -> str:
    shown = repr([data if kind is None else (kind, data) for kind, data in events])
    return shown if len(shown) < 120 else f"{shown[:118]}…"


def n_failed(parser: Parser = pasted) -> float:
    """Return how many vectors a parser fails."""
    return float(sum(bool(fails(parser, row)) for row in vectors()))


def _grade(answer: Any) -> Verdict:
    if not callable(answer):
        return Verdict(False, "the answer is a function: check(parse), from bytes to events.")
    failed = [(row, said) for row in vectors() if (said := fails(answer, row))]
    n_passed = len(vectors()) - len(failed)
    if not failed:
        typed = all(not isinstance(each, str) for each in answer(b"data: a\n\n"))
        more = "" if typed else " Of their data: now the types too, as pairs of type and data."
        return Verdict(typed, f"All {len(vectors())} vectors.{more}")
    # The shortest body is the easiest to read and to try by hand.
    row, said = min(failed, key=lambda each: len(each[0]["body"]))
    return Verdict(
        False,
        f"{n_passed} of {len(vectors())} vectors. The shortest that fails: {row['name']}.\n"
        f"{row['why']}.\nThe body {row['body']!r}: {said}.\nSource: {row['source']}.",
    )


def _first_step(answer: Any) -> str:
    if not callable(answer):
        return "the answer is a function: check(split), from bytes to lines."
    for body, wanted in ((b"a\nb\n", ["a", "b"]), (b"a\r\nb\rc\n", ["a", "b", "c"])):
        made = [*answer(body)]
        if made != wanted:
            return f"of {body!r} it made {made}, wanted: {wanted}."
    made = [*answer("a\u2028b\n".encode())]
    if made != ["a\u2028b"]:
        return f"U+2028 ends no line here, and it made {made}: str.splitlines() cuts there."
    return "" if [*answer(b"a\nb")] == ["a"] else "a last line without an end is no line yet."


split = Exercise("02.split", _first_step)
pasted_loop = Exercise("02.pasted_loop", number(n_failed), truth=n_failed)
parser = Exercise("02.parser", _grade)
