"""The state of a live view: running totals of a log that is still growing.

The model asks the log for news; the log never calls the model.  So a view does not delay the
capture, and a slow view only shows an older state.  A state is made of JSON values, few and
small in a long stream too, and its text is harmless.  No header, no URL and no key is in it.

Rule: this module uses no widget, no thread, and no clock but the log's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

from streamlab.dialects import GENERATED, Delta, EventReader
from streamlab.faces.state import Line, State
from streamlab.follow import Follower, Log
from streamlab.follow.gap import queued
from streamlab.follow.text import one_line
from streamlab.live.latest import LatestGaps
from streamlab.live.tail import Tail

if TYPE_CHECKING:
    from streamlab.metrics import Tables

PLAIN = ("sse", "ndjson")
"""Dialects without deltas: the data of their events is shown as it is."""

_REMEMBERED = 64  # states from which a difference can start
_CHARS, _GAPS, _LINES, _LINE_CHARS = 8_000, 400, 10, 160  # the most that a state holds


class Mark(NamedTuple):
    """The extent of a numbered state: a later message leaves out the values up to there."""

    chars: int = 0
    lines: int = 0
    gaps: int = 0


class LiveModel:
    """Text, latest lines, gaps and counters of a log, as far as it has grown.

    Parameters
    ----------
    dialect, label : str
        How to read the events, and the name to show.

    Attributes
    ----------
    number : int
        Of the latest state; 0 before the first `pull`.
    """

    def __init__(
        self,
        log: Log,
        dialect: str = "auto",
        *,
        label: str = "",
        reader: EventReader | None = None,
    ) -> None:
        self.label = one_line(label, 200)
        self.clock: Callable[[], int] = getattr(log, "clock", time.perf_counter_ns)
        self.number = 0
        self._log, self._follower = log, Follower(log, dialect, reader)
        self._text, self._gaps = Tail(_CHARS), LatestGaps(log, _GAPS)
        self._ttft_ms: float | None = None
        self._stop_waited_ms: float | None = None
        self._facts: tuple[object, ...] = ()  # of the state numbered last
        self._marks: dict[int, Mark] = {}

    @property
    def state(self) -> str:
        """``waiting``, ``streaming``, ``done`` or ``failed``."""
        return self._follower.state

    def pull(self) -> bool:
        """Decode the new reads of the log; return whether there is a new state to show."""
        # Another thread writes the log.  So the end is looked at first: a read between the poll
        # and a later look at the end would be missing from a follower that is closed.
        if self._log.ended is None:
            self._follower.poll()
        else:
            self._follower.close()
        self._gaps.take(len(self._follower.lines_after))
        self._take_text(self._follower.interpret())
        return self._renumber()

    def stop_heard(self, waited_ms: float) -> None:
        """Note that a click on Stop arrived, and how long the click had waited."""
        if self._stop_waited_ms is None:
            self._stop_waited_ms = round(max(waited_ms, 0.0), 1)

    def snapshot(self, since: int = 0) -> State:
        """Return the values that are new since the state numbered `since`; a whole state for 0.

        A front end with state `since` applies the result and then has state ``number``.  Where
        `since` is unknown, the result is a whole state: its ``since`` is 0.
        """
        since = since if since in self._marks else 0
        mark = self._marks.get(since, Mark())
        now_ns, gaps = self.clock(), self._gaps.summary()
        return {
            "number": self.number,
            "since": since,
            "sent_ms": round(now_ns / 1e6, 3),
            "state": self.state,
            "ended": self._follower.ending(),
            "stop_waited_ms": self._stop_waited_ms,
            "label": self.label,
            "dialect": self._follower.dialect,
            "counts": self._counts(),
            "elapsed_ms": self._elapsed_ms(now_ns),
            "ttft_ms": self._ttft_ms,
            "median_gap_ms": gaps["median_gap_ms"],
            "longest_gap_ms": gaps["longest_gap_ms"],
            "longest_gap_read": gaps["longest_gap_read"],
            "queued": queued(self._log.columns),
            "text": self._text.since(mark.chars),
            "lines": self._lines(mark.lines),
            "gaps": self._gaps.since(mark.gaps, self._t0_ns() or 0),
        }

    def tables(self) -> Tables:
        """Return the tables of the log, as far as it has grown; a log that runs is copied."""
        from streamlab.metrics import Tables
        from streamlab.tape import Columns, End, Tape

        log, columns = self._log, self._log.columns
        end = log.ended or End(self.clock(), "cut", "this view was frozen before the end")
        if log.ended is None:  # an array with a view of it refuses to grow
            n_reads = len(columns.ends)
            copies = {f.name: getattr(columns, f.name)[:n_reads] for f in fields(columns)}
            columns = Columns(**copies)
        body = bytes(log.body[: columns.start(len(columns.ends))])
        tape = Tape(body, columns, end, dict(log.marks), dict(log.meta))
        return Tables(tape, self._follower.dialect, self.label)

    def _take_text(self, news: range) -> None:
        follower = self._follower
        made = (number for number in news if follower.deltas[number].kind in GENERATED)
        if self._ttft_ms is None and (first := next(made, None)) is not None:
            read = follower.read_of_line(follower.delta_lines[first])
            self._ttft_ms = self._arrived_ms(read)
        plain = follower.dialect in PLAIN
        self._text.extend(_shown(follower.deltas[number], plain) for number in news)

    def _renumber(self) -> bool:
        """Give the state a number, if anything in it is new."""
        counts = self._counts()
        dialect, t0_ns = self._follower.dialect, self._t0_ns()
        facts = (self.state, dialect, t0_ns, self._stop_waited_ms, *counts.values())
        if facts == self._facts:
            return False
        self._facts = facts
        self.number += 1
        self._marks[self.number] = Mark(counts["chars"], counts["lines"], counts["gaps"])
        self._marks.pop(self.number - _REMEMBERED, None)
        return True

    def _counts(self) -> dict[str, int]:
        follower = self._follower
        return {
            "reads": len(follower.lines_after),
            "lines": len(follower.lines),
            "events": len(follower.events),
            "bytes": len(self._log.body),
            "gaps": self._gaps.total,
            "chars": self._text.total,
        }

    def _lines(self, start: int) -> list[Line]:
        """Return the latest lines, from line `start` on."""
        n_lines = len(self._follower.lines)
        rows = range(max(start, n_lines - _LINES), n_lines)
        return [self._line(number, self._follower.read_of_line(number)) for number in rows]

    def _line(self, number: int, read: int) -> Line:
        # A line can be as long as the stream, and several states show it: only its first
        # bytes are copied and decoded.  A character has at most four bytes.
        text = self._follower.line(number, limit=4 * _LINE_CHARS + 4)
        return number, self._arrived_ms(read), read, one_line(text, _LINE_CHARS)

    def _elapsed_ms(self, now_ns: int) -> float | None:
        t0_ns, end = self._t0_ns(), self._log.ended
        if t0_ns is None:
            return None
        return round(((now_ns if end is None else end.t_ns) - t0_ns) / 1e6, 3)

    def _t0_ns(self) -> int | None:
        marks, arrived_ns = self._log.marks, self._log.columns.arrived_ns
        known = (marks.get("request_sent"), marks.get("called"))
        return next((t_ns for t_ns in (*known, *arrived_ns[:1]) if t_ns is not None), None)

    def _arrived_ms(self, row: int) -> float:
        t_ns = self._log.columns.arrived_ns[row]
        return round((t_ns - (self._t0_ns() or 0)) / 1e6, 3)


def _shown(delta: Delta, plain: bool) -> tuple[str, str]:
    """Return the kind and the text to show; of a plain stream, the data of each event."""
    if plain and delta.kind == "meta":
        return "data", delta.text + "\n"
    shown = delta.kind in GENERATED and delta.choice in (0, None)
    return delta.kind, delta.text if shown else ""
