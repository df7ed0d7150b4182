"""What the lab plays: a head, timed writes, an end.

A `Play` is the answer to one request, before anything of it is sent.  A scenario
makes one of a `Call`; a `Player` sends it.

Rule 1: all times are nanoseconds after the request's arrival, at speed 1.
Rule 2: nothing in here knows sockets or HTTP's grammar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from streamlab.errors import UsageError

MS = 1_000_000
"""Nanoseconds in a millisecond."""

MOST = 1_000_000_000
"""The largest value of a knob."""

SSE = "text/event-stream; charset=utf-8"
"""The content type of most streams."""


class Write(NamedTuple):
    """One scheduled write: one HTTP chunk, one ``send``."""

    at_ns: int
    data: bytes  # of the encoded body, never empty


Ending = Literal[
    "eof",  # the body ends as HTTP wants it
    "reset",  # RST
    "close",  # FIN without the body's end
    "silence",  # nothing more, until the client leaves
]


@dataclass(frozen=True, slots=True)
class Play:
    """One answer: its head, its writes, its end.

    Attributes
    ----------
    writes : iterable of Write
        In order of time.  May be lazy: one is taken ahead, while the one before waits.
    length : int, optional
        The ``content-length``; without it the body is chunked.
    head_at_ns : int, optional
        When the head is sent; None for never, and then there are no writes and no ``eof``.
    ending_at_ns : int, optional
        None ends the body together with the last write, in the same ``send``.
    """

    writes: Iterable[Write]
    content_type: str = SSE
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    head_at_ns: int | None = 0
    ending: Ending = "eof"
    ending_at_ns: int | None = None


def document(body: bytes, content_type: str, status: int = 200, at_ns: int = 0) -> Play:
    """Return an answer that is no stream."""
    return Play(
        [Write(at_ns, body)] if body else [],
        content_type,
        status,
        length=len(body),
        head_at_ns=at_ns,
    )


class Call(NamedTuple):
    """A request, as far as a scenario cares."""

    scenario: str
    dialect: str
    stream: bool
    body: Mapping[str, Any]  # the JSON body; the query's fields win

    @property
    def seed(self) -> int:
        """The seed asked for, wherever the dialect puts it; else 0."""
        places = (self.body, self.body.get("generationConfig"), self.body.get("options"))
        asked = (p["seed"] for p in places if isinstance(p, Mapping) and "seed" in p)
        value = next(asked, None)
        return value if isinstance(value, int) else int(_number("seed", value, 0))

    def number(self, name: str, default: float) -> float:
        """Return a knob's value; raise `UsageError` if it is no number from 0 to 10^9."""
        return _number(name, self.body.get(name), default)


def _number(name: str, value: Any, default: float) -> float:
    if value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= MOST:
        raise UsageError(
            f"{name} must be from 0 to {MOST}, and {value!r} came. Or leave it out."
        )
    return number


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something the lab can play.

    Attributes
    ----------
    source : str
        ``recorded`` (bytes and times are a recording's), ``modelled`` (its times are made up by
        a seeded model), or ``fault``.
    """

    name: str
    summary: str
    source: Literal["recorded", "modelled", "fault"]
    play: Callable[[Call], Play]
