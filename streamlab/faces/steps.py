"""The parser in slow motion: its state after each byte, as JSON for the player.

The states come from our decoder, run line by line, since nothing but the unfinished line
changes between two line ends.  The player in the browser looks states up; it parses nothing.

Offsets count the decoded body.  Where the framing of HTTP's chunks is known, its bytes are
shown between those of the body, and positions count all shown bytes.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64encode
from bisect import bisect_left
from codecs import getincrementaldecoder
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from streamlab.decode import KINDS, OTHER, TAIL, SSEParser
from streamlab.decode.content import content_decoder
from streamlab.faces.heat import pieces, with_text
from streamlab.faces.notices import notices
from streamlab.follow.elide import LONGEST, elided, joined
from streamlab.follow.text import one_line, several_lines
from streamlab.tape import edits

if TYPE_CHECKING:
    from streamlab.follow import Follower
    from streamlab.metrics import Tables
    from streamlab.tape import Tape

MOST_BYTES = 400_000  # of a longer body, the player has the beginning
_SHOWN_CHARS = 300  # of a register, of the data of an event: the end of it
_EVENT_CHARS = 64  # of the data of an event that is JSON: the player shows so many
_RULES = json.loads(Path(__file__).with_name("standard.json").read_text("utf-8"))


class Wire(NamedTuple):
    """The bytes as a connection brought them."""

    shown: bytes
    ends: list[int]  # of the reads: positions in `shown`
    frames: list[list[int]]  # framing of chunks: positions in `shown`, each with a length
    is_timed: bool = False
    fault: str = ""  # why the framing is none


def packed(tables: Tables, wire: Wire | None = None) -> str:
    """Return `steps` as JSON, compressed by zlib, in base64."""
    # The states repeat themselves: zlib makes them ten times smaller, and a page stays small.
    text = json.dumps(steps(tables, wire), ensure_ascii=False, separators=(",", ":"))
    return b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def steps(tables: Tables, wire: Wire | None = None) -> dict[str, object]:
    """Return all that the player shows; `wire` is given where the tape has no times."""
    found, more = notices(tables, is_typed=wire is not None), 0
    if wire is None and len(tables.tape.body) > MOST_BYTES:
        more = len(tables.tape.body) - MOST_BYTES
        beginning = edits.cut(tables.tape, n_bytes=MOST_BYTES)
        tables = type(tables)(beginning, tables.follower.dialect, tables.label)
    follower, body = tables.follower, bytes(tables.follower.body)
    wire, rows = wire or _wire(tables.tape, body), pieces(tables)
    text = with_text(tables, rows, rows["chars"])[["delta", "text"]]
    return {
        "framing": follower.framing,
        "bytes": wire.shown.decode("latin-1"),
        "frames": wire.frames,
        "reads": _reads(tables, wire),
        "lines": _lines(tables, body),
        "registers": list(_registers(body)) if follower.framing == "sse" else [],
        "events": [_event(follower, number) for number in range(len(follower.events))],
        "texts": [[follower.delta_lines[n], said] for n, said in text.itertuples(index=False)],
        "chars": list(_characters(body)),
        "rules": _RULES,
        "kinds": KINDS,
        "notices": [*found, (-1, wire.fault)] if wire.fault else found,
        "more": more,
    }


def _wire(tape: Tape, body: bytes) -> Wire:
    """Return the body with the framing that its chunks must have had, as far as noted."""
    decoder = content_decoder(str(tape.meta.get("content_encoding") or "identity"))
    ends = list(accumulate(len(decoder.feed(read.data)) for read in tape))
    chunks = sorted({0, *(tape.chunk_ends or ())}) if tape.body == body else []
    inserts: list[tuple[int, int, bytes]] = []  # 0: the end of a chunk, which its read brought
    for start, end in pairwise(chunks):
        inserts.append((start, 1, b"%x\r\n" % (end - start)))
        inserts += [(end, 0, b"\r\n")] if end <= len(body) else []
    before = list(accumulate((len(text) for *_, text in inserts), initial=0))
    cuts = pairwise([0, *(at for at, *_ in inserts)])
    parts = (body[a:b] + text for (a, b), (*_, text) in zip(cuts, inserts, strict=True))
    return Wire(
        b"".join(parts) + body[inserts[-1][0] if inserts else 0 :],
        [end + before[bisect_left(inserts, (end, 1, b""))] for end in ends],
        [[at + n, len(text)] for (at, _, text), n in zip(inserts, before, strict=False)],
        is_timed=True,
    )


def _reads(tables: Tables, wire: Wire) -> list[list[object]]:
    """Return the end of each read, its time, and, of a merged read, its earliest time."""
    if not wire.is_timed:
        return [[end, None, None] for end in wire.ends]
    reads = tables.reads
    merged = reads["arrival"].eq("merged").fillna(False)
    rows = zip(wire.ends, reads["t_ms"], reads["t_lo_ms"], merged, strict=True)
    return [
        [end, round(t, 3), round(lo, 3) if m and lo == lo else None] for end, t, lo, m in rows
    ]


def _lines(tables: Tables, body: bytes) -> dict[str, list[int]]:
    from streamlab.metrics.lines import spans_of

    framed = tables.framed
    # A line that never ended is no field, but a reader sees its name and its colon.
    kinds = framed.lines.kinds.replace(bytes([TAIL]), bytes([OTHER]))
    spans = spans_of(kinds, framed.lines.bounds(), body, framed.framing == "sse")
    return {
        "kind": list(framed.lines.kinds),
        "name": (spans.name - spans.start).tolist(),
        "colon": (spans.value - spans.name).tolist(),
        "value": (spans.stop - spans.value).tolist(),
        "end": (spans.end - spans.stop).tolist(),
    }


def _registers(body: bytes) -> Iterator[list[object]]:
    """Yield the number of lines before each change of a register, and the registers then."""
    # No register changes within a line.  To feed each byte alone would take seconds.
    parser, before = SSEParser(), SSEParser().registers
    for piece in re.findall(rb"[^\r\n]*[\r\n]?", body):
        parser.feed(piece)
        if (now := parser.registers) != before:
            before = now
            data, *others, retry = now
            texts = ("".join(f"{text}\n" for text in data[-20:]), *others)
            yield [len(parser.lines), *map(_end, texts), retry]


def _characters(body: bytes) -> Iterator[list[object]]:
    """Yield offset, length and text of each character of several bytes, and of each fault."""
    # A byte below 0x80 is a character by itself, and the player draws it without our help.
    for run in re.finditer(rb"[\x80-\xff]+", body):
        decoder, start = getincrementaldecoder("utf-8")("replace"), run.start()
        for at in range(run.start(), run.end() + 1):
            is_end = at == run.end()
            text = decoder.decode(b"" if is_end else body[at : at + 1], final=is_end)
            end = at + (not is_end) - len(decoder.getstate()[0])
            if text:
                is_mark = start == 0 and text == "\ufeff"
                yield [start, end - start, "BOM" if is_mark else one_line(text)]
                start = end


def _event(follower: Follower, number: int) -> list[object]:
    event, said = follower.events[number], ""
    if event.data.startswith("{"):
        # The end of such data is much the same in every event, and the delta is what differs.
        found = follower.deltas_of(number, LONGEST)
        deltas = [each.text or each.name or "" for each in found]
        said = joined(elided(event.data[:LONGEST], deltas, limit=_EVENT_CHARS))
    return [event.last_line, _end(event.type), said or _end(event.data)]


def _end(text: str) -> str:
    shown = several_lines(text)
    return shown if len(shown) <= _SHOWN_CHARS else "…" + shown[-_SHOWN_CHARS:]
