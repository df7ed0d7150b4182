"""A recording as HTML: plain tables, without scripts or styles of their own.

Rule: streamed text is untrusted, so it is made harmless by `one_line`, then escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from streamlab.faces.text import facts, gap_bars
from streamlab.follow.gap import queued
from streamlab.follow.text import one_line

if TYPE_CHECKING:
    from streamlab.metrics import Tables

_LINES_SHOWN = 5


def html(tables: Tables) -> str:
    """Return the recording as a plain table, without scripts or styles of its own."""
    rows = [
        ("recording", one_line(tables.label)),
        ("problem", tables.problem or "none"),
        ("facts", facts(tables)),
        ("text", one_line(tables.answer.text, 300) or "—"),
        ("gaps", gap_bars(tables) or "—"),
        ("not known", queued(tables.tape.columns) or "—"),
        ("stamps", ", ".join(sorted(set(tables.reads["stamp"]))) or "—"),
    ]
    table = "".join(
        f"<tr><th align='left'>{escape(name)}</th><td align='left'>{escape(value)}</td></tr>"
        for name, value in rows
    )
    first = tables.lines[["line", "t_ms", "kind", "value"]].head(_LINES_SHOWN)
    body = "".join(
        f"<tr><td>{row.line}</td><td>{row.t_ms:.1f}</td><td>{escape(str(row.kind))}</td>"
        f"<td align='left'><code>{escape(one_line(str(row.value), 100))}</code></td></tr>"
        for row in first.itertuples()
    )
    head = "<tr><th>line</th><th>t_ms</th><th>kind</th><th align='left'>value</th></tr>"
    return f"<table>{table}</table><table>{head}{body}</table>"
