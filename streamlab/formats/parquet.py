"""Parquet: the reads as a table that pandas, polars and DuckDB open, and a tape again.

A recording is its reads, so its file is the table ``reads`` and two columns more:
``recording``, the name of the file, so that a folder of files can be queried as one table;
and ``lo_ns``, exact where ``t_lo_ms`` is for people.  All that is not a column (end, marks,
request, response) is JSON in the file's key-value metadata, under the key ``streamlab``.

Rule: whatever `load` needs is an integer, bytes or JSON.  No time is rounded, nothing
is pickled.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from streamlab.errors import FormatError
from streamlab.formats._whole import whole
from streamlab.metrics.schema import integers, texts
from streamlab.tape import TIERS, UNKNOWN, Columns, End, Tape

if TYPE_CHECKING:
    import pandas as pd

    from streamlab.metrics import Tables

__all__ = ["ENDINGS", "load", "read_meta", "recordings", "save", "write_table"]

ENDINGS = (".parquet",)

KEY = b"streamlab"
VERSION = 1


def save(tables: Tables, path: str | Path) -> None:
    """Write the reads of a recording, with everything that `load` needs.

    Parameters
    ----------
    tables : Tables
    path : str or Path
        Overwritten if it is there.
    """
    tape = tables.tape
    lo_ns = integers(None if t == UNKNOWN else t for t in tape.columns.lo_ns)
    about = {
        "version": VERSION,
        "table": "reads",
        "label": tables.label,
        "end": {"t_ns": tape.end.t_ns, "how": tape.end.how, "detail": tape.end.detail},
        "marks": dict(tape.marks),
        "meta": dict(tape.meta),
    }
    reads = tables.reads.assign(lo_ns=lo_ns, recording=texts([Path(path).stem] * len(tape)))
    _write(reads[["recording", *reads.columns.drop("recording")]], path, about)


def load(path: str | Path) -> Tape:
    """Return the tape that `save` wrote, with every stamp as it was.

    Raises
    ------
    FormatError
        If the file is no Parquet, was not written by `save`, or is damaged.
    """
    with _damage(path):
        about = read_meta(path)
        if about["table"] != "reads":
            raise FormatError(
                f"expected the reads of a recording in {str(path)!r}, and got the table "
                f"{about['table']!r}. Load the file that rec.save wrote."
            )
        return _tape(pq.read_table(path, page_checksum_verification=True), about)


def recordings(path: str | PathLike[str]) -> dict[str, Path]:
    """Return the Parquet files directly in a folder, or one file, by name without ending.

    Raises
    ------
    FormatError
        If there are none.
    FileNotFoundError
        If there is no such folder or file.
    """
    where = Path(fspath(path)).expanduser()
    files = sorted(where.glob("*.parquet")) if where.is_dir() else [where]
    if not files:
        raise FormatError(
            f"expected recordings in Parquet, and the folder {str(path)!r} has no .parquet "
            'file. Save some there: rec.save("…/a.parquet").'
        )
    if not files[0].exists():
        raise FileNotFoundError(
            f"cannot read {path}: there is no such file or folder. Pass a recording in "
            "Parquet, or the folder of some."
        )
    return {file.stem: file for file in files}


def read_meta(path: str | Path) -> dict[str, Any]:
    """Return what is not a column: ``label``, ``end``, ``marks``, ``meta``, ``table``.

    Raises
    ------
    FormatError
        If the file is no Parquet of ours, or of a later version.
    """
    try:
        found = pq.read_schema(path).metadata or {}
    except FileNotFoundError:
        raise
    except (pa.ArrowInvalid, OSError):
        raise FormatError(
            f"expected a Parquet file, and {str(path)!r} is none. "
            "Load a file that rec.save wrote."
        ) from None
    if KEY not in found:
        raise FormatError(
            f"expected a recording, and {str(path)!r} is a Parquet file of something else. "
            "Load a file that rec.save wrote, or open this one with pandas.read_parquet."
        )
    with _damage(path):
        about: dict[str, Any] = json.loads(found[KEY])
        if about["version"] > VERSION:
            raise FormatError(
                f"expected version {VERSION} of a recording in Parquet, and {str(path)!r} has "
                f"version {about['version']}. Update streamlab."
            )
    return about


def write_table(
    table: pd.DataFrame, path: str | Path, meta: Mapping[str, Any] | None = None
) -> None:
    """Write any table of a recording, with `meta` as JSON in the file's own metadata.

    Parameters
    ----------
    table : DataFrame
        ``rec.lines`` for example.
    path : str or Path
        Overwritten if it is there.
    meta : mapping, optional
        JSON values; read back by `read_meta`.
    """
    numbers = [str(column) for column in table.columns if column != "recording"]
    name = numbers[0] + "s" if numbers else ""
    _write(table, path, {"version": VERSION, "table": name, "meta": dict(meta or {})})


def _write(frame: pd.DataFrame, path: str | Path, about: Mapping[str, Any]) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = (table.schema.metadata or {}) | {KEY: json.dumps(about).encode()}
    with whole(path) as file:
        pq.write_table(
            table.replace_schema_metadata(metadata),
            file,
            compression="zstd",
            write_page_checksum=True,
        )


@contextmanager
def _damage(path: str | Path) -> Iterator[None]:
    """Say in one sentence that a file of ours is not as it was written."""
    try:
        yield
    except FormatError:
        raise
    except (ArithmeticError, LookupError, OSError, TypeError, ValueError) as damage:
        raise FormatError(
            f"expected a whole recording, and {str(path)!r} is damaged: "
            f"{type(damage).__name__}. Save it anew from where it came."
        ) from damage


def _tape(table: pa.Table, about: Mapping[str, Any]) -> Tape:
    columns, body = _columns(table)
    if len(body) != (columns.ends[-1] if columns.ends else 0):
        raise ValueError("bytes are missing")
    end = End(**about["end"])
    return Tape(body, columns, end, about["marks"], about["meta"], _sent(table))


def _columns(table: pa.Table) -> tuple[Columns, bytes]:
    """Return the columns of a tape, and its body."""
    tiers = [TIERS.index(tier) for tier in table["stamp"].to_pylist()]
    columns = Columns(
        ends=array("q", table["end"].to_pylist()),
        arrived_ns=array("q", table["arrived_ns"].to_pylist()),
        seen_ns=_stamps(table, "seen_ns"),
        delivered_ns=_stamps(table, "delivered_ns"),
        lo_ns=_stamps(table, "lo_ns"),
        n_segments=array("i", _stamps(table, "n_segments")),
        tier=bytearray(tiers),
    )
    return columns, b"".join(table["raw"].to_pylist())


def _stamps(table: pa.Table, name: str) -> array[int]:
    return array("q", [UNKNOWN if t is None else t for t in table[name].to_pylist()])


def _sent(table: pa.Table) -> array[int] | None:
    """Return when the lab wrote each read, None if it says so of no read."""
    sent = _stamps(table, "server_sent_ns")
    return sent if any(t != UNKNOWN for t in sent) else None
