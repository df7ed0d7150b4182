"""How a journal's lines are written; `journal` says what they mean.

A line is one JSON object and an LF, readable in an editor: text stays text.
Characters that would end a line, steer a terminal or turn the direction of
writing are escaped, for streamed text is untrusted.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from json import JSONEncoder
from typing import Any

from streamlab.tape.reads import TIERS, UNKNOWN, Columns, End, Tape

NAME = "journal"
VERSION = 1

_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_UNPRINTABLE = re.compile(
    "[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def encode(entry: Mapping[str, Any]) -> bytes:
    """Return one line of a journal.

    Raises
    ------
    TypeError
        If a value in `entry` is none of JSON's.
    """
    return _line(_encode(entry))


def header(meta: Mapping[str, Any]) -> bytes:
    """Return the first line."""
    return encode({"streamlab": NAME, "version": VERSION, "meta": meta})


def read(
    columns: Columns, row: int, data: bytes | bytearray, server_sent_ns: int = UNKNOWN
) -> bytes:
    """Return the line of a read, without the stamps that are unknown."""
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
    return _line(f"{line},{_payload(data)}}}")


def more(row: int, data: bytes | bytearray) -> bytes:
    """Return the line of further bytes of a read."""
    return _line(f'{{"more":{row},{_payload(data)}}}')


def late(row: int, **stamps: int) -> bytes:
    """Return the line of stamps that became known after the read was written."""
    return encode({"late": row} | stamps)


def mark(name: str, t_ns: int) -> bytes:
    """Return the line of a phase of the request."""
    return encode({"mark": name, "t_ns": t_ns})


def meta(meta: Mapping[str, Any]) -> bytes:
    """Return the line that replaces all metadata written so far."""
    return encode({"meta": meta})


def end(end: End) -> bytes:
    """Return the last line."""
    return encode({"end": {"t_ns": end.t_ns, "how": end.how, "detail": end.detail}})


def whole(tape: Tape) -> Iterator[bytes]:
    """Yield all lines of a finished tape."""
    yield header(tape.meta)
    for name, t_ns in tape.marks.items():
        yield mark(name, t_ns)
    for row, one in enumerate(tape):
        yield read(tape.columns, row, one.data, one.server_sent_ns)
    yield end(tape.end)


def _line(text: str) -> bytes:
    if not text.isascii():
        text = _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.encode() + b"\n"


def _payload(data: bytes | bytearray) -> str:
    """Return the bytes as a member of an object; a string is encoded faster than a dict."""
    try:
        return f'"text":{_encode(data.decode())}'
    except UnicodeDecodeError:
        return f'"b64":"{b64encode(data).decode()}"'
