"""The state of a live view: running totals of a log that is still growing.

The model asks the log for news; the log never calls the model.  So a view does not delay the
capture, and a slow view only shows an older state.  A state is made of JSON values, few and
small in a long stream too, and its text is harmless.  No header, no URL and no key is in it.

Rule: this module uses no widget, no thread, and no clock but the log's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, NamedTuple

from streamlab.dialects import GENERATED, PLAIN, Delta, Reading
from streamlab.faces.state import Line, State
from streamlab.follow import Follower, Log
from streamlab.follow.elide import shown_line
from streamlab.follow.gap import MERGED
from streamlab.follow.problem import ending, state
from streamlab.follow.text import one_line
from streamlab.live.rows import PieceGaps, ReadRows
from streamlab.live.tail import Piece, Tail

if TYPE_CHECKING:
    from streamlab.metrics import Tables

_REMEMBERED = 64  # states from which a difference can start
_CHARS, _READS, _LINES = 4_000, 1_000, 12  # the most that a state holds


class Mark(NamedTuple):
    """The extent of a numbered state: a later message leaves out the values up to there."""

    chars: int = 0
    lines: int = 0
    reads: int = 0


class LiveModel:
    """Text, latest lines, reads and counters of a log, as far as it has grown.

    `name` is the short one of several streams; `mode` is ``sync``, ``async`` or not known.
    `number` is that of the latest state, 0 before the first `pull`.
    """

    def __init__(
        self,
        log: Log,
        dialect: Reading = "auto",
        *,
        label: str = "",
        name: str = "",
        mode: str = "",
    ) -> None:
        self.label, self.name, self.mode = one_line(label, 200), one_line(name, 40), mode
        self.clock: Callable[[], int] = getattr(log, "clock", time.perf_counter_ns)
        self.number = 0
        self.log, self._follower = log, Follower(log, dialect)
        self._text, self._rows = Tail(_CHARS), ReadRows(self._follower, _READS)
        self._gaps = PieceGaps(self._follower)
        self._ttft_ms: float | None = None
        self._has_text = False
        self._stop_waited_ms: float | None = None
        self._facts: tuple[object, ...] = ()  # of the state numbered last
        self._marks: dict[int, Mark] = {}

    @property
    def state(self) -> str:
        """``waiting``, ``streaming``, ``done``, ``stopped`` or ``failed``."""
        return state(self._follower)

    def pull(self) -> bool:
        """Decode the new reads of the log; return whether there is a new state to show."""
        # Another thread writes the log.  So the end is looked at first: a read between the poll
        # and a later look at the end would be missing from a follower that is closed.
        if self.log.ended is None:
            self._follower.poll()
        else:
            self._follower.close()
        self._rows.take()
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
        now_ns, t0_ns = self.clock(), self._t0_ns() or 0
        longest_ms, longest_read = self._gaps.longest or (None, None)
        return {
            "number": self.number,
            "since": since,
            "sent_ms": round(now_ns / 1e6, 3),
            "state": self.state,
            "ended": ending(self._follower),
            "stop_waited_ms": self._stop_waited_ms,
            "label": self.label,
            "name": self.name,
            "mode": self.mode,
            "dialect": self._follower.dialect,
            "counts": self._counts(),
            "elapsed_ms": self._elapsed_ms(now_ns),
            "ttft_ms": self._ttft_ms,
            "median_gap_ms": _rounded(self._gaps.median_ms),
            "longest_gap_ms": _rounded(longest_ms),
            "longest_gap_read": longest_read,
            "text": self._text.since(mark.chars),
            "lines": self._lines(mark.lines),
            # The last read again: more of its bytes, and events, may have come since.
            "reads": self._rows.since(max(mark.reads - 1, 0), t0_ns),
        }

    def tables(self) -> Tables:
        """Return the tables of the log, as far as it has grown; a log that runs is copied."""
        from streamlab.metrics import Tables
        from streamlab.tape import End, Tape

        log, columns = self.log, deepcopy(self.log.columns)  # a log that runs still grows
        columns.mend(0)
        end = log.ended or End(self.clock(), "cut", "this view was frozen before the end")
        body = bytes(log.body[: columns.start(len(columns.ends))])
        tape = Tape(body, columns, end, dict(log.marks), dict(log.meta))
        return Tables(tape, self._follower.dialect, self.label)

    def _take_text(self, news: range) -> None:
        follower = self._follower
        plain = follower.dialect in PLAIN
        for number in news:
            line, kind = follower.delta_lines[number], follower.deltas[number].kind
            is_made = kind in GENERATED
            if is_made and not self._has_text:
                read, self._has_text = follower.read_of_line(line), True
                if self.log.columns.arrival[read] != MERGED:  # such a read hides the moment
                    self._ttft_ms = self._arrived_ms(read)
            # A plain stream has no answer: the gaps between its events are shown.
            if is_made or (plain and kind == "meta"):
                self._gaps.add(line)
        self._text.extend(self._piece(number, plain) for number in news)

    def _renumber(self) -> bool:
        counts = self._counts()
        dialect, t0_ns = self._follower.dialect, self._t0_ns()
        facts = (self.state, dialect, t0_ns, self._stop_waited_ms, *counts.values())
        if facts == self._facts:
            return False
        self._facts = facts
        self.number += 1
        self._marks[self.number] = Mark(counts["chars"], counts["lines"], counts["reads"])
        self._marks.pop(self.number - _REMEMBERED, None)
        return True

    def _counts(self) -> dict[str, int]:
        follower = self._follower
        return {
            "reads": len(follower.lines_after),
            "lines": len(follower.lines),
            "events": len(follower.events),
            "bytes": len(self.log.body),
            "gaps": self._gaps.total,
            "known": len(self._gaps.known),
            "chars": self._text.total,
        }

    def _lines(self, start: int) -> list[Line]:
        n_lines = len(self._follower.lines)
        return [self._line(number) for number in range(max(start, n_lines - _LINES), n_lines)]

    def _line(self, number: int) -> Line:
        line = shown_line(self._follower, number)
        at_ms = self._arrived_ms(line.read)
        return number, at_ms, line.read, line.kind, line.event, line.pieces, line.note

    def _piece(self, number: int, plain: bool) -> Piece:
        delta, line = self._follower.deltas[number], self._follower.delta_lines[number]
        kind, text = _shown(delta, plain)
        return kind, text, self._follower.read_of_line(line), delta.choice or 0

    def _elapsed_ms(self, now_ns: int) -> float | None:
        t0_ns, end = self._t0_ns(), self.log.ended
        if t0_ns is None:
            return None
        return round(((now_ns if end is None else end.t_ns) - t0_ns) / 1e6, 3)

    def _t0_ns(self) -> int | None:
        marks, arrived_ns = self.log.marks, self.log.columns.arrived_ns
        known = (marks.get("request_sent"), marks.get("called"))
        return next((t_ns for t_ns in (*known, *arrived_ns[:1]) if t_ns is not None), None)

    def _arrived_ms(self, row: int) -> float:
        return round((self.log.columns.arrived_ns[row] - (self._t0_ns() or 0)) / 1e6, 3)


def _shown(delta: Delta, plain: bool) -> tuple[str, str]:
    """Return the kind and the text to show; of a plain stream, the data of each event."""
    if plain and delta.kind == "meta":
        return "data", delta.text + "\n"
    return delta.kind, delta.text if delta.kind in GENERATED else ""


def _rounded(value_ms: float | None) -> float | None:
    return None if value_ms is None else round(value_ms, 3)
