"""What stands in each line of a body: field, value and raw, for all lines at once.

The decoder keeps where a line ends and what kind it is; the text is cut out of
the body here, a million lines in a few passes over arrays.  Only lines that the
standard ignores, and bytes that are not UTF-8, are looked at one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from streamlab.decode.records import BLANK, COMMENT, DATA, ID, KINDS, OTHER, RETRY, Lines
from streamlab.decode.records import EVENT as EVENT_LINE
from streamlab.metrics.schema import blobs, slices, strings

LF, CR, COLON, SPACE = b"\n\r: "
BOM = b"\xef\xbb\xbf"

FIELDS = {DATA: "data", EVENT_LINE: "event", ID: "id", RETRY: "retry", COMMENT: "", BLANK: ""}
"""The field each kind of line was sent with; of ``other`` it stands in the line."""

NAMES: list[str | None] = [FIELDS.get(kind) for kind in range(len(KINDS))]
NAME_BYTES = np.array([len(name or "") for name in NAMES])
FIELD_KINDS = np.array([bool(name) for name in NAMES])


Array = np.ndarray


class Spans(NamedTuple):
    """Where the parts of each line begin and end in the body; arrays of int64."""

    start: Array
    text: Array  # the start, or the first byte after a byte order mark
    name: Array  # end of the field's name
    value: Array  # start of the value
    stop: Array  # end of the value: where the line's end begins
    end: Array


def line_columns(lines: Lines, body: Any, fields: bool = True) -> dict[str, Any]:
    """Return the columns of `lines` that do not depend on time or events.

    Parameters
    ----------
    lines : Lines
    body : bytes-like
        The decoded body; ``raw`` points into it.
    fields : bool
        Whether a line of kind ``other`` has a field: not in a page of HTML.
    """
    kinds = np.array(lines.kinds, dtype=np.uint8)
    odd = np.flatnonzero(kinds == OTHER) if fields else np.zeros(0, np.int64)
    spans = _spans(kinds, odd, np.array(lines.ends, dtype=np.int64), body)
    return {
        "kind": strings(pa.array(KINDS, pa.large_string()).take(pa.array(kinds))),
        "field": strings(_fields(kinds, odd, spans, body)),
        "value": strings(_text(_cut(body, spans.value, spans.stop))),
        "raw": blobs(slices(body, np.append(0, spans.end))),
        "start": spans.start,
        "end": spans.end,
    }


def _spans(kinds: Array, odd: Array, end: Array, body: Any) -> Spans:
    data = np.frombuffer(body, dtype=np.uint8) if len(body) else np.zeros(1, np.uint8)
    start = np.concatenate([np.zeros(1, np.int64), end])[: len(end)]
    stop = _without_end(data, start, end)
    text = start.copy()
    text[:1] += len(BOM) * (bytes(body[:3]) == BOM)
    name = text + NAME_BYTES[kinds]
    for row in odd:
        name[row] += (bytes(body[name[row] : stop[row]]) + b":").index(b":")
    has_field = FIELD_KINDS[kinds]
    has_field[odd] = True
    value = _after_colon(data, has_field, kinds == COMMENT, name, stop)
    return Spans(start, text, name, value, stop, end)


def _without_end(data: Array, start: Array, end: Array) -> Array:
    """Return the offsets at which the lines' ends begin: LF, CR, CRLF or nothing."""
    stop = end - np.isin(data[end - 1], (LF, CR))
    crlf = (data[end - 1] == LF) & (stop > start) & (data[stop - 1] == CR)
    before: Array = stop - crlf
    return before


def _after_colon(data: Array, field: Array, comment: Array, name: Array, stop: Array) -> Array:
    """Return where the values begin: after a colon, and after one space of a field's."""

    def follows(byte: int, at: Array) -> Array:
        found: Array = (at < stop) & (data[np.minimum(at, len(data) - 1)] == byte)
        return found

    value: Array = name + ((field | comment) & follows(COLON, name))
    value += field & (value > name) & follows(SPACE, value)
    return value


def _fields(kinds: Array, odd: Array, spans: Spans, body: Any) -> pa.Array:
    """Return the name of each line's field, as sent; null where there is no field."""
    index = kinds.astype(np.int64)
    names: dict[bytes, int] = {}
    for row in odd:
        name = bytes(body[spans.text[row] : spans.name[row]])
        index[row] = len(NAMES) + names.setdefault(name, len(names))
    sent = [name.decode("utf-8", "replace") for name in names]
    return pa.array(NAMES + sent, pa.large_string()).take(pa.array(index))


def _cut(body: Any, start: Array, stop: Array) -> pa.Array:
    """Return the bytes from each start to its stop: every second slice of the body."""
    offsets = np.stack([start, stop], axis=1).ravel()
    every = pa.array(np.arange(0, len(offsets), 2))
    return slices(body, offsets).take(every) if len(start) else pa.array([], pa.large_binary())


def _text(values: pa.Array) -> pa.Array:
    """Return bytes as text; what is not UTF-8 becomes U+FFFD, as the standard says."""
    try:
        return values.cast(pa.large_string())
    except pa.ArrowInvalid:
        text = [value.decode("utf-8", "replace") for value in values.to_pylist()]
        return pa.array(text, pa.large_string())
