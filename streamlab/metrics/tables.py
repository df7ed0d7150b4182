"""What one tape adds up to: its tables, its answer, made when first asked for.

Rule: a table is made once and never changed; what a user is given is a copy, so that
a column added to it, or a cell written, stays the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pandas as pd

from streamlab.dialects import Answer, answer
from streamlab.follow import Follower
from streamlab.follow.text import counted
from streamlab.metrics import views
from streamlab.tape import Tape

__all__ = ["Tables"]


COPIES_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3
"""Before pandas 3 a shallow copy shares its cells: writing to one writes to both."""


class Tables:
    """The tables of one tape.

    Parameters
    ----------
    tape : Tape
        The facts; everything here is computed from them.
    dialect : str
        ``"auto"`` decides from the URL, the content type and the first event.
    label : str
        What pictures and comparisons call it.

    Raises
    ------
    UnknownNameError
        If there is no such dialect.
    """

    def __init__(self, tape: Tape, dialect: str = "auto", label: str = "") -> None:
        self.tape = tape
        self.label = label
        self._framed = Follower(tape, dialect)

    def __repr__(self) -> str:
        label = f" {self.label!r}" if self.label else ""
        size = f"{counted(len(self.tape), 'read')}, {counted(len(self.tape.body), 'byte')}"
        return f"<Tables{label}: {size}>"

    @property
    def meta(self) -> Mapping[str, Any]:
        """What is known of the request and the response."""
        return self.tape.meta

    @property
    def t0_ns(self) -> int:
        """The moment from which all times count, see `Tape.t0_ns`."""
        return self.tape.t0_ns

    @property
    def t0_known(self) -> bool:
        """Whether the send, or at least the call, was seen.

        Where it was not, `t0_ns` is the first read, and what counts from the send is NaN.
        """
        return not self.tape.marks.keys().isdisjoint(("request_sent", "called"))

    @cached_property
    def framed(self) -> Follower:
        """The follower, closed: lines and events, no deltas yet."""
        self._framed.close()
        return self._framed

    @cached_property
    def follower(self) -> Follower:
        """The follower, closed, with all its deltas."""
        self.framed.interpret()
        return self.framed

    @cached_property
    def answer(self) -> Answer:
        """What the deltas add up to: text, tool calls, usage."""
        return answer(self.follower.deltas, self.follower.reader)

    @cached_property
    def problem(self) -> str | None:
        """What went wrong, in one sentence; None if nothing did."""
        return self.follower.problem()

    @property
    def reads(self) -> pd.DataFrame:
        """One row a read of the socket; see `streamlab.metrics.views.reads`."""
        return _copy(self._reads)

    @property
    def lines(self) -> pd.DataFrame:
        """One row a line, blank ones too; see `streamlab.metrics.views.lines`."""
        return _copy(self._lines)

    @property
    def events(self) -> pd.DataFrame:
        """One row an event; see `streamlab.metrics.views.events`."""
        return _copy(self._events)

    @property
    def deltas(self) -> pd.DataFrame:
        """One row a delta; see `streamlab.metrics.views.deltas`."""
        return _copy(self._deltas)

    @property
    def chunks(self) -> pd.DataFrame:
        """One row an event that brought something generated; see `views.chunks`."""
        return _copy(self._chunks)

    @cached_property
    def _reads(self) -> pd.DataFrame:
        return views.reads(self.tape)

    @cached_property
    def _lines(self) -> pd.DataFrame:
        return views.lines(self.tape, self.framed)

    @cached_property
    def _events(self) -> pd.DataFrame:
        return views.events(self.tape, self.framed)

    @cached_property
    def _deltas(self) -> pd.DataFrame:
        return views.deltas(self.tape, self.follower)

    @cached_property
    def _chunks(self) -> pd.DataFrame:
        return views.chunks(self._deltas)


def _copy(table: pd.DataFrame) -> pd.DataFrame:
    return table.copy(deep=not COPIES_ON_WRITE)
