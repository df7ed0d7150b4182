"""The dtypes of the columns; `streamlab.follow.columns` has their names, in order.

Integers that can be missing are ``Int64``; times that can be missing are float64
milliseconds with NaN; text and bytes are Arrow arrays.

Rule: a table has exactly these columns, also when it has no rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from weakref import WeakValueDictionary
from zlib import crc32

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from streamlab.dialects.reading import mended
from streamlab.follow.columns import COLUMNS
from streamlab.tape import UNKNOWN

INT, MAYBE_INT = np.dtype("int64"), pd.Int64Dtype()
FLOAT, BOOL, TIME = np.dtype("float64"), np.dtype("bool"), pd.DatetimeTZDtype("ns", "UTC")
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

_OTHERS: Schema = {
    "time": TIME,
    "coalesced": BOOL,
    "raw": BYTES,
    **dict.fromkeys(
        ["arrival", "stamp", "kind", "field", "value", "type", "data", "id", "text"], STRING
    ),
    **dict.fromkeys(["server_sent_ns", "seen_ns", "delivered_ns", "due_ns"], MAYBE_INT),
    **dict.fromkeys(["n_segments", "retry", "choice", "n_tokens"], MAYBE_INT),
}
_MAYBE_NONE = ("lines.event", "deltas.event", "sends.read")  # a line can belong to no event


def _dtype(table: str, column: str) -> Any:
    if f"{table}.{column}" in _MAYBE_NONE:
        return MAYBE_INT
    return _OTHERS.get(column, FLOAT if column.endswith("_ms") else INT)


TABLES: Mapping[str, Schema] = {
    table: {name: _dtype(table, name) for name in columns} for table, columns in COLUMNS.items()
}
"""The dtype of each column of each table, by a rule: ms are floats, others integers."""


def frame(table: str, columns: Mapping[str, object]) -> pd.DataFrame:
    """Make one of `TABLES` of its columns, without copying them.

    The columns are in any order, each already of its dtype; else an AssertionError is raised.
    """
    schema = TABLES[table]
    assert set(columns) == set(schema), set(columns) ^ set(schema)
    made = pd.DataFrame({name: columns[name] for name in schema}, copy=False)
    # pandas copies an array before it writes to it, if the array has another reader.
    try:
        for block in made._mgr.blocks:
            block.refs.add_index_reference(_READER)
    except AttributeError:  # another pandas: then nothing is shared
        made = made.copy()
    wrong = {name: made[name].dtype for name in schema if made[name].dtype != schema[name]}
    assert not wrong, wrong
    return made


# In the tables of a million reads of one event each, many columns are equal to others (`read`
# to `event`), or one value throughout.  Equal columns are one array, read only.  A column is
# made in parts: whole temporaries would be the peak, and the heap keeps what is freed of them.
ROWS = 1 << 13  # long columns are made in parts of so many rows
_READER = pd.Index([])
_arrays: WeakValueDictionary[tuple[int, ...], NDArray[Any]] = WeakValueDictionary()


def column(make: Callable[..., Any], *of: Any) -> NDArray[Any]:
    """Return what `make` makes of these columns, in the memory of an equal array."""
    made, n_rows = None, len(of[0])
    for at in range(0, max(n_rows, 1), ROWS):
        rows = slice(at, at + ROWS)
        some = make(*(each[rows] for each in of))
        bits = some.view(f"u{some.itemsize}")  # in which NaN equals NaN
        if not at:
            key = n_rows, some.itemsize, crc32(np.ascontiguousarray(bits).data)
            same = np.broadcast_to(bits[:1].copy(), n_rows)
            like = same if (bits == bits[:1]).all() else _arrays.get(key, bits[:0])
        if made is None and not np.array_equal(like[rows], bits):
            made = _arrays[key] = np.empty(n_rows, bits.dtype)
            made[:at] = like[:at]
        if made is not None:
            made[rows] = bits
    kept = like if made is None else made
    kept.setflags(write=False)
    return kept.view(some.dtype)


def numbers(n_rows: int) -> Ints:
    """Return the numbers of rows: 0, 1, 2, …."""
    return column(lambda rows: np.arange(rows.start, rows.stop, dtype=np.int64), range(n_rows))


def ints(values: Sequence[int] | Ints) -> NDArray[Any]:
    """Return a column of a finished tape, without a copy."""
    made = np.asarray(memoryview(values))  # type: ignore[arg-type]
    made.setflags(write=False)
    return made


def words(names: Sequence[str | None], codes: NDArray[Any]) -> ExtensionArray:
    """Return the name of each code as a column; NA for -1."""
    made, parts, all_ = dict[bytes, pa.Array](), [], pa.array(names, pa.large_string())
    for at in range(0, len(codes), ROWS):  # equal parts are one
        some = codes[at : at + ROWS]
        if (key := some.tobytes()) not in made:
            made[key] = all_.take(pa.array(some.astype(np.int64), mask=some == -1))
        parts.append(made[key])
    return strings(pa.chunked_array(parts, pa.large_string()))


def strings(values: pa.Array) -> ExtensionArray:
    """Return an Arrow array of text as a column."""
    return _column(STRING, values.cast(pa.large_string()))


def texts(values: Iterable[str]) -> ExtensionArray:
    """Return Python strings as a column; a lone surrogate becomes U+FFFD.

    JSON can spell half a character (``"\\ud83d"``), which no encoding can hold.
    """
    # Lone surrogates are rare, and looking for them in each text is slow.  So texts are tried
    # together, and are repaired one by one only if Arrow refuses them.
    rows = list(values)
    try:
        return strings(pa.array(rows, pa.large_string()))
    except UnicodeEncodeError:
        return strings(pa.array(map(mended, rows), pa.large_string()))


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


def known(of: Sequence[int] | Ints, missing: Bools | None = None) -> ExtensionArray:
    """Return integers as a nullable column, NA where `missing` is true, by default where -1."""
    values = ints(of)
    if missing is None:
        missing = column(lambda some: some == UNKNOWN, values)
    if values.dtype != np.int64:
        values = column(lambda some: some.astype(np.int64), values)
    return pd.arrays.IntegerArray(values, missing)


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
