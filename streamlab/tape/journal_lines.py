"""Encode the lines of a journal; `journal` defines them.

A line is one JSON object and an LF.  Text stays readable in an editor.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from json import JSONEncoder

from streamlab.tape.reads import ARRIVALS, TIERS, UNKNOWN, Columns, End, Sends, Tape

NAME = "journal"
VERSION = 1
# A longer line is refused.  JSON takes up to six bytes for one, so a read of more than
# `_MOST_BYTES` has several lines.
MAX_LINE_BYTES = 1 << 26
_MOST_BYTES = 1 << 23

_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

# JSON escapes the control characters below U+0020 only.  These others come from a server and
# would end a line in an editor, control a terminal (DEL and C1) or change the direction of
# writing; lone surrogates have no UTF-8.
_UNPRINTABLE = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def encode(members: Mapping[str, object]) -> bytes:
    """Return one line of a journal; a TypeError or a ValueError is about a value in it."""
    line = _line(_encode(members))
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"these take {len(line):,} bytes, more than {MAX_LINE_BYTES:,}")
    return line


def header(meta: Mapping[str, object]) -> bytes:
    """Return the first line."""
    return encode({"streamlab": NAME, "version": VERSION, "meta": meta})


def read(
    columns: Columns, row: int, data: bytes | bytearray, server_sent_ns: int = UNKNOWN
) -> bytes:
    """Return the lines of a read, without the stamps that are unknown."""
    # Written by hand because reads are many; the json module takes twice as long.
    line = (
        f'{{"read":{row},"stamp":"{TIERS[columns.tier[row]]}",'
        f'"arrived_ns":{columns.arrived_ns[row]},"seen_ns":{columns.seen_ns[row]}'
    )
    for name, value in (
        ("delivered_ns", columns.delivered_ns[row]),
        ("lo_ns", columns.lo_ns[row]),
        ("n_segments", columns.n_segments[row]),
        ("server_sent_ns", server_sent_ns),
    ):
        if value != UNKNOWN:
            line = f'{line},"{name}":{value}'
    if columns.arrival[row] != UNKNOWN:
        line = f'{line},"arrival":"{ARRIVALS[columns.arrival[row]]}"'
    return _line(f"{line},{_payload(data[:_MOST_BYTES])}}}") + more(row, data[_MOST_BYTES:])


def more(row: int, data: bytes | bytearray) -> bytes:
    """Return the lines of further bytes of a read; none of no bytes."""
    parts = (data[at : at + _MOST_BYTES] for at in range(0, len(data), _MOST_BYTES))
    return b"".join(_line(f'{{"more":{row},{_payload(part)}}}') for part in parts)


def entry(kind: str, value: object, **more: object) -> bytes:
    """Return the line of a kind, as the table in `journal` lists them."""
    return encode({kind: value} | more)


def end(end: End) -> bytes:
    """Return the last line."""
    return entry("end", asdict(end))


def sends(log: Sends) -> bytes:
    """Return the line of all writes of the lab."""
    return entry("sends", {name: list(column) for name, column in log._asdict().items()})


def whole(tape: Tape) -> Iterator[bytes]:
    """Yield all lines of a finished tape."""
    yield header(tape.meta)
    for name, t_ns in tape.marks.items():
        yield entry("mark", name, t_ns=t_ns)
    if tape.chunk_ends:
        yield entry("chunks", tape.chunk_ends.tolist())
    for row, one in enumerate(tape):
        yield read(tape.columns, row, one.data, one.server_sent_ns)
    if tape.sends is not None:
        yield sends(tape.sends)
    yield end(tape.end)


def _line(text: str) -> bytes:
    if not text.isascii():
        text = _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.encode() + b"\n"


def _payload(data: bytes | bytearray) -> str:
    try:
        return f'"text":{_encode(data.decode())}'
    except UnicodeDecodeError:
        return f'"b64":"{b64encode(data).decode()}"'
