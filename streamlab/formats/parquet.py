"""Parquet: a table of reads for pandas, polars and DuckDB; `load` makes a tape of it again.

The file has the table ``reads`` and two more columns: ``recording``, the name of the file, so
that a folder of files can be queried as one table; and ``lo_ns``, the exact stamp behind
``t_lo_ms``.  End, marks, the lab's log and the meta are JSON in the file's own metadata, under
the key ``streamlab``.

Rule: all that `load` needs is an integer, bytes or JSON.  No time is rounded, and nothing is
pickled.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from streamlab.errors import FormatError
from streamlab.follow.columns import COLUMNS, unit_of
from streamlab.metrics.schema import known, texts
from streamlab.tape import ARRIVALS, TIERS, UNKNOWN, Columns, End, Sends, Tape
from streamlab.tape.valid import check, said
from streamlab.tape.whole import whole

if TYPE_CHECKING:
    import pandas as pd

    from streamlab.metrics import Tables

ENDINGS = (".parquet",)
_KINDS = {None: UNKNOWN} | {kind: code for code, kind in enumerate(ARRIVALS)}
KEY = b"streamlab"
VERSION = 1
_LOAD = "Load a file that rec.save wrote."

# JSON: version, table, label, end, marks, meta, chunk_ends, sends.
About: TypeAlias = Mapping[str, Any]


def save(tables: Tables, path: str | Path) -> None:
    """Write the reads of a recording, with everything that `load` needs."""
    tape = tables.tape
    # `t_lo_ms` is a float of milliseconds, from which the stamp cannot be computed again.
    lo_ns = known(tape.columns.lo_ns)
    about = {
        "version": VERSION,
        "table": "reads",
        "label": tables.label,
        "end": {"t_ns": tape.end.t_ns, "how": tape.end.how, "detail": tape.end.detail},
        "marks": dict(tape.marks),
        "meta": dict(tape.meta),
        "chunk_ends": list(tape.chunk_ends or ()),
        "sends": [list(column) for column in tape.sends or ()],
    }
    reads = tables.reads.assign(lo_ns=lo_ns, recording=texts([Path(path).stem] * len(tape)))
    _write(reads[["recording", *reads.columns.drop("recording")]], path, about)


def load(path: str | Path) -> Tape:
    """Return the tape that `save` wrote, with every stamp as it was."""
    with _damage(path):
        about = read_meta(path)
        if about["table"] != "reads":
            raise FormatError(
                f"expected the reads of a recording in {str(path)!r}, and got the table "
                f"{said(about['table'])}. Load the file that rec.save wrote."
            )
        # The checksums of pages are off by default in pyarrow, both for writing and for
        # reading.  Without them a flipped bit in a stamp would be loaded as a measurement.
        tape = _tape(pq.read_table(path, page_checksum_verification=True), about)
        try:
            check(tape)
        except ValueError as wrong:
            raise FormatError(f"{str(path)!r} {wrong}. {_LOAD}") from None
        return tape


def recordings(path: str | PathLike[str]) -> dict[str, Path]:
    """Return the Parquet files directly in a folder, or one file, by name without ending."""
    where = Path(fspath(path)).expanduser()
    files = sorted(where.glob("*.parquet")) if where.is_dir() else [where]
    if not files:
        raise FormatError(
            f"expected recordings in Parquet, and the folder {str(path)!r} has no .parquet "
            'file. Save a recording there: rec.save("…/a.parquet").'
        )
    if not files[0].exists():
        raise FileNotFoundError(
            f"cannot read {path}: there is no such file or folder. Pass a recording in "
            "Parquet, or a folder of such files."
        )
    return {file.stem: file for file in files}


def read_meta(path: str | Path) -> About:
    """Return the metadata of a file, see `About`."""
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise OSError("a folder, or a pipe or a device, which may have no end")
        found = pq.read_schema(path).metadata or {}
    except FileNotFoundError:
        wrong = f"cannot read {path}: No such file or directory. Pass the path of a recording."
        raise FileNotFoundError(wrong) from None
    except (pa.ArrowException, MemoryError, OSError, ValueError):
        raise FormatError(
            f"expected a Parquet file, and {str(path)!r} is not one. {_LOAD}"
        ) from None
    if KEY not in found:
        raise FormatError(
            f"expected a recording, and {str(path)!r} is a Parquet file of something else. "
            "Load a file that rec.save wrote, or open this one with pandas.read_parquet."
        )
    with _damage(path):
        about: About = json.loads(found[KEY])
        if about["version"] > VERSION:
            raise FormatError(
                f"expected version {VERSION} of a recording in Parquet, and {str(path)!r} has "
                f"version {said(about['version'])}. Update streamlab."
            )
    return about


def _write(frame: pd.DataFrame, path: str | Path, about: About) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    said = COLUMNS["reads"]
    fields = [
        field.with_metadata({"meaning": said[field.name], "unit": unit_of(field.name)})
        if field.name in said
        else field
        for field in table.schema
    ]
    # pandas' own metadata stays in the file: `pandas.read_parquet` restores the dtypes by it.
    metadata = (table.schema.metadata or {}) | {KEY: json.dumps(about).encode()}
    with whole(path) as file:
        described = table.cast(pa.schema(fields, metadata))
        pq.write_table(described, file, compression="zstd", write_page_checksum=True)


@contextmanager
def _damage(path: str | Path) -> Iterator[None]:
    # A damaged file causes errors of many types; all become a FormatError.
    try:
        yield
    except (FormatError, FileNotFoundError):
        raise
    except Exception as bad:  # which type depends on the byte that is damaged
        raise FormatError(
            f"expected a whole recording, and {str(path)!r} is damaged: "
            f"{type(bad).__name__}. Save the recording again from its source."
        ) from bad


def _tape(table: pa.Table, about: About) -> Tape:
    columns, body = _columns(table)
    if len(body) != (columns.ends[-1] if columns.ends else 0):
        raise ValueError("bytes are missing")
    end, marks, meta = End(**about["end"]), dict(about["marks"]), dict(about["meta"])
    chunk_ends = array("q", about.get("chunk_ends", ())) or None  # older files have none
    written = [array("q", each) for each in about.get("sends") or ()]
    sends = Sends(*written) if written else None
    return Tape(body, columns, end, marks, meta, _sent(table), chunk_ends, sends)


def _columns(table: pa.Table) -> tuple[Columns, bytes]:
    tier = bytearray(TIERS.index(tier) for tier in table["stamp"].to_pylist())
    older = "arrival" not in table.column_names
    kinds = [None] * len(table) if older else table["arrival"].to_pylist()
    names = ("end", "arrived_ns", "seen_ns", "delivered_ns", "lo_ns")
    end, arrived_ns, seen_ns, delivered_ns, lo_ns = (_stamps(table, name) for name in names)
    segments = array("i", _stamps(table, "n_segments"))
    arrival = array("b", [_KINDS[kind] for kind in kinds])
    columns = Columns(end, arrived_ns, seen_ns, delivered_ns, lo_ns, segments, arrival, tier)
    return columns, b"".join(table["raw"].to_pylist())


def _stamps(table: pa.Table, name: str) -> array[int]:
    # Arrow gives NumPy a column with nulls as floats, and these round nanoseconds.
    return array("q", [UNKNOWN if t is None else t for t in table[name].to_pylist()])


def _sent(table: pa.Table) -> array[int] | None:
    """Return when the lab wrote each read; None if that is not known of any read."""
    sent = _stamps(table, "server_sent_ns")
    return sent if any(t != UNKNOWN for t in sent) else None
