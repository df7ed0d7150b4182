"""The text of an answer with its waits, in characters and tags that survive every viewer.

``[after 300 ms]`` is a wait of more than four medians, underlined is a piece that came in the
read of the piece before, ``⟦…⟧`` holds what came in one merged read: when is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from streamlab.dialects import GENERATED, PLAIN
from streamlab.follow.text import counted, duration, several_lines

if TYPE_CHECKING:
    import pandas as pd

    from streamlab.metrics import Tables

MOST_CHARS = 1_200  # a longer text is shown by its start and its end, half each
MEDIANS = 4  # a longer wait is said in the text
_SAID = {"content": "", "meta": "", "reasoning": "[reasoning]", "tool_call": "[tool call]"}
# Characters and tags, because a viewer that strips styles would lose colours.
_WAIT, _SAME, _MERGED = "[after ", "<ins>", "⟦"


def pieces(tables: Tables) -> pd.DataFrame:
    """Return the deltas with text of the first choice; of a plain stream, all with data.

    They have no texts, see `with_text`; `merged` says whether their read was.
    """
    # One text can be as long as the stream, and a face shows a part of it.
    deltas, plain = tables.deltas, tables.follower.dialect in PLAIN
    kinds = {*GENERATED, "meta"} if plain else GENERATED
    chars = deltas.pop("text").str.len().astype("int64")
    first = deltas["choice"].fillna(0).eq(0) & chars.gt(0)
    found = deltas.assign(chars=chars)[deltas["kind"].isin(kinds) & first]
    found = found.merge(tables.reads[["read", "arrival"]])
    return found.assign(merged=found["arrival"].eq("merged").fillna(False))


def with_text(tables: Tables, rows: pd.DataFrame, limits: pd.Series[int]) -> pd.DataFrame:
    """Return pieces with so many characters of their text, made harmless; see `Deltas.item`."""
    end = "\n" * (tables.follower.dialect in PLAIN)
    made = map(tables.follower.deltas.item, rows["delta"], limits)
    return rows.assign(text=[several_lines(delta.text) + end for delta in made])


def heat_html(tables: Tables) -> str:
    """Return the text as HTML: its start, its end, and its waits; \"\" without a text."""
    rows, half = pieces(tables), MOST_CHARS // 2
    long_ms = MEDIANS * tables.reads["gap_ms"].median()  # NaN without a known gap
    after, total = rows["chars"].cumsum(), rows["chars"].sum()
    if (over := int(total) - MOST_CHARS) <= 0:
        return "".join(_marked(with_text(tables, rows, rows["chars"]), long_ms))
    room = (half - after + rows["chars"]).clip(lower=0)
    start = with_text(tables, rows[room > 0], room[room > 0])
    room = (after - half - over).clip(lower=0)
    end = with_text(tables, rows[room > 0], -room[room > 0])
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


def _marked(found: pd.DataFrame, long_ms: float) -> Iterator[str]:
    kind = ""
    rows: Iterator[Any] = found[found["text"] != ""].itertuples()
    # When a piece within a merged read came is not known: so no piece there is underlined.
    for merged, group in groupby(rows, lambda row: row.merged and row.read):
        yield "<b>⟦</b>" if merged is not False else ""
        for row in group:
            if row.kind != kind:
                label = _SAID.get(row.kind, f"[{row.kind}]")
                yield "<br>" * bool(kind) + (f"<b>{label}</b> " if label else "")
                kind = row.kind
            if row.gap_ms > long_ms:  # never true of NaN
                yield f"<b>{_WAIT}{duration(row.gap_ms)}]</b> "
            text = escape(row.text, quote=False).replace("\n", "<br>")
            yield f"<ins>{text}</ins>" if row.coalesced and merged is False else text
        yield "<b>⟧</b>" if merged is not False else ""
