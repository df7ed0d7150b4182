"""The parser in slow motion as a widget: of a recording, or of bytes that a user types.

The states are computed in Python, by our decoder.  So a text that is typed into a stepper goes
to the kernel, and the states come back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import accumulate, compress
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from streamlab import faces
from streamlab.errors import UsageError
from streamlab.faces.frozen import static_html, static_text, table_html
from streamlab.faces.notices import notices
from streamlab.faces.steps import MOST_BYTES, Wire, packed
from streamlab.follow.text import counted, one_line, whole
from streamlab.metrics import Tables
from streamlab.tape import End, Read, Stamp, tape_of

_HERE = Path(faces.__file__).parent
_CUT, _CR = "‖", "␍"
_TYPED = re.compile(f"⟨([0-9A-Fa-f]{{2}})⟩|{_CR}")
_UNTYPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\udc80-\udcff‖␍⟨]")


class Player(anywidget.AnyWidget):
    """The player in the browser.

    Attributes
    ----------
    packed : str
        All states, see `streamlab.faces.steps.packed`.
    """

    _esm = _HERE / "player.mjs"
    _css = _HERE / "player.css"
    packed = traitlets.Unicode().tag(sync=True)
    editable = traitlets.Bool(False).tag(sync=True)
    typed = traitlets.Unicode().tag(sync=True)

    def __init__(self, tables: Tables, wire: Wire | None = None, **traits: object) -> None:
        self.tables, self.wire = tables, wire
        super().__init__(packed=packed(tables, wire), **traits)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget, and beside it a face for a place without a kernel."""
        shown = super()._repr_mimebundle_(**options)
        data, about = shown if shown is not None else ({}, {})
        html = static_html(self.tables) if self.wire is None else _typed_html(self.tables)
        return {**data, "text/html": html, "text/plain": repr(self)}, about

    def __repr__(self) -> str:
        if self.wire is None:
            return static_text(self.tables)
        return "\n".join([_counts(self.tables), *_said(self.tables)])


class Stepper(Player):
    """A player of bytes that a user gave, and can change by typing."""

    def __init__(self, reads: Sequence[bytes], chunked: bool, dialect: str) -> None:
        self._options = chunked, dialect
        super().__init__(*_taken(reads, *self._options), editable=True, typed=as_typed(reads))
        self.on_msg(self._hear)

    def _hear(self, _: object, message: object, __: object) -> None:
        """Take what was typed, and send its states or what is wrong with it."""
        match message:
            case {"do": "type", "text": str() as text}:
                said = ""
                try:
                    self.tables, self.wire = _taken(from_typed(text), *self._options)
                    self.packed = packed(self.tables, self.wire)
                except UsageError as refused:
                    said = str(refused)
                self.send({"said": said})


def stepper(
    raw: str | bytes | Iterable[bytes], *, chunked: bool = False, dialect: str = "auto"
) -> Stepper:
    """Show the parser of server-sent events in slow motion, byte by byte, in a notebook.

    Parameters
    ----------
    raw : bytes, str or iterable of bytes
        A stream's bytes; an iterable has one item a read, so that reads can cut a character.
    chunked : bool
        Whether `raw` has the framing of HTTP/1.1's chunks, as on the wire (RFC 9112, 7.1).
    dialect : str
        How to read the events; by default the first event decides.

    Raises
    ------
    UsageError
        If `raw` is none of these, or has more than 400,000 bytes.
    UnknownNameError
        If there is no such dialect.

    Examples
    --------
    >>> import streamlab as sl
    >>> sl.stepper([b"data: caf\\xc3", b"\\xa9\\n\\n"])  # doctest: +SKIP
    """
    return Stepper(_reads_of(raw), chunked, dialect)


def sse(line: str, cell: str) -> Stepper:
    """Show the text of a cell in the stepper: ``%%sse``, or ``%%sse openai_chat``."""
    return stepper(cell, dialect=line.strip() or "auto")


def as_typed(reads: Iterable[bytes]) -> str:
    """Return reads as text for a box: ``‖`` is a cut, ``␍`` a CR, ``⟨C3⟩`` a byte."""
    # A backslash stays a backslash: a user pastes lines of JSON, and these have many.
    texts = (_UNTYPED.sub(_bytes, read.decode("utf-8", "surrogateescape")) for read in reads)
    return _CUT.join(texts).replace("\r", _CR)


def from_typed(text: str) -> list[bytes]:
    """Return the reads in a text that is written as `as_typed` writes it."""

    def byte(found: re.Match[str]) -> str:
        code = int(found[1] or "0D", 16)
        return chr(code if code < 128 else 0xDC00 + code)

    reads = (_TYPED.sub(byte, read) for read in whole(text).split(_CUT))
    return [read.encode("utf-8", "surrogateescape") for read in reads]


def _bytes(found: re.Match[str]) -> str:
    return "".join(f"⟨{byte:02X}⟩" for byte in found[0].encode("utf-8", "surrogateescape"))


def _reads_of(raw: object) -> list[bytes]:
    if isinstance(raw, str):
        return [raw.encode("utf-8", "replace")]
    buffers = (bytes, bytearray, memoryview)
    items = [raw] if isinstance(raw, buffers) or not isinstance(raw, Iterable) else list(raw)
    reads = [bytes(item) for item in items if isinstance(item, buffers)]
    if len(reads) < len(items):
        names = sorted({type(item).__name__ for item in items if not isinstance(item, buffers)})
        raise UsageError(
            "a stepper takes bytes, text or a list of bytes, one item a read, and got "
            f'{", ".join(names)}. Pass b"data: …"; for a recording call rec.play().'
        )
    return reads


def _taken(reads: Sequence[bytes], chunked: bool, dialect: str) -> tuple[Tables, Wire]:
    """Return the tables of some bytes, and the bytes with their framing."""
    shown = b"".join(reads)
    if len(shown) > MOST_BYTES:
        raise UsageError(
            f"a stepper takes at most {MOST_BYTES:,} bytes and got {len(shown):,}. Pass a part."
        )
    ends, is_body, fault = list(accumulate(map(len, reads))), [True] * len(shown), ""
    if chunked:
        is_body, fault = _unchunked(shown)
    frames = [[at, 1] for at, body in enumerate(is_body) if not body]
    rows, start, now = [], 0, Stamp(0, 0)
    for end in ends:
        data = bytes(compress(shown[start:end], is_body[start:end]))
        rows += [Read(data, now, 0, -1)] if data else []
        start = end
    tables = Tables(tape_of(rows, End(0, "eof")), dialect, "stepper")
    return tables, Wire(shown, ends, frames, fault=fault)


def _unchunked(wire: bytes) -> tuple[list[bool], str]:
    """Return which bytes are the body's, and what is wrong with the framing of its chunks."""
    # The framing is taken away by the code that records: byte by byte it shows which are which.
    # It is imported here because it loads httpx.
    from streamlab.net.http1_body import Chunked

    framing, fault = Chunked(), ""
    is_body = [bool(framing.feed(wire[at : at + 1])) for at in range(len(wire))]
    try:
        framing.close()
    except Exception as broken:
        fault = f"{broken}."
    return is_body, fault


def _counts(tables: Tables) -> str:
    framed, size = tables.framed, counted(len(tables.framed.body), "byte")
    events = counted(len(framed.events), "event")
    return f"stepper: {size}, {counted(len(framed.lines), 'line')}, {events}."


def _said(tables: Tables) -> list[str]:
    found = notices(tables, is_typed=True)
    return [f"{f'line {line}: ' if line >= 0 else ''}{said}" for line, said in found]


def _typed_html(tables: Tables) -> str:
    """Return what there is to see without a browser's script: events and notices."""
    rows = [
        [escape(one_line(x, 200)) for x in (e.type, e.data, e.id)] for e in tables.framed.events
    ]
    items = "".join(f"<li>{escape(said)}</li>" for said in _said(tables))
    table = table_html(["type", "data", "id"], rows) if rows else ""
    return f"<p>{escape(_counts(tables))}</p>{table}<ul>{items}</ul>"
