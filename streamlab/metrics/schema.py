"""The columns of the tables: names, order and dtypes, in this one place.

Integers that can be missing are ``Int64``; times that can be missing are float64
milliseconds with NaN; text and bytes are Arrow arrays.

Rule: a table has exactly these columns, also when it has no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from streamlab.follow.text import whole

INT = np.dtype("int64")
MAYBE_INT = pd.Int64Dtype()
FLOAT = np.dtype("float64")
BOOL = np.dtype("bool")
TIME = pd.DatetimeTZDtype("ns", "UTC")
# Text and bytes stay in Arrow: a million lines are two buffers, not a million Python
# objects.  The offsets are the large ones of 64 bits: with 32 bits, a column of more than
# 2 GiB would have to be split into pieces.
STRING = pd.StringDtype("pyarrow")
BYTES = pd.ArrowDtype(pa.large_binary())
# No column is categorical, although `kind` has few values: grouping by a category also
# counts the values that do not occur, and the default of pandas for this is changing.

Body: TypeAlias = bytes | bytearray | memoryview
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Schema: TypeAlias = Mapping[str, Any]  # names to dtypes, of NumPy or of pandas

_ARRIVAL: Schema = {"read": INT, "time": TIME, "t_ms": FLOAT, "gap_ms": FLOAT}
_ROW: Schema = {**_ARRIVAL, "coalesced": BOOL}  # for rows of which several can come in one read

READS: Schema = {
    **_ARRIVAL,
    "lag_ms": FLOAT,
    "arrival": STRING,
    "t_lo_ms": FLOAT,
    "gap_lo_ms": FLOAT,
    "gap_hi_ms": FLOAT,
    "lag_lo_ms": FLOAT,
    "lag_hi_ms": FLOAT,
    "server_sent_ns": MAYBE_INT,
    "arrived_ns": INT,
    "seen_ns": MAYBE_INT,
    "delivered_ns": MAYBE_INT,
    "stamp": STRING,
    "n_segments": MAYBE_INT,
    "n_bytes": INT,
    "start": INT,
    "end": INT,
    "raw": BYTES,
}

LINES: Schema = {
    "line": INT,
    **_ROW,
    "kind": STRING,
    "field": STRING,
    "value": STRING,
    "raw": BYTES,
    "start": INT,
    "end": INT,
    "event": MAYBE_INT,
}

EVENTS: Schema = {
    "event": INT,
    **_ROW,
    "type": STRING,
    "data": STRING,
    "id": STRING,
    "retry": MAYBE_INT,
    "first_line": INT,
    "last_line": INT,
    "n_bytes": INT,
}

DELTAS: Schema = {
    "delta": INT,
    "event": MAYBE_INT,
    **_ROW,
    "kind": STRING,
    "choice": MAYBE_INT,
    "text": STRING,
    "n_tokens": MAYBE_INT,
}

SENDS: Schema = {
    "send": INT,
    "read": MAYBE_INT,
    "t_ms": FLOAT,
    "gap_ms": FLOAT,
    "sent_ns": INT,
    "due_ns": MAYBE_INT,
    "n_bytes": INT,
    "start": INT,
    "end": INT,
}

TABLES: Mapping[str, Schema] = {
    "reads": READS,
    "lines": LINES,
    "events": EVENTS,
    "deltas": DELTAS,
    "sends": SENDS,
}


def frame(table: str, columns: Mapping[str, object]) -> pd.DataFrame:
    """Make one of `TABLES` of its columns, without copying them.

    The columns are in any order, each already of its dtype; else an AssertionError is raised.
    """
    schema = TABLES[table]
    assert set(columns) == set(schema), set(columns) ^ set(schema)
    made = pd.DataFrame({name: columns[name] for name in schema}, copy=False)
    wrong = {name: made[name].dtype for name in schema if made[name].dtype != schema[name]}
    assert not wrong, wrong
    return made


def strings(values: pa.Array) -> ExtensionArray:
    """Return an Arrow array of text as a column."""
    return _column(STRING, values.cast(pa.large_string()))


def texts(values: Iterable[str]) -> ExtensionArray:
    """Return Python strings as a column; a lone surrogate becomes U+FFFD.

    JSON can spell half a character (``"\\ud83d"``), which no encoding can hold.
    """
    # In parts: a list of a million strings takes more memory than their column.
    rows, parts = iter(values), [pa.array([], pa.large_string())]
    while some := list(islice(rows, 1 << 16)):
        # Lone surrogates are rare, and looking for them in each text is slow.  So texts are
        # tried together, and are repaired one by one only if Arrow refuses them.
        try:
            parts.append(pa.array(some, pa.large_string()))
        except UnicodeEncodeError:
            parts.append(pa.array(map(whole, some), pa.large_string()))
    return strings(pa.concat_arrays(parts))


def blobs(values: pa.Array) -> ExtensionArray:
    """Return an Arrow array of ``large_binary`` as a column, without a copy."""
    return pd.arrays.ArrowExtensionArray(values)


def slices(body: Body, offsets: Ints) -> pa.Array:
    """Return the n runs of bytes between n + 1 offsets as a ``large_binary``, without a copy.

    The result points into the body, which must not change any more.
    """
    # Arrow stores binary values as one buffer and offsets into it, so the body itself can be
    # that buffer.  An array made of Python's bytes would copy every slice.
    ends = np.ascontiguousarray(offsets, dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(body)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends) - 1, buffers)


def known(values: Ints, missing: Bools) -> ExtensionArray:
    """Return integers as a nullable column, NA where `missing` is true."""
    return pd.arrays.IntegerArray(values.astype(np.int64), missing)


def integers(values: Iterable[int | None]) -> ExtensionArray:
    """Return Python integers as a nullable column, NA for None and beyond 64 bits."""
    # A server can send an integer of any size, for example as ``retry``.  Arrow would refuse
    # the whole column for it.
    rows = [v if v is not None and -(2**63) <= v < 2**63 else None for v in values]
    return _column(MAYBE_INT, pa.array(rows, pa.int64()))


def _column(dtype: Any, values: pa.Array) -> ExtensionArray:
    """Return an Arrow array as a column; the stubs of pandas lack this public method."""
    made: ExtensionArray = dtype.__from_arrow__(values)
    return made
