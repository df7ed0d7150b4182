"""A recording as text: one line of facts, and a sparkline of its gaps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from streamlab.follow.text import counted, one_line, sparkline
from streamlab.tape import Tape

if TYPE_CHECKING:
    from streamlab.metrics import Tables

# `streamlab.metrics` is imported on use: it loads pandas, which takes 0.4 s.  The first
# `sl.record` of a process loads this module and needs no table before it sends its request.


def text(tables: Tables) -> str:
    """Return the recording in one line of facts, and its gaps as a second."""
    said = f" — {tables.problem}" if tables.problem else ""
    drawn = sparkline(known_gaps_ms(tables))
    return f"<Recording {facts(tables)}{said}>" + (f"\n  gaps {drawn}" if drawn else "")


def short(tape: Tape, label: str) -> str:
    """Return the recording in one short line, from the tape alone."""
    return one_line(f"<Recording {_head(tape, label)}, ended: {tape.end.how}>")


def facts(tables: Tables) -> str:
    """Return the facts of the recording in one line."""
    from streamlab.metrics import summary

    ttft = summary(tables)["ttft_ms"]
    in_all_ms = (tables.tape.end.t_ns - tables.t0_ns) / 1e6
    since = "in all" if tables.t0_known else "from the first read (the send was not seen)"
    parts = [
        _head(tables.tape, tables.label),
        counted(len(tables.framed.lines), "line"),
        counted(len(tables.framed.events), "event"),
        "" if math.isnan(ttft) else f"ttft {ttft:.1f} ms",
        f"{in_all_ms:.1f} ms {since}",
        f"ended: {tables.tape.end.how}",
    ]
    return one_line(", ".join(filter(None, parts)))


def known_gaps_ms(tables: Tables) -> list[float]:
    """Return the times between reads, in ms."""
    gaps: list[float] = tables.reads["gap_ms"].dropna().tolist()
    return gaps


def _head(tape: Tape, label: str) -> str:
    status = tape.meta.get("status")
    known = f"HTTP {status}, " if status else ""
    return f"'{one_line(label)}', {known}{counted(len(tape), 'read')}"
