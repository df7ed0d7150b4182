"""A response of the lab: a head, timed writes, an end.

A `Scenario` makes a `Response` of a `Request`, before any byte of it is sent; a `Sender`
sends it.

Rule 1: all times are nanoseconds after the arrival of the request, at speed 1.
Rule 2: this module knows neither sockets nor the grammar of HTTP.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from streamlab.errors import UsageError

MS = 1_000_000  # nanoseconds in a millisecond
MOST = 1_000_000_000  # the largest value of a parameter
SSE = "text/event-stream; charset=utf-8"  # the content type of most streams


class Write(NamedTuple):
    """One scheduled write: one HTTP chunk, one ``send``."""

    at_ns: int
    data: bytes  # of the encoded body, never empty


Ending = Literal[
    "eof",  # HTTP's own end of the body
    "reset",  # RST
    "close",  # FIN before the end of the body
    "silence",  # no further byte, until the client closes
]


@dataclass(frozen=True, slots=True)
class Response:
    """The response to one request: its head, its writes, its end."""

    # In order of time.  May be lazy: the sender takes one write in advance.
    writes: Iterable[Write]
    content_type: str = SSE
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None  # the ``content-length``; without it the body is chunked
    # When the head is sent; None for never, and then there is no write and no ``eof``.
    head_at_ns: int | None = 0
    ending: Ending = "eof"
    # None ends the body together with the last write, in the same ``send``.
    ending_at_ns: int | None = None


def document(body: bytes, content_type: str, status: int = 200, at_ns: int = 0) -> Response:
    """Return a response that is not a stream."""
    writes = [Write(at_ns, body)] if body else []
    return Response(writes, content_type, status, length=len(body), head_at_ns=at_ns)


class Request(NamedTuple):
    """The part of a request that a scenario needs."""

    scenario: str
    dialect: str
    stream: bool
    body: Mapping[str, object]  # the JSON body; a field of the query replaces one of the body

    @property
    def seed(self) -> int:
        """The seed of the request, from the field that its dialect uses; else 0."""
        places = (self.body, self.body.get("generationConfig"), self.body.get("options"))
        seeds = (p["seed"] for p in places if isinstance(p, Mapping) and "seed" in p)
        value = next(seeds, None)
        # An int stays an int: as floats, two seeds above 2**53 could be equal.
        return value if isinstance(value, int) else int(_number("seed", value, 0))

    def number(self, name: str, default: float) -> float:
        """Return a parameter's value; raise `UsageError` unless it is from 0 to 10^9."""
        return _number(name, self.body.get(name), default)


def _number(name: str, value: object, default: float) -> float:
    if value is None:
        return default
    try:
        number = float(value) if isinstance(value, int | float | str) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= MOST:
        raise UsageError(
            f"{name} must be from 0 to {MOST}, and {value!r} came. "
            "Send such a number, or leave it out."
        )
    return number


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something the lab can play."""

    name: str
    summary: str
    # ``recorded``: bytes and times are those of a recording; ``modelled``: the times come from
    # a seeded model.
    source: Literal["recorded", "modelled", "fault"]
    respond: Callable[[Request], Response]
    # The names that `respond` reads from the request, of those in `PARAMETERS`.
    parameters: tuple[str, ...] = ()
