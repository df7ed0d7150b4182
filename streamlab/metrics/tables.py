"""The tables of one tape, and the answer in it; each is made on first use.

Rule: a table is made once and never changed.  A user receives a copy: a column that the
user adds, or a cell that the user writes, is in that copy only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, wraps
from typing import Any, Protocol, TypeAlias, TypeVar

import pandas as pd

from streamlab.dialects import Answer, Reading, answer, server_times
from streamlab.errors import UsageError
from streamlab.follow import Follower
from streamlab.follow.problem import problem
from streamlab.follow.text import counted, distinct, one_line
from streamlab.metrics import views
from streamlab.metrics.arrivals import ended
from streamlab.metrics.elided import ElidedLines
from streamlab.metrics.schema import FLOAT, STRING
from streamlab.tape import Tape

N = TypeVar("N", int, float)

# Since pandas 3 a shallow copy is enough: pandas copies the cells when one of the two frames
# is written to.  Before, a shallow copy shares its cells for good, and a cell that the user
# writes would change our table too.
COPIES_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3


def _kept(make: Callable[[Tables], pd.DataFrame]) -> Callable[[Tables], pd.DataFrame]:
    """Make the table at the first call; return a copy of it at every call."""

    @wraps(make)
    def copied(tables: Tables) -> pd.DataFrame:
        name = make.__name__
        if name not in tables._made:
            tables._made[name] = make(tables)
        return tables._made[name].copy(deep=not COPIES_ON_WRITE)

    return copied


class Tables:
    """The tables of one tape, from which everything here is computed.

    The `dialect` ``"auto"`` decides from the URL, the content type and the first event; `label`
    is the name in pictures and comparisons.
    """

    def __init__(self, tape: Tape, dialect: Reading = "auto", label: str = "") -> None:
        self.tape = tape
        self.label = one_line(label)  # it is drawn, printed and made a part of HTML
        self._framed = Follower(tape, dialect)
        self._given = (tape, dialect, label)
        self._made: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        label = f" {self.label!r}" if self.label else ""
        size = f"{counted(len(self.tape), 'read')}, {counted(len(self.tape.body), 'byte')}"
        return f"<Tables{label}: {size}>"

    def __reduce__(self) -> tuple[type[Tables], tuple[Tape, Reading, str]]:
        """Copy and pickle the facts; the tables are made again on first use."""
        return Tables, self._given

    @property
    def tables(self) -> Tables:
        """These tables: where recordings are taken, tables are taken too."""
        return self

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

        If not, `t0_ns` is the first read, and every metric that counts from the send is NaN.
        """
        return not self.tape.marks.keys().isdisjoint(("request_sent", "called"))

    def unlabelled(self) -> Tables:
        """Return the same tables without a name, for a picture below a title that says it."""
        other = Tables.__new__(Tables)  # `copy` would make all tables again
        vars(other).update(vars(self), label="")
        return other

    # Framing (bytes to events) and interpreting (events to deltas) are two properties because
    # the second takes most of the time, and tables of reads and lines do not need it.

    @cached_property
    def framed(self) -> Follower:
        """The follower, closed: lines and events, no deltas yet."""
        self._framed.close()
        return self._framed

    @cached_property
    def follower(self) -> Follower:
        """The follower, closed, with all its deltas."""
        self._framed.poll(interpret=True)  # while the events are at hand
        self.framed.interpret()
        return self.framed

    @cached_property
    def answer(self) -> Answer:
        """The answer, which is the sum of the deltas: text, tool calls, usage."""
        return answer(self.follower.deltas.joined(), self.follower.reader)

    @cached_property
    def problem(self) -> str | None:
        """What went wrong, in one sentence; None if nothing did."""
        return problem(self.follower)

    @property
    def server_times(self) -> pd.DataFrame:
        """What the server says of its own times: ``name``, ``ms``, ``source``."""
        rows = server_times(self.answer, self.meta.get("headers") or ())
        table = pd.DataFrame(rows, columns=["name", "ms", "source"])
        return table.astype({"name": STRING, "ms": FLOAT, "source": STRING})

    @property
    @_kept
    def reads(self) -> pd.DataFrame:
        """One row a read of the socket; see `streamlab.metrics.views.reads`."""
        return views.reads(self.tape)

    @property
    @_kept
    def lines(self) -> pd.DataFrame:
        """One row a line, blank ones too; see `streamlab.metrics.views.lines`."""
        return ElidedLines(views.lines(self.tape, self.framed)).told(self.framed)

    @property
    @_kept
    def events(self) -> pd.DataFrame:
        """One row an event; see `streamlab.metrics.views.events`."""
        return views.events(self.tape, self.framed)

    @property
    @_kept
    def deltas(self) -> pd.DataFrame:
        """One row a delta; see `streamlab.metrics.views.deltas`."""
        return views.deltas(self.tape, self.follower)

    @property
    @_kept
    def sends(self) -> pd.DataFrame:
        """One row a write of the lab; see `views.sends`."""
        return views.sends(self.tape)

    @property
    @_kept
    def chunks(self) -> pd.DataFrame:
        """One row an event with generated text or a tool call; see `views.chunks`."""
        return views.chunks(self.tape, self.follower, self.deltas)

    @property
    @_kept
    def line_ends(self) -> pd.DataFrame:
        """When each line was complete: ``ms``, ``lo``, ``hi``; see `arrivals.ended`."""
        return ended(self.tape, self.framed)


def named(name: str, formula: str, of: Callable[[Tables], N]) -> Callable[[Tables], N]:
    """Return a metric: a function of `Tables` with a name, and its formula as docstring."""

    def metric(tables: Tables) -> N:
        return of(tables)

    metric.__name__ = metric.__qualname__ = name
    metric.__doc__, metric.__module__ = formula, of.__module__
    return metric


class HasTables(Protocol):
    """An object with the tables of one tape, such as a recording."""

    @property
    def tables(self) -> Tables: ...  # noqa: D102


def tables_of(given: object, complaint: str) -> Tables:
    """Return the tables of a recording, or the tables; a refusal begins with `complaint`."""
    tables = getattr(given, "tables", None)
    if not isinstance(tables, Tables):
        raise UsageError(
            f"{complaint}. Pass what sl.record returned, or sl.load(path) of a file."
        )
    return tables


Streams: TypeAlias = Iterable[HasTables] | Mapping[str, HasTables]
"""Several recordings: by name, or one after the other with their labels as names."""


def tables_by_name(asker: str, recordings: object) -> dict[str, Tables]:
    """Return the tables of `Streams`, or of one recording, by name; refusals name `asker`."""
    wanted = f"{asker} takes recordings, and"
    names = [one_line(str(n)) for n in recordings] if isinstance(recordings, Mapping) else None
    given = recordings.values() if isinstance(recordings, Mapping) else recordings
    if isinstance(given, str) or not isinstance(given, Iterable):
        given = [given]
    found = [tables_of(each, f"{wanted} {type(each).__name__} came") for each in given]
    if not found:
        raise UsageError(f"{wanted} none came. Pass [rec, arec].")
    # Names can become equal when they are made harmless.
    names = [each.label for each in found] if names is None else names
    return dict(zip(distinct(names), found, strict=True))
