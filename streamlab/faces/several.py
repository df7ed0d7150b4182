"""The face of streams that were watched together: one picture of all of them.

Rule: as in `faces.frozen`, nothing is lost where a viewer strips styles, and all text of a
stream is harmless and escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from streamlab.faces import frozen
from streamlab.faces.heat import heat_html

if TYPE_CHECKING:
    from streamlab.metrics import Tables

KEPT = "They are kept in .recordings; the one that ended last is sl.last."


def static_html(streams: Mapping[str, Tables], said: str = "") -> str:
    """Return the face of streams by name, as HTML without scripts, colours or other files."""
    from streamlab import plots

    ends = [f"{name}: {frozen.status(each)}" for name, each in streams.items()]
    above = "<br>".join(map(escape, [*ends, f"{said} {KEPT}".strip()]))
    picture = plots.to_html(plots.plot_delivery(streams))
    parts = [f"<p>{above}</p>", _table(streams), f"<p>{picture}</p>"]
    for name, each in streams.items():
        text = heat_html(each) or "(no text)"
        parts.append(f"<p><strong>{escape(name)}:</strong> {text}</p>")
        lines = f"<details><summary>Lines of {escape(name)}</summary>{frozen.lines_html(each)}"
        parts.append(f"{lines}</details>")
    return f'<div align="left" style="text-align:left">{"".join(parts)}</div>'


def static_text(streams: Mapping[str, Tables], said: str = "") -> str:
    """Return the face of streams by name, as text for a terminal."""
    faces = [f"{name}: {frozen.static_text(each)}" for name, each in streams.items()]
    return "\n\n".join([f"{said} {KEPT}".strip(), *faces])


def _table(streams: Mapping[str, Tables]) -> str:
    facts = {name: frozen.facts(each) for name, each in streams.items()}
    # One name a column: "median known gap" is true of a stream without a merged read, too.
    heads = max(facts.values(), key=lambda each: "median known gap" in each)
    rows = [map(escape, (name, *each.values())) for name, each in facts.items()]
    return frozen.table_html(["", *map(escape, heads)], rows)
