"""The recorded transcripts, and the shortest way from bytes to deltas."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from streamlab.dialects import Answer, Delta, Reader, answer, dialect_named
from streamlab.follow import Follower
from streamlab.tape import End, Read, Stamp, tape_of

HERE = Path(__file__).parents[1] / "data" / "streams"
INDEX: list[dict[str, Any]] = json.loads((HERE / "index.json").read_text())
NAMES = [row["name"] for row in INDEX]


class Transcript(NamedTuple):
    body: bytes
    expected: dict[str, Any]


@cache
def transcript(name: str) -> Transcript:
    expected = json.loads((HERE / f"{name}.expected.json").read_text())
    framing = dialect_named(expected["dialect"]).framing
    return Transcript((HERE / f"{name}.{framing}").read_bytes(), expected)


def follow(
    pieces: Iterable[bytes], dialect: str, content_type: str = "", url: str = ""
) -> Follower:
    """Return a follower that was fed one read a piece."""
    reads = [Read(data, Stamp(t, t), t, -1) for t, data in enumerate(pieces)]
    meta = {"content_type": content_type, "url": url}
    follower = Follower(tape_of(reads, End(len(reads), "eof"), meta=meta), dialect)
    follower.close()
    follower.interpret()
    return follower


def rows(follower: Follower) -> list[dict[str, Any]]:
    """Return the deltas as an expected.json lists them: what is None is left out."""
    named = []
    for delta, event in zip(follower.deltas, follower.delta_events, strict=True):
        row = {"kind": delta.kind, "text": delta.text, "event": event}
        more = {key: getattr(delta, key) for key in ("choice", "index", "id", "name")}
        named.append(row | {key: value for key, value in more.items() if value is not None})
    return named


def whole_answer(follower: Follower) -> Answer:
    return answer(follower.deltas, follower.reader)


def read(dialect: str, *events: Any) -> tuple[list[Delta], Reader]:
    """Feed events to a new reader: objects, strings, or (type, data)."""
    reader, deltas = dialect_named(dialect).reader(), []
    for event in events:
        type_, data = event if isinstance(event, tuple) else ("message", event)
        deltas += reader.feed(type_, data if isinstance(data, str) else json.dumps(data))
    return deltas, reader
