"""What a live view knows: running totals of a log that is still growing.

The model asks the log for news; the log never calls the model.  So the capture
keeps its thread and its times to itself, and a slow view is merely a stale one.
All that leaves here are JSON values, few and small however long the stream is,
and already free of control characters; no header, no URL, no key is among them.

Rule: no widget, no thread, and no clock but the log's in here.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from streamlab.follow import Follower, Log
from streamlab.live.latest import LatestGaps
from streamlab.live.tail import Tail, picture
from streamlab.live.verdict import end_of, ending_of, state_of

TEXT_KINDS = ("content", "reasoning", "tool_call", "refusal")
"""The kinds of delta whose text is shown, and of which the first is the first token."""

PLAIN = ("sse", "ndjson")
"""Dialects without deltas: what their events carry is shown as it is."""

_REMEMBERED = 64  # states that a delta can start from


class LiveLog(Log, Protocol):
    """A log with the phases of its request: `Recorder` and `Tape` both."""

    @property
    def marks(self) -> Mapping[str, int]: ...  # noqa: D102


class Mark(NamedTuple):
    """How far a numbered state reached: what a later delta leaves out."""

    chars: int = 0
    lines: int = 0
    gaps: int = 0


class LiveModel:
    """Text, latest lines, gaps and counters of a log, as far as it has grown.

    Parameters
    ----------
    log : Recorder or Tape
        Asked for news, never told anything.
    dialect : str
        ``"auto"`` decides from the URL, the content type and the first event.
    label : str
        The name of the stream, as it is shown.
    t0_ns : int, optional
        Where times count from; by default when the request's first byte was written.
    clock : callable, optional
        Nanoseconds; the log's own by default.  Only the elapsed time needs it.
    n_lines, n_gaps, n_chars : int
        How much of the end of the stream a view is given.

    Attributes
    ----------
    number : int
        Of the latest state; 0 before the first `pull`.
    """

    def __init__(
        self,
        log: LiveLog,
        dialect: str = "auto",
        *,
        label: str = "",
        t0_ns: int | None = None,
        clock: Callable[[], int] | None = None,
        n_lines: int = 10,
        n_gaps: int = 400,
        n_chars: int = 8_000,
    ) -> None:
        self.label = picture(label)[:200]
        logs_own: Callable[[], int] = getattr(log, "clock", time.perf_counter_ns)
        self.clock = clock or logs_own
        self.number = 0
        self._log, self._follower = log, Follower(log, dialect)
        self._t0_given, self._n_lines = t0_ns, n_lines
        self._text, self._gaps = Tail(n_chars), LatestGaps(log, n_gaps)
        self._choices: set[int | None] = set()
        self._ttft_ms: float | None = None
        self._stop_waited_ms: float | None = None
        self._closed = False
        self._facts: tuple[Any, ...] = ()  # of the state numbered last
        self._marks: dict[int, Mark] = {}

    @property
    def state(self) -> str:
        """``waiting``, ``streaming``, ``done`` or ``failed``."""
        return state_of(self._log, self._follower)

    def pull(self) -> bool:
        """Take in what the log has gained; say whether there is a new state to show."""
        ended = end_of(self._log) is not None  # asked first: no read comes after it
        if ended and not self._closed:
            self._follower.close()
            self._closed = True
        else:
            self._follower.poll()
        self._gaps.take(len(self._follower.lines_after))
        self._take_text(self._follower.interpret())
        return self._renumber()

    def stop_heard(self, waited_ms: float) -> None:
        """Note that a click on Stop came through, and how long it had waited."""
        if self._stop_waited_ms is None:
            self._stop_waited_ms = round(max(waited_ms, 0.0), 1)

    def snapshot(self, since: int = 0) -> dict[str, Any]:
        """Return what is new since the state numbered `since`; all of it for 0.

        A front end that has state `since` applies the answer and then has state
        ``number``.  Where `since` is unknown the answer's ``since`` is 0: it stands alone.

        Returns
        -------
        dict
            JSON values.  ``text``: pairs of kind and text.  ``lines``: number, ms since t0,
            read, line.  ``gaps``: ms since t0, ms.  ``sent_ms``: the kernel's own clock.
        """
        since = since if since in self._marks else 0
        mark = self._marks.get(since, Mark())
        now_ns = self.clock()
        return {
            "number": self.number,
            "since": since,
            "sent_ms": round(now_ns / 1e6, 3),
            "state": self.state,
            "ended": ending_of(self._log, self._follower),
            "stop_waited_ms": self._stop_waited_ms,
            "label": self.label,
            "dialect": self._follower.dialect,
            "counts": self._counts(),
            "elapsed_ms": self._elapsed_ms(now_ns),
            "ttft_ms": self._ttft_ms,
            **self._gaps.summary(),
            "text": self._text.since(mark.chars),
            "lines": self._lines(mark.lines),
            "gaps": self._gaps.since(mark.gaps, self._t0_ns() or 0),
        }

    def overview(self, n_columns: int = 60) -> list[float]:
        """Return the longest gap, in ms, in each of up to `n_columns` equal runs of gaps."""
        return self._gaps.overview(n_columns)

    def _take_text(self, news: range) -> None:
        follower = self._follower
        for number in news:
            if self._ttft_ms is None and _is_token(follower.deltas[number]):
                event = follower.delta_events[number]
                self._ttft_ms = self._arrived_ms(_row_of(follower.events_after, event))
        deltas = [follower.deltas[number] for number in news]
        self._choices |= {delta.choice for delta in deltas if delta.kind in TEXT_KINDS}
        self._text.extend(_shown(delta, plain=follower.dialect in PLAIN) for delta in deltas)

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
            "choices": len(self._choices),
        }

    def _lines(self, start: int) -> list[list[Any]]:
        """Return the latest lines from `start` on: number, ms, read, what it says."""
        n_lines = len(self._follower.lines)
        rows = []
        for line in range(max(start, n_lines - self._n_lines), n_lines):
            row = _row_of(self._follower.lines_after, line)
            rows.append([line, self._arrived_ms(row), row, self._line(line)])
        return rows

    def _line(self, line: int) -> str:
        ends = self._follower.lines.ends
        begin = ends[line - 1] if line else 0
        raw = bytes(self._follower.body[begin : min(ends[line], begin + 400)])
        return picture(raw.decode("utf-8", "replace").rstrip("\r\n"))[:160]

    def _elapsed_ms(self, now_ns: int) -> float | None:
        t0_ns, end = self._t0_ns(), end_of(self._log)
        if t0_ns is None:
            return None
        return round(((now_ns if end is None else end.t_ns) - t0_ns) / 1e6, 3)

    def _t0_ns(self) -> int | None:
        marks, arrived_ns = self._log.marks, self._log.columns.arrived_ns
        known = (self._t0_given, marks.get("request_sent"), marks.get("called"))
        return next((t_ns for t_ns in (*known, *arrived_ns[:1]) if t_ns is not None), None)

    def _arrived_ms(self, row: int) -> float:
        t_ns = self._log.columns.arrived_ns[row]
        return round((t_ns - (self._t0_ns() or 0)) / 1e6, 3)


def _shown(delta: Any, plain: bool) -> tuple[str, str]:
    """Return the kind and text to show: of a plain stream the data, a line an event."""
    if plain and delta.kind == "meta":
        return "data", delta.text + "\n"
    shown = delta.kind in TEXT_KINDS and delta.choice in (0, None)
    return delta.kind, delta.text if shown else ""


def _is_token(delta: Any) -> bool:
    return delta.kind in TEXT_KINDS and bool(delta.text)


def _row_of(after: Any, number: int) -> int:
    """Return the read that completed a line or an event, from the counts after each read."""
    return min(bisect_right(after, number), len(after) - 1)
