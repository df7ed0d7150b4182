"""The parser in slow motion as a widget: of a recording, or of bytes that a user types.

The states are computed in Python, by our decoder.  So a text that is typed into a stepper goes
to the kernel, and the states come back.
"""

from ast import literal_eval
from collections.abc import Iterable, Sequence
from itertools import accumulate, compress, pairwise
from pathlib import Path
from typing import Any, cast

import anywidget
import traitlets

from streamlab import faces
from streamlab.errors import UsageError
from streamlab.faces.frozen import static_html, static_text
from streamlab.faces.notices import notices
from streamlab.faces.steps import MOST_BYTES, Wire, packed
from streamlab.follow.text import counted
from streamlab.metrics import Tables
from streamlab.tape import End, Read, Stamp, tape_of

_HERE = Path(faces.__file__).parent
_LITERALS = ("[", "b'", 'b"')


class Player(anywidget.AnyWidget):
    """The player in the browser; `packed` has all states, see `streamlab.faces.steps`."""

    _esm = _HERE / "player.mjs"
    _css = _HERE / "player.css"
    packed = traitlets.Unicode().tag(sync=True)
    editable = traitlets.Bool(False).tag(sync=True)
    typed = traitlets.Unicode().tag(sync=True)

    def __init__(self, tables: Tables, wire: Wire | None = None, **traits: object) -> None:
        self.tables = tables
        super().__init__(packed=packed(tables, wire), **traits)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Return the widget, and beside it a face for a place without a kernel."""
        data, about = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, **self._face()}, about

    def __repr__(self) -> str:
        return self._face()["text/plain"]

    def _face(self) -> dict[str, str]:
        return {"text/html": static_html(self.tables), "text/plain": static_text(self.tables)}


class Stepper(Player):
    """A player of bytes that a user gave, and can change by typing."""

    def __init__(self, reads: Sequence[bytes], chunked: bool, dialect: str) -> None:
        self._options = chunked, dialect
        super().__init__(*_taken(reads, *self._options), editable=True, typed=as_typed(reads))
        self.on_msg(self._hear)

    def _face(self) -> dict[str, str]:
        framed = self.tables.framed
        sizes = {"byte": framed.body, "line": framed.lines, "event": framed.events}
        said = ", ".join(counted(len(each), name) for name, each in sizes.items())
        found = (
            f"line {line}: {each}" if line >= 0 else each
            for line, each in notices(self.tables, is_typed=True)
        )
        return {"text/plain": "\n".join([f"stepper: {said}.", *found])}

    def _hear(self, _: object, message: object, __: object) -> None:
        match message:
            case {"do": "type", "text": str() as text}:
                said = ""
                try:
                    self.tables, wire = _taken(from_typed(text), *self._options)
                    self.packed = packed(self.tables, wire)
                except UsageError as refused:
                    said = str(refused)
                self.send({"said": said})


def stepper(
    raw: str | bytes | Iterable[str | bytes], *, chunked: bool = False, dialect: str = "auto"
) -> Stepper:
    """Show the parser of server-sent events in slow motion, byte by byte, in a notebook.

    Parameters
    ----------
    raw : bytes, str or iterable of these
        A stream's bytes; an iterable has one item a read, so that reads can cut a character:
        ``[b"data: caf\\xc3", b"\\xa9\\n\\n"]``.
    chunked : bool
        Whether `raw` has the framing of HTTP/1.1's chunks, as on the wire (RFC 9112, 7.1).
    dialect : str
        How to read the events; by default the first event decides.

    Raises
    ------
    UsageError
        If `raw` is none of these, or has more than 400,000 bytes; if there is no such dialect.
    """
    return Stepper(_reads_of(raw), chunked, dialect)


def sse(line: str, cell: str) -> Stepper:
    """Show the text of a cell in the stepper: ``%%sse``, or ``%%sse openai_chat``."""
    return stepper(cell, dialect=line.strip() or "auto")


def as_typed(reads: Sequence[bytes]) -> str:
    """Return reads as a user edits them: plain text as it is, else a Python literal."""
    text = reads[0].decode("utf-8", "replace") if len(reads) == 1 else ""
    plain = text.replace("\n", "").isprintable() and not text.startswith(_LITERALS)
    return text if plain and [text.encode()] == [*reads] else repr([*reads])


def from_typed(text: str) -> list[bytes]:
    """Return the reads in what a user typed; see `as_typed`."""
    try:
        return _reads_of(literal_eval(text) if text.startswith(_LITERALS) else text)
    except (MemoryError, RecursionError, SyntaxError, ValueError):
        said = "this begins like Python and is not like [b'data: caf\\xc3', b'\\xa9\\n\\n']."
        raise UsageError(said) from None


def _reads_of(raw: object) -> list[bytes]:
    alone = isinstance(raw, (str, bytes, bytearray)) or not isinstance(raw, Iterable)
    reads: list[bytes] = []
    for item in [raw] if alone else cast("Iterable[object]", raw):
        if not isinstance(item, (str, bytes, bytearray)):
            raise UsageError(
                "a stepper takes bytes, text or a list of bytes, one item a read, and got "
                f'{type(item).__name__}. Pass b"data: …"; for a recording call rec.play().'
            )
        reads.append(item.encode("utf-8", "replace") if isinstance(item, str) else bytes(item))
    return reads


def _taken(reads: Sequence[bytes], chunked: bool, dialect: str) -> tuple[Tables, Wire]:
    shown = b"".join(reads)
    if len(shown) > MOST_BYTES:
        raise UsageError(
            f"a stepper takes at most {MOST_BYTES:,} bytes and got {len(shown):,}. Pass a part."
        )
    ends = list(accumulate(map(len, reads)))
    is_body, fault = _unchunked(shown) if chunked else ([True] * len(shown), "")
    frames = [[at, 1] for at, body in enumerate(is_body) if not body]
    spans = (slice(*span) for span in pairwise([0, *ends]))
    bodies = (bytes(compress(shown[span], is_body[span])) for span in spans)
    tape = tape_of([Read(each, Stamp(0, 0), 0, -1) for each in bodies if each], End(0, "eof"))
    return Tables(tape, dialect, "stepper"), Wire(shown, ends, frames, fault=fault)


def _unchunked(wire: bytes) -> tuple[list[bool], str]:
    """Return which bytes are the body's, and what is wrong with the framing of its chunks."""
    # The framing is taken away by the code that records: byte by byte it shows which are which.
    # It is imported here because it loads httpx.
    from streamlab.net.http1_body import Chunked

    framing = Chunked()
    is_body = [bool(framing.feed(wire[at : at + 1])) for at in range(len(wire))]
    try:
        framing.close()
    except Exception as broken:
        return is_body, f"{broken}."
    return is_body, ""
