"""The tables as functions of one tape: reads, lines, events, deltas, sends, and chunks.

Rule: these functions keep no state and read no clock; `Tables` keeps the tables.
"""

from __future__ import annotations

from array import array
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray

from streamlab.decode import framing_of
from streamlab.dialects import GENERATED
from streamlab.follow import Follower
from streamlab.follow.columns import described
from streamlab.follow.gap import MERGED
from streamlab.metrics.arrivals import Arrivals, arrivals_of, brought, ms_since
from streamlab.metrics.lines import LF, cut, line_columns
from streamlab.metrics.schema import (
    ROWS,
    Floats,
    Ints,
    blobs,
    column,
    frame,
    integers,
    ints,
    known,
    numbers,
    slices,
    strings,
    texts,
    words,
)
from streamlab.tape import ARRIVALS, TIERS, UNKNOWN, Sends, Tape


@described("reads")
def reads(tape: Tape) -> pd.DataFrame:
    """Return the reads of a tape: the facts."""
    columns, arrivals = tape.columns, arrivals_of(tape)
    bounds = np.append(0, ints(columns.ends))
    number, at_end = numbers(len(tape)), np.broadcast_to(True, len(tape))
    times = arrivals.of(number, at_end)
    del times["coalesced"]
    facts: dict[str, object] = {
        "arrival": words(ARRIVALS, arrivals.kind),
        "t_lo_ms": column(partial(ms_since, tape.t0_ns), arrivals.lo_ns),
        "gap_lo_ms": arrivals.gap_ms(number, at_end, 1),
        "gap_hi_ms": arrivals.gap_ms(number, at_end, 2),
        "n_segments": known(columns.n_segments),
        "n_bytes": column(np.subtract, bounds[1:], bounds[:-1]),
        "start": bounds[:-1],
        "end": bounds[1:],
        "raw": blobs(slices(tape.body, bounds)),
    }
    return frame("reads", times | _stamps(tape, arrivals) | facts)


def _stamps(tape: Tape, arrivals: Arrivals) -> dict[str, object]:
    columns, kind, sent = tape.columns, arrivals.kind, tape.server_sent_ns

    def lag(tier: Ints, seen: Ints, since: Ints) -> Floats:
        # The weaker tiers have one stamp for both moments: a lag of 0 would not be measured.
        both = (tier == TIERS.index("kernel")) & (seen != UNKNOWN) & (since != UNKNOWN)
        return np.where(both, (seen - since) / 1e6, np.nan)

    # Of a merged read this is the lag of its last byte, the shortest.  The first byte's lag is
    # the longest; where the kind is known and is not merged, both are one.
    def longest(kind: Ints, shortest: Floats, *of: Ints) -> Floats:
        return np.where((kind != MERGED) & (kind != UNKNOWN), shortest, lag(*of))

    facts = ints(columns.tier), ints(columns.seen_ns)
    lag_ms = column(lag, *facts, arrivals.arrived_ns)
    return {
        "lag_ms": column(lambda kind, ms: np.where(kind == MERGED, np.nan, ms), kind, lag_ms),
        "lag_lo_ms": lag_ms,
        "lag_hi_ms": column(longest, kind, lag_ms, *facts, arrivals.lo_ns),
        "server_sent_ns": known(np.broadcast_to(UNKNOWN, len(tape)) if sent is None else sent),
        "arrived_ns": arrivals.arrived_ns,
        "seen_ns": known(columns.seen_ns),
        "delivered_ns": known(columns.delivered_ns),
        "stamp": words(TIERS, facts[0]),
    }


@described("lines")
def lines(tape: Tape, follower: Follower) -> pd.DataFrame:
    """Return the lines of a body, blank ones and ignored ones too."""
    text = line_columns(follower.lines, follower.body, fields=_has_fields(tape, follower))
    number = numbers(len(follower.lines))
    arrived = arrivals_of(tape).of(*brought(follower, number))
    event: dict[str, object] = {"line": number, "event": _event_of(number, follower)}
    return frame("lines", arrived | text | event)


@described("events")
def events(tape: Tape, follower: Follower) -> pd.DataFrame:
    """Return the events, as a consumer of server-sent events or NDJSON receives them."""
    rows, code = follower.events, ints(follower.events.codes)
    retry = integers(retry for _, _, retry in rows.kinds)
    retry_ms, bounds = retry.to_numpy("int64", na_value=0), ints(follower.lines.bounds())
    first, last = _blocks(follower)
    columns: dict[str, object] = {
        "event": numbers(len(rows)),
        "type": words([kind for kind, _, _ in rows.kinds], code),
        "data": _data(follower, bounds),
        "id": words([name for _, name, _ in rows.kinds], code),
        "retry": known(column(retry_ms.take, code), column(retry.isna().take, code)),
        "first_line": first,
        "last_line": last,
        "n_bytes": column(lambda first, last: bounds[last + 1] - bounds[first], first, last),
    }
    arrived = arrivals_of(tape).of(*brought(follower, last))
    return frame("events", arrived | columns)


def _data(follower: Follower, bounds: Ints) -> ExtensionArray:
    # Texts that are in the body are cut out of it, without a Python object for each.
    rows, parts = follower.events, []
    for at in range(0, len(rows), ROWS // 2):  # then parts often equal those of the lines
        some = range(at, min(at + ROWS // 2, len(rows)))
        if rows.apart.keys().isdisjoint(some):
            first, last = (column[at : some.stop] for column in _blocks(follower))
            is_block, end = last > first, bounds[last + 1]
            start = bounds[last - is_block] + 6 * is_block
            end = end - is_block - (np.frombuffer(follower.body, np.uint8)[end - 1] == LF)
            parts += [part.cast(pa.large_string()) for part in cut(follower.body, start, end)]
        else:
            parts.append(pa.array(texts(rows[each].data for each in some)))
    return strings(pa.chunked_array(parts, pa.large_string()))


@described("deltas")
def deltas(tape: Tape, follower: Follower) -> pd.DataFrame:
    """Return the deltas: what each event adds to the answer."""
    rows = follower.deltas
    text = slices(memoryview(rows.text).toreadonly(), ints(rows.bounds)).cast(pa.large_string())
    event, line = ints(follower.delta_events), ints(follower.delta_lines)
    columns: dict[str, object] = {
        "delta": numbers(len(rows)),
        "event": known(event, column(partial(np.less_equal, len(follower.events)), event)),
        "kind": words(rows.kinds, ints(rows.codes)),
        "choice": known(rows.choice),
        "text": strings(text),
        "n_tokens": known(rows.n_tokens),
    }
    arrived = arrivals_of(tape).of(*brought(follower, line))
    return frame("deltas", arrived | columns)


@described("sends")
def sends(tape: Tape) -> pd.DataFrame:
    """Return the writes of the lab, from its own log: when the server sent what."""
    log = tape.sends or Sends(array("q"), array("q"), array("q"))
    end, sent, due = (np.array(column, dtype=np.int64) for column in log)
    read = np.searchsorted(np.array(tape.columns.ends, dtype=np.int64), end).astype(np.int64)
    columns: dict[str, object] = {
        "send": np.arange(len(end), dtype=np.int64),
        "read": known(read, read >= len(tape)),
        "t_ms": ms_since(tape.t0_ns, sent),
        "gap_ms": np.append(np.nan, np.diff(sent) / 1e6)[: len(end)],
        "sent_ns": sent,
        "due_ns": known(due),
        "n_bytes": np.diff(end, prepend=0),
        "start": np.append(0, end)[:-1],
        "end": end,
    }
    return frame("sends", columns)


def chunks(tape: Tape, follower: Follower, table: pd.DataFrame) -> pd.DataFrame:
    """Return the events with generated text or a tool call; the summary calls them chunks.

    An event with several generated deltas is one chunk; `table` are its `deltas`.  ``gap_ms``:
    since the last arrival of a chunk, see `lines`; ``hidden_ms``: where it is not known, how
    long it was at most, else NaN.  ``n_tokens``: NA unless the server reports all of them.
    """
    # `loc` would copy the texts first: one can be as long as the stream.
    rows = table[["event", "read", "t_ms", "n_tokens"]][table["kind"].isin(GENERATED)]
    by_event = rows.groupby("event", sort=False)
    made = by_event[["read", "t_ms"]].first().reset_index()
    line = _blocks(follower)[1][made["event"].to_numpy("int64")]
    gap_ms = partial(arrivals_of(tape).gap_ms, *brought(follower, line))
    made["gap_ms"] = gap_ms()
    made["hidden_ms"] = pd.Series(gap_ms(2)).where(made["gap_ms"].isna())
    # The sum skips NA, so it is kept only for events without one.  `array` drops the index,
    # which is the number of the event and not of the row.
    n_tokens = by_event["n_tokens"].sum(min_count=1)
    made["n_tokens"] = n_tokens.where(by_event["n_tokens"].count() == by_event.size()).array
    return made


def _has_fields(tape: Tape, follower: Follower) -> bool:
    """Return whether a line of kind ``other`` has an ignored field; else it is page text."""
    framing = framing_of(str(tape.meta.get("content_type") or ""))
    return follower.dialect != "auto" or framing != "text"


def _blocks(follower: Follower) -> tuple[Ints, Ints]:
    rows = follower.events
    return ints(rows.first_line), ints(rows.last_line)


def _event_of(line: Ints, follower: Follower) -> ExtensionArray:
    """Return the event that each line is part of; NA for lines of no event."""
    # The search finds the first event that ends at the line or after it.  The line is part of
    # that event only if so many have begun: between two events there can be other lines.
    first, last = _blocks(follower)
    event = column(lambda line: np.array(np.searchsorted(last, line), np.int64), line)
    begun = partial(np.searchsorted, first, side="right")
    return known(event, column(lambda line, event: begun(line) != event + 1, line, event))
