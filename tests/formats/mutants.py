"""Mutants of recordings: files with one or a few faults, made from a seed.

A mutant is refused with a `FormatError`, or it loads, and every face, table and number of it
can be made.  `use_all` makes them.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import streamlab as sl
from streamlab.errors import FormatError
from streamlab.recording import Recording

DEEP = json.loads("[" * 500 + "]" * 500)
VALUES: list[Any] = [
    None, True, False, -1, 0, 1, -(2**31), 2**31, 2**53, 2**62, -(2**62), 2**63 - 1, -(2**63),
    2**63, 2**64, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "x", "1", "eof",
    "\ud800", "\x1b[31m\x00", "x" * 10_000, "sse", "gzip", "auto", "application/json",
    "http://[", "http://a:99999/", [], {}, [[]], [1], ["a", "b"], [["a", "b"]], [None],
    {"a": 1}, {"": None}, {"message": {}}, DEEP,
]  # fmt: skip


def journal_mutant(whole: bytes, rng: random.Random) -> bytes:
    """Return a journal with one to three faults in its lines, or in its bytes."""
    if rng.random() < 0.2:
        return _bytes_mutant(whole, rng)
    lines = whole.splitlines()
    for _ in range(rng.randint(1, 3)):
        number = rng.randrange(len(lines))
        match rng.randrange(10):
            case 0:
                lines.insert(rng.randrange(len(lines)), lines[number])
            case 1:
                del lines[number]
                lines = lines or [b""]
            case 2:
                other = rng.randrange(len(lines))
                lines[number], lines[other] = lines[other], lines[number]
            case 3:
                lines[number] = _bytes_mutant(lines[number], rng)
            case _:
                try:
                    entry = json.loads(lines[number])
                except ValueError:
                    continue
                lines[number] = json.dumps(_changed(entry, rng)).encode()
    return b"\n".join(lines) + b"\n"


def parquet_mutant(whole: bytes, rng: random.Random) -> bytes:
    """Return a Parquet file with a fault in its bytes, its metadata or its columns."""
    if rng.random() < 0.4:
        return _bytes_mutant(whole, rng)
    table = pq.read_table(io.BytesIO(whole))
    metadata = dict(table.schema.metadata)
    if rng.random() < 0.6:
        about = _changed(json.loads(metadata[b"streamlab"]), rng)
        metadata[b"streamlab"] = json.dumps(about).encode()
    else:
        table = _other_column(table, rng)
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), out, write_page_checksum=True)
    return out.getvalue()


def _other_column(table: pa.Table, rng: random.Random) -> pa.Table:
    name = rng.choice(table.column_names)
    at = table.column_names.index(name)
    rows = table[name].to_pylist()
    match rng.randrange(4):
        case 0:
            return table.drop_columns([name])
        case 1:
            return table.set_column(at, name, pa.nulls(len(rows), table[name].type))
        case 2:
            rng.shuffle(rows)
        case _:
            rows[rng.randrange(len(rows))] = rng.choice(VALUES)
    try:
        return table.set_column(at, name, pa.array(rows))
    except (pa.ArrowException, OverflowError, ValueError):
        return table.set_column(at, name, pa.array([str(row)[:9] for row in range(len(rows))]))


def _bytes_mutant(whole: bytes, rng: random.Random) -> bytes:
    data = bytearray(whole or b"x")
    at = rng.randrange(len(data))
    match rng.randrange(5):
        case 0:
            return bytes(data[:at])
        case 1:
            data[at] ^= 1 << rng.randrange(8)
        case 2:
            del data[at : at + rng.randint(1, 40)]
        case 3:
            data[at:at] = rng.randbytes(rng.randint(1, 40))
        case _:
            data[at : at + rng.randint(1, 40)] = data[: rng.randint(1, 40)]
    return bytes(data)


def _changed(entry: Any, rng: random.Random) -> Any:
    """Return JSON with another value, one key more or one key less, somewhere in it."""
    if isinstance(entry, dict) and entry and rng.random() < 0.8:
        key = rng.choice(list(entry))
        match rng.randrange(8):
            case 0:
                return {name: entry[name] for name in entry if name != key}
            case 1:
                return {**entry, rng.choice(list(entry)): entry[key]}
            case _:
                return {**entry, key: _changed(entry[key], rng)}
    if isinstance(entry, list) and entry and rng.random() < 0.8:
        at = rng.randrange(len(entry))
        return [*entry[:at], _changed(entry[at], rng), *entry[at + 1 :]]
    return rng.choice(VALUES)


def use(rec: Recording) -> None:
    """Make the tables and the text of a recording."""
    repr((rec, rec.end, rec.meta, rec.problem))
    for name in ("reads", "lines", "events", "deltas", "phases", "sends", "server_times"):
        getattr(rec, name)
    str(rec)  # with the summary


def use_all(rec: Recording, folder: Path) -> None:
    """Make every face, table, number and file of a recording."""
    use(rec)
    rec._repr_html_()
    for name in ("label", "dialect", "text", "reasoning", "refusal", "tool_calls", "usage"):
        getattr(rec, name)
    repr((rec.finish_reason, rec.error, rec.complete))
    rec.lens()
    sl.concat([rec, rec])
    for ending in ("jsonl", "parquet", "sse", "trace.json"):
        rec.save(folder / f"again.{ending}")
    assert sl.load(folder / "again.jsonl").tape == rec.tape
    assert sl.load(folder / "again.parquet").tape == rec.tape


Mutant = Callable[[bytes, random.Random], bytes]


def refused_or_usable(path: Path, whole: bytes, mutant: Mutant, seed: int) -> bool:
    """Load the mutant of a seed and use it; return whether it was usable."""
    path.write_bytes(mutant(whole, random.Random(seed)))
    try:
        rec = sl.load(path)
    except FormatError as refused:
        said = str(refused)
    else:
        said = ""
    if said:
        assert said.isprintable()
        assert len(said) < 1_000
        return False
    if seed % 100:
        use(rec)
    else:
        use_all(rec, path.parent)
    return True
