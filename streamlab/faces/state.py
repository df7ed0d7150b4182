"""One state of a live view: JSON values that the browser and the frozen face both read."""

from __future__ import annotations

from typing import TypedDict

Line = tuple[int, float, int, str]
"""The number of a line, its arrival in ms since t0, its read, its text."""


class State(TypedDict):
    """All values of a view, or only those new since the state ``since``; times are in ms."""

    number: int
    since: int  # 0 for a whole state
    sent_ms: float  # the kernel's clock
    state: str  # waiting, streaming, done or failed
    ended: str  # in words; "" while the stream runs
    stop_waited_ms: float | None
    label: str
    dialect: str
    counts: dict[str, int]  # reads, lines, events, bytes, gaps, chars: so far
    elapsed_ms: float | None
    ttft_ms: float | None
    median_gap_ms: float | None
    longest_gap_ms: float | None
    longest_gap_read: float | None
    queued: str  # what merged reads hide, see `follow.gap.queued`; "" if all gaps are known
    text: list[list[str]]  # pairs of kind and text
    lines: list[Line]
    gaps: list[list[float | None]]  # its end, since t0; the gap, or None and its most
