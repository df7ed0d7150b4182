"""What each column of the tables means: the one text behind docstrings, files and `explain`.

It is here, and not beside the tables, because a docstring is made at import, when pandas must
not be loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

_ARRIVAL = {
    "time": "when it arrived, in UTC; NaT without an anchor",
    "t_ms": "when it arrived, since t0",
}
_ROW = _ARRIVAL | {
    "gap_ms": "since the last arrival of a row of this table; NaN where that is not known",
    "coalesced": "whether it came in one read with the row above, so that it has no gap",
}
_OFFSETS = (
    "offset in the {} body, of its first byte",
    "offset in the {} body, after its last byte",
)


def _offsets(body: str) -> dict[str, str]:
    return {"start": _OFFSETS[0].format(body), "end": _OFFSETS[1].format(body)}


COLUMNS: Mapping[str, Mapping[str, str]] = {
    "reads": {
        "read": "its number",
        **_ARRIVAL,
        "gap_ms": "since the read before; NaN where it is not known",
        "lag_ms": "from arrival to the return of Python's read; NaN if only one was stamped",
        "arrival": "single (one segment), burst (several that came together while the reader "
        "waited), merged (several that queued while the reader was away: the bytes came from "
        "t_lo_ms to t_ms, so it has no gap and no lag); NA: gap and lag are unverified",
        "t_lo_ms": "its first byte arrived no earlier than this; NaN for one segment, or if "
        "unknown",
        "gap_lo_ms": "the gap before it is no shorter",
        "gap_hi_ms": "the gap before it is no longer",
        "lag_lo_ms": "the lag of its last byte",
        "lag_hi_ms": "the lag of its first byte is no longer; NaN if unknown",
        "server_sent_ns": "when the lab wrote its last byte; NA for other servers",
        "arrived_ns": "when the kernel received it; in a weaker tier, when Python had it",
        "seen_ns": "when Python's read returned",
        "delivered_ns": "when the consumer was given the first piece of it; NA if never",
        "stamp": "the tier of the arrival: kernel, user or iterator",
        "n_segments": "TCP segments in it; NA if unknown",
        "n_bytes": "its size",
        **_offsets("encoded"),
        "raw": "its bytes",
    },
    "lines": {
        "line": "its number",
        "read": "the read that brought its end",
        **_ROW,
        "kind": "data, event, id, retry, comment, blank, other (the standard ignores it), json "
        "(of NDJSON) or tail (the body stopped inside it)",
        "field": "the text before the first colon, as sent; NA where there are no fields",
        "value": "the text after the colon and one space; without a field, the whole text",
        "raw": "its bytes, with its end",
        **_offsets("decoded"),
        "event": "the event that it is part of; NA for none",
    },
    "events": {
        "event": "its number",
        "read": "the read that completed it",
        **_ROW,
        "type": "message, unless the stream names another",
        "data": "its data, lines joined by LF",
        "id": "the last event ID",
        "retry": "in ms; NA if its block set none",
        "first_line": "of its block",
        "last_line": "of its block",
        "n_bytes": "of its lines, with their ends",
    },
    "deltas": {
        "delta": "its number",
        "event": "the event it came with; of a comment the next one, NA if none came",
        "read": "the read that completed it",
        **_ROW,
        "kind": "role, content, reasoning, tool_call, refusal, finish, usage, error, done, …",
        "choice": "the choice it belongs to; NA if none is meant",
        "text": "what it adds",
        "n_tokens": "its tokens, if the server reports them for this delta alone; else NA",
    },
    "sends": {
        "send": "its number",
        "read": "the read that brought its last byte; NA if none did",
        "t_ms": "when the lab sent it, since t0",
        "gap_ms": "since the write before: a silence here is one of the server",
        "sent_ns": "when it was sent",
        "due_ns": "when it was to be sent",
        "n_bytes": "its size",
        **_offsets("encoded"),
    },
}
"""Table, column, meaning.  Units are in the names, see `unit_of`."""

HOW_TO_ASK = 'sl.explain("icl_p50_ms") says what a metric means, sl.explain() lists all.'

_UNITS = {
    "_ms": "ms",
    "_ns": "ns of the monotonic clock",
    "_bytes": "bytes",
    "_share": "from 0 to 1",
}


def unit_of(name: str) -> str:
    """Return the unit of a column or a metric by its name; "" without one."""
    if name.startswith(("tok_s", "prefill_tok_s")):
        return "tokens/s"
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")


def described(table: str) -> Callable[[F], F]:
    """Add the meanings of the columns of a table to the docstring of a function."""

    def add(function: F) -> F:
        rows = "\n".join(f"- ``{name}``: {said}" for name, said in COLUMNS[table].items())
        function.__doc__ = f"{function.__doc__}\n\nColumns:\n\n{rows}\n"
        return function

    return add
