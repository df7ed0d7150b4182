"""One state of a live view: JSON values for the browser."""

from typing import TypedDict

# The number of a line, its arrival in ms since t0, its read, its kind, its event or -1, its
# pieces and its note; see `streamlab.follow.elide.ShownLine`.
Line = tuple[int, float, int, str, int, list[tuple[str, str]], str]


class State(TypedDict):
    """All values of a view, or only those new since the state ``since``; times are in ms."""

    number: int
    since: int  # 0 for a whole state
    sent_ms: float  # the kernel's clock
    state: str  # waiting, streaming, done, stopped or failed
    ended: str  # in words; "" while the stream runs
    stop_waited_ms: float | None
    label: str
    name: str  # of one of several streams, else ""
    mode: str  # sync, async, or "" if that is not known
    dialect: str
    counts: dict[str, int]  # reads, lines, events, bytes, gaps, known (gaps), chars: so far
    elapsed_ms: float | None
    ttft_ms: float | None
    median_gap_ms: float | None  # of the known gaps between pieces, as the longest
    longest_gap_ms: float | None
    longest_gap_read: int | None
    text: list[tuple[str, str, int, int]]  # kind, text, read, choice
    lines: list[Line]
    reads: list[list[float | None]]  # see `streamlab.live.rows.Row`


class View(TypedDict):
    """One message to the browser: the states of all streams of a view."""

    streams: list[State]
