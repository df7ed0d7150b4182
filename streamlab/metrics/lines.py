"""Field, value and raw bytes of each line of a body, for all lines at once.

The decoder stores the end and the kind of each line.  This module cuts the text out of the
body.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streamlab.decode.records import BLANK, COMMENT, DATA, ID, KINDS, OTHER, RETRY, Lines
from streamlab.decode.records import EVENT as EVENT_LINE
from streamlab.metrics.schema import (
    ROWS,
    Body,
    Bools,
    Ints,
    blobs,
    column,
    ints,
    slices,
    strings,
    words,
)

LF, CR, COLON, SPACE = b"\n\r: "
_LONG = 1 << 20  # bytes
BOM = b"\xef\xbb\xbf"
# The field of each kind of line; a line of kind ``other`` has its field in its text.
FIELDS = {DATA: "data", EVENT_LINE: "event", ID: "id", RETRY: "retry", COMMENT: "", BLANK: ""}
NAMES: list[str | None] = [FIELDS.get(kind) for kind in range(len(KINDS))]
NAME_BYTES = np.array([len(name or "") for name in NAMES])
FIELD_KINDS = np.array([bool(name) for name in NAMES])

Octets: TypeAlias = NDArray[np.uint8]

# A loop over a million lines takes seconds.  So each step below is one pass of NumPy over
# the offsets of all lines, and Arrow cuts the texts.  Only two kinds of lines are rare
# enough for a Python loop: lines of kind ``other``, and bytes that are not UTF-8.


class Spans(NamedTuple):
    """Where the parts of each line begin and end: offsets in the body."""

    start: Ints
    text: Ints  # the start of the line, or the first byte after a byte order mark
    name: Ints  # end of the field's name
    value: Ints  # the start of the value
    stop: Ints  # end of the value: where the line's end begins
    end: Ints


def line_columns(lines: Lines, body: Body, fields: bool = True) -> dict[str, object]:
    """Return the columns of `lines` that do not depend on time or events.

    ``raw`` points into the decoded body.  With `fields`, a line of kind ``other`` has a field;
    in a page of HTML it has none.
    """
    kinds, bounds = ints(lines.kinds), ints(lines.bounds())
    names: dict[bytes, int] = {}
    values: list[pa.Array] = []
    index = kinds.astype(np.int32) if OTHER in lines.kinds else kinds
    for at in range(0, len(kinds), ROWS):
        spans = spans_of(kinds[at : at + ROWS], bounds[at : at + ROWS + 1], body, fields)
        values += map(_text, cut(body, spans.value, spans.stop))
        for row in _odd(kinds[at : at + ROWS], fields):
            name = bytes(body[spans.text[row] : spans.name[row]])
            index[at + row] = len(NAMES) + names.setdefault(name, len(names))
    sent = [name.decode("utf-8", "replace") for name in names]
    return {
        "kind": words(KINDS, kinds),
        "field": words([*NAMES, *sent], index),
        "value": strings(pa.chunked_array(values, pa.large_string())),
        "raw": blobs(slices(body, bounds)),
        "start": bounds[:-1],
        "end": bounds[1:],
    }


def spans_of(
    line_kinds: bytearray | Octets, offsets: memoryview | Ints, body: Body, fields: bool = True
) -> Spans:
    """Return the parts of n lines of these kinds, between n + 1 offsets in the body."""
    kinds, bounds = np.array(line_kinds, np.uint8), np.asarray(offsets, np.int64)
    odd, start, end = _odd(kinds, fields), bounds[:-1], bounds[1:]
    data = np.frombuffer(body, dtype=np.uint8) if len(body) else np.zeros(1, np.uint8)
    stop = _without_end(data, start, end)
    text = start.copy()
    if bounds[0] == 0 and bytes(body[:3]) == BOM:
        # The standard drops one byte order mark at the very start.  `raw` keeps it: the raws
        # of all lines joined are the body.
        text[:1] += len(BOM)
    name = text + NAME_BYTES[kinds]
    for row in odd:
        name[row] += (bytes(body[name[row] : stop[row]]) + b":").index(b":")
    has_field = FIELD_KINDS[kinds]
    has_field[odd] = True
    value = _after_colon(data, has_field, kinds == COMMENT, name, stop)
    return Spans(start, text, name, value, stop, end)


def _odd(kinds: Octets, fields: bool) -> Ints:
    return np.flatnonzero(kinds == OTHER) if fields else np.zeros(0, np.int64)


def _without_end(data: Octets, start: Ints, end: Ints) -> Ints:
    """Return the offsets at which the lines' ends begin: LF, CR, CRLF or nothing."""
    stop = np.where(np.isin(data[end - 1], (LF, CR)), end - 1, end)
    # An empty line of a bare LF can follow a line that ended in CR: that CR is not part of
    # it, and its index may be -1.  Hence the test that the line is not empty.
    crlf = (data[end - 1] == LF) & (stop > start) & (data[stop - 1] == CR)
    return np.where(crlf, stop - 1, stop)


def _after_colon(data: Octets, field: Bools, comment: Bools, name: Ints, stop: Ints) -> Ints:
    """Return where the values begin: after a colon, and in a field after one space."""

    def follows(byte: int, at: Ints) -> Bools:
        # A name can end where the body ends; `minimum` keeps that index in the array, and
        # `at < stop` makes sure that the byte found there does not count.
        found: Bools = (at < stop) & (data[np.minimum(at, len(data) - 1)] == byte)
        return found

    value = np.where((field | comment) & follows(COLON, name), name + 1, name)
    return np.where(field & (value > name) & follows(SPACE, value), value + 1, value)


def cut(body: Body, start: Ints, stop: Ints) -> list[pa.Array]:
    """Return the bytes from each start to its stop, in arrays that follow each other.

    The next start is behind that stop.
    """
    # A value can be as long as the stream: each long one points into the body.
    long = np.flatnonzero(stop - start > _LONG)
    rows = np.unique([0, *long, *(long + 1), len(start)])
    return [_cut(body, start[a:b], stop[a:b]) for a, b in pairwise(rows)]


def _cut(body: Body, start: Ints, stop: Ints) -> pa.Array:
    if len(start) == 1:
        return slices(body, np.append(start, stop))
    # Not with Arrow's `take`: its allocator keeps as much again of what is freed.
    first, last = start[0], stop[-1]
    steps = np.zeros(last - first + 1, np.int8)
    steps[start - first] += 1
    steps[stop - first] -= 1
    inside = np.cumsum(steps[:-1], out=steps[:-1]).view(bool)
    octets = column(np.array, np.frombuffer(memoryview(body)[first:last], np.uint8)[inside])
    parts = np.append(0, np.cumsum(stop - start)), np.ascontiguousarray(octets)
    buffers = [None, *map(pa.py_buffer, parts)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(start), buffers)


def _text(values: pa.Array) -> pa.Array:
    """Return bytes as text; bytes that are not UTF-8 become U+FFFD, as the standard says."""
    try:
        return values.cast(pa.large_string())
    except pa.ArrowInvalid:
        text = [value.decode("utf-8", "replace") for value in values.to_pylist()]
        return pa.array(text, pa.large_string())
