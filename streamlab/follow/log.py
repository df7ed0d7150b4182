"""The log that a follower reads: a `Recorder` that still grows, or a finished `Tape`.

And the part of a follower that the modules of problems use.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Protocol

from streamlab.decode import Body, Event, Lines
from streamlab.follow.kept import Deltas
from streamlab.tape import Columns, End, Final


class Log(Protocol):
    """What a `Recorder` and a `Tape` have in common; `ended` is None while the stream runs."""

    @property
    def body(self) -> Body: ...  # noqa: D102
    @property
    def columns(self) -> Columns: ...  # noqa: D102
    @property
    def marks(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def meta(self) -> Mapping[str, object]: ...  # noqa: D102
    def final(self, first: int) -> Final: ...  # noqa: D102
    @property
    def ended(self) -> End | None: ...  # noqa: D102


class Framed(Protocol):
    """A follower that is closed, with its deltas; see `Follower`."""

    lines: Lines

    @property
    def events(self) -> Sequence[Event]: ...  # noqa: D102
    @property
    def deltas(self) -> Deltas: ...  # noqa: D102

    delta_events: array[int]
    dialect: str

    @property
    def log(self) -> Log: ...  # noqa: D102
    @property
    def body(self) -> Body: ...  # noqa: D102
    @property
    def undecoded(self) -> str | None: ...  # noqa: D102
    def line(self, number: int, limit: int | None = None) -> str: ...  # noqa: D102
