"""The text of an answer with its waits, in characters and tags that survive every viewer.

``[after 300 ms]`` is a wait of more than four medians, underlined is a piece that came in the
read of the piece before, ``⟦…⟧`` holds what came in one merged read: when is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from streamlab.dialects import GENERATED
from streamlab.follow.text import counted, duration, several_lines

if TYPE_CHECKING:
    from streamlab.metrics import Tables

MOST_CHARS = 1_200
"""A longer text is shown by its start and its end, half each."""

MEDIANS = 4
"""A longer wait is said in the text."""

_SAID = {"content": "", "meta": "", "reasoning": "[reasoning]", "tool_call": "[tool call]"}
_WAIT, _SAME, _MERGED = "[after ", "<ins>", "⟦"


class Piece(NamedTuple):
    """The text of one delta, and how it arrived."""

    delta: int
    kind: str
    text: str
    read: int
    gap_ms: float  # NaN where it is not known
    coalesced: bool
    merged: bool


def pieces(tables: Tables) -> list[Piece]:
    """Return the generated text of the first choice; of a plain stream the data."""
    deltas, reads = tables.deltas, tables.reads
    plain = tables.follower.dialect in ("sse", "ndjson")
    merged = set(reads.index[reads["arrival"].eq("merged").fillna(False)])
    columns = zip(
        *(deltas[name] for name in ("delta", "kind", "text", "read", "gap_ms", "coalesced")),
        deltas["choice"].fillna(0),
        strict=True,
    )
    return [
        Piece(n, kind, several_lines(text) + "\n" * plain, read, gap, same, read in merged)
        for n, kind, text, read, gap, same, choice in columns
        if text and choice == 0 and (kind in GENERATED or (plain and kind == "meta"))
    ]


def heat_html(tables: Tables) -> str:
    """Return the text as HTML: its start, its end, and its waits; \"\" without a text."""
    found, half, at = pieces(tables), MOST_CHARS // 2, 0
    long_ms = MEDIANS * tables.reads["gap_ms"].median()  # NaN without a known gap
    over = sum(len(piece.text) for piece in found) - MOST_CHARS
    if over <= 0:
        return "".join(_marked(found, long_ms))
    start, end = [], []
    for piece in found:
        start.append(piece._replace(text=piece.text[: max(half - at, 0)]))
        end.append(piece._replace(text=piece.text[max(half + over - at, 0) :]))
        at += len(piece.text)
    cut = f"<br><b>[… {counted(over, 'character')} between are in the recording]</b><br>"
    return "".join([*_marked(start, long_ms), cut, *_marked(end, long_ms)])


def legend(html: str) -> str:
    """Return what the marks in a text of `heat_html` mean; \"\" if it has none."""
    meanings = {
        _WAIT: f"[after …] is a wait of more than {MEDIANS} medians.",
        _SAME: "Underlined: it came in the same read as the piece before.",
        _MERGED: "⟦…⟧ came in one merged read; when is not known.",
    }
    return " ".join(said for mark, said in meanings.items() if mark in html)


def _marked(found: list[Piece], long_ms: float) -> Iterator[str]:
    """Yield the pieces as HTML, with their marks."""
    kind = ""
    shown = (piece for piece in found if piece.text)
    for merged, group in groupby(shown, lambda piece: piece.read if piece.merged else -1):
        yield "<b>⟦</b>" if merged >= 0 else ""
        for piece in group:
            if piece.kind != kind:
                label = _SAID.get(piece.kind, f"[{piece.kind}]")
                yield "<br>" * bool(kind) + (f"<b>{label}</b> " if label else "")
                kind = piece.kind
            if piece.gap_ms > long_ms:  # never true of NaN
                yield f"<b>{_WAIT}{duration(piece.gap_ms)}]</b> "
            text = escape(piece.text, quote=False).replace("\n", "<br>")
            yield f"<ins>{text}</ins>" if piece.coalesced and merged < 0 else text
        yield "<b>⟧</b>" if merged >= 0 else ""
