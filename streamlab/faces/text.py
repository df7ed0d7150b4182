"""A recording as text: one line of facts, and a sparkline of its gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamlab.follow.gap import MERGED
from streamlab.follow.text import between, counted, duration, one_line, sparkline
from streamlab.tape import Tape

if TYPE_CHECKING:
    from streamlab.metrics import Tables

# `streamlab.metrics` is imported on use: it loads pandas, which takes 0.4 s.  The first
# `sl.record` of a process loads this module and needs no table before it sends its request.


def text(tables: Tables) -> str:
    """Return the recording in one line of facts, its gaps, and what is not known of them."""
    from streamlab.metrics.intervals import hidden

    said = f" — {tables.problem}" if tables.problem else ""
    drawn = gap_bars(tables)
    lines = [
        f"<Recording {facts(tables)}{said}>",
        drawn and f"gaps between reads {drawn}",
        hidden(tables),
    ]
    return "\n  ".join(filter(None, lines))


def short(tape: Tape, label: str) -> str:
    """Return the recording in one short line, from the tape alone."""
    return one_line(f"<Recording {_head(tape, label)}, ended: {tape.end.how}>")


def facts(tables: Tables) -> str:
    """Return the facts of the recording in one line."""
    first, in_all_ms = ttft(tables), (tables.tape.end.t_ns - tables.t0_ns) / 1e6
    since = "in all" if tables.t0_known else "from the first read (the send was not seen)"
    parts = [
        _head(tables.tape, tables.label),
        counted(len(tables.framed.lines), "line"),
        counted(len(tables.framed.events), "event"),
        f"ttft {first}" if first else "",
        f"{duration(in_all_ms)} {since}",
        f"ended: {tables.tape.end.how}",
    ]
    return one_line(", ".join(filter(None, parts)))


def ttft(tables: Tables) -> str:
    """Return the time to the first text, or its bounds in a merged read; "" if none came."""
    from streamlab.metrics.latency import ttft_ms

    lo_ms, hi_ms = ttft_ms(tables, "lo"), ttft_ms(tables, "hi")
    return between(lo_ms, hi_ms, duration) if hi_ms == hi_ms else ""


def gap_bars(tables: Tables) -> str:
    """Return the times between reads as a sparkline; a merged read's bar is hatched.

    "Unverified": of the read after the largest gap is not known whether it is merged.
    """
    reads = tables.reads
    begin = 0 if MERGED in tables.tape.columns.arrival[:1] else 1  # it may hide gaps within it
    drawn, longest = sparkline(reads["gap_ms"].tolist()[begin:]), reads.nlargest(1, "gap_ms")
    return f"{drawn}, unverified" if longest["arrival"].isna().any() else drawn


def gaps(tables: Tables) -> str:
    """Return what is known of the gaps, of ``icl_p50_ms`` and its kin, and what is not."""
    from streamlab.metrics.intervals import hidden, pieces

    (rows, what), reads, unknown = pieces(tables), tables.reads, hidden(tables)
    known_ms = rows.set_index("read")["gap_ms"].dropna()
    also = f" {unknown[:1].upper()}{unknown[1:]}." if unknown else ""
    if reads.empty:
        return f"No read arrived.{also}"
    over = f"{counted(len(reads), 'read')} over {duration(reads['t_ms'].iloc[-1])}"
    if known_ms.empty:
        return f"{over}: no gap between {what} is known.{also}"
    name = "known gap" if unknown else "gap"
    said = f"the median {name} between {what} is {duration(known_ms.median())}, the longest "
    longest = f"{duration(known_ms.max())}, before read {known_ms.idxmax()}"
    return f"{over}: {said}{longest}.{also}"


def _head(tape: Tape, label: str) -> str:
    status = tape.meta.get("status")
    known = f"HTTP {status}, " if status else ""
    return f"'{one_line(label)}', {known}{counted(len(tape), 'read')}"
