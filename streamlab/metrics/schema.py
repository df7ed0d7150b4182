"""The columns of the four tables: names, order and dtypes, in this one place.

Integers that can be missing are ``Int64``, times that can be missing are float64
milliseconds with NaN, text and bytes are Arrow's: a million lines are two buffers
and not a million objects.  Nothing is categorical: grouping by a category counts
the absent ones too, and pandas is changing its mind about that.

Rule: a table has exactly these columns, also when it has no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from streamlab.follow.text import whole

__all__ = ["DELTAS", "EVENTS", "LINES", "READS", "TABLES", "empty", "frame"]

INT = np.dtype("int64")
MAYBE_INT = pd.Int64Dtype()
FLOAT = np.dtype("float64")
BOOL = np.dtype("bool")
TIME = pd.DatetimeTZDtype("ns", "UTC")
STRING = pd.StringDtype("pyarrow")
BYTES = pd.ArrowDtype(pa.large_binary())

Schema = Mapping[str, Any]

READS: Schema = {
    "read": INT,
    "time": TIME,
    "t_ms": FLOAT,
    "gap_ms": FLOAT,
    "lag_ms": FLOAT,
    "t_lo_ms": FLOAT,
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
    "read": INT,
    "time": TIME,
    "t_ms": FLOAT,
    "gap_ms": FLOAT,
    "coalesced": BOOL,
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
    "read": INT,
    "time": TIME,
    "t_ms": FLOAT,
    "gap_ms": FLOAT,
    "coalesced": BOOL,
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
    "read": INT,
    "time": TIME,
    "t_ms": FLOAT,
    "gap_ms": FLOAT,
    "coalesced": BOOL,
    "kind": STRING,
    "choice": MAYBE_INT,
    "text": STRING,
    "n_tokens": MAYBE_INT,
}

TABLES: Mapping[str, Schema] = {
    "reads": READS,
    "lines": LINES,
    "events": EVENTS,
    "deltas": DELTAS,
}


def empty(table: str) -> pd.DataFrame:
    """Return a table without rows: ``reads``, ``lines``, ``events`` or ``deltas``."""
    return pd.DataFrame({n: pd.array([], dtype=d) for n, d in TABLES[table].items()})


def frame(table: str, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Put `columns` together as one of the four tables, without copying them.

    Parameters
    ----------
    table : str
        ``reads``, ``lines``, ``events`` or ``deltas``.
    columns : mapping of str to array
        Each as long as the others and already of its dtype; in any order.

    Raises
    ------
    AssertionError
        If a column is missing, is too many or has another dtype: a fault of ours.
    """
    schema = TABLES[table]
    assert set(columns) == set(schema), set(columns) ^ set(schema)
    made = pd.DataFrame({name: columns[name] for name in schema}, copy=False)
    wrong = {name: made[name].dtype for name in schema if made[name].dtype != schema[name]}
    assert not wrong, wrong
    return made


def strings(values: pa.Array) -> Any:
    """Return an Arrow array of text as a column."""
    dtype: Any = STRING
    return dtype.__from_arrow__(values.cast(pa.large_string()))


def texts(values: Iterable[str]) -> Any:
    """Return Python strings as a column; a lone surrogate becomes U+FFFD.

    JSON can spell half a character (``"\\ud83d"``); no encoding can hold it.
    """
    rows = list(values)
    try:
        return strings(pa.array(rows, pa.large_string()))
    except UnicodeEncodeError:
        return strings(pa.array([whole(text) for text in rows], pa.large_string()))


def blobs(values: pa.Array) -> Any:
    """Return an Arrow array of ``large_binary`` as a column, without a copy."""
    return pd.arrays.ArrowExtensionArray(values)


def slices(body: Any, offsets: np.ndarray) -> pa.Array:
    """Return the runs of bytes between one offset and the next, without a copy.

    Parameters
    ----------
    body : bytes-like
        Kept alive by the result; it must not change any more.
    offsets : ndarray of int64, shape (n + 1,)
        Never decreasing; the last at most the length of `body`.

    Returns
    -------
    pyarrow.LargeBinaryArray, shape (n,)
    """
    ends = np.ascontiguousarray(offsets, dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(body)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends) - 1, buffers)


def known(values: np.ndarray, missing: np.ndarray) -> Any:
    """Return integers as a nullable column, NA where `missing` is true."""
    return pd.arrays.IntegerArray(values.astype(np.int64), missing)


def integers(values: Iterable[int | None]) -> Any:
    """Return Python integers as a nullable column, NA for None and beyond 64 bits."""
    rows = [v if v is not None and -(2**63) <= v < 2**63 else None for v in values]
    dtype: Any = MAYBE_INT
    return dtype.__from_arrow__(pa.array(rows, pa.int64()))
