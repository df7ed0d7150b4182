"""The face of a finished stream: plain HTML, and plain text.

A recording, a live view that has ended and a report all show this face.  Tools that show saved
notebooks strip scripts, styles, SVG and most elements.  So it is made of the elements that
all such tools keep, each alignment is said by a style and by an attribute, and nothing is lost
without the styles.  They name no colours, so that light and dark themes work.

Rule: all text of a stream is made harmless (`follow.text`), then escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from statistics import median
from typing import TYPE_CHECKING

from streamlab.faces.heat import heat_html, legend
from streamlab.faces.text import gap_bars, gaps, ttft
from streamlab.follow.elide import GLYPHS, ShownLine, shown_line
from streamlab.follow.gap import MERGED
from streamlab.follow.problem import ending
from streamlab.follow.text import counted, duration, one_line, several_lines

if TYPE_CHECKING:
    from streamlab.metrics import Tables

LINES_SHOWN = 10
# A notebook is saved with its faces, and viewers refuse a file of many megabytes.
MOST_LINES = 1_000  # of a longer stream the face lists the first and the last 500 lines
# Jupyter's own style aligns cells to the right, and GitHub strips every style and keeps
# attributes: so each cell says it in both ways.
_LEFT = 'align="left" style="text-align:left;white-space:nowrap" nowrap'
_TABLE = '<table style="margin-left:0;margin-right:auto">'
_TEXT_CHARS = 2_000  # of the text in the text face


def static_html(tables: Tables, *, said: str = "", kept: str = "") -> str:
    """Return the face as HTML without scripts, colours or other files.

    `said` are further sentences about the end; `kept` is where the user finds the recording.
    """
    text, head, (name, dialect) = heat_html(tables), facts(tables), _title(tables)
    where = f" What arrived is kept in <code>{escape(kept)}</code>." if kept else ""
    ended = escape(status(tables, said))
    parts = [
        f"<p><strong>{escape(name)}</strong>{dialect}<br>{ended}{where}</p>",
        table_html(map(escape, head), [map(escape, head.values())]),
        f"<p>{picture_html(tables, 'staircase')}</p><p>{escape(gaps(tables))}</p>",
        f'<p style="overflow-wrap:break-word">{text or "(no text)"}</p>',
        f"<p><sub>{escape(legend(text))}</sub></p>" if legend(text) else "",
        lines_html(tables),
    ]
    return f'<div align="left" style="text-align:left">{"".join(parts)}</div>'


def static_text(tables: Tables, *, said: str = "", kept: str = "") -> str:
    """Return the face as text for a terminal; parameters as for `static_html`."""
    where = f" What arrived is kept in {kept}." if kept else ""
    text = tables.answer.text
    more = len(text) - _TEXT_CHARS
    cut = f"\n[… {more:,} more characters]" if more > 0 else ""
    parts = [
        f"{''.join(_title(tables))}: {status(tables, said)}{where}",
        " · ".join(f"{name} {value}" for name, value in facts(tables).items()),
        gap_bars(tables),
        gaps(tables),
        several_lines(text[:_TEXT_CHARS]) + cut if text else "(no text)",
    ]
    return "\n".join(filter(None, parts))


def facts(tables: Tables) -> dict[str, str]:
    """Return the head table: names and values, in words."""
    from streamlab.metrics.intervals import pieces

    known_ms = pieces(tables)[0]["gap_ms"].dropna().tolist()
    known = " known" if MERGED in tables.tape.columns.arrival else ""
    in_all_ms = (tables.tape.end.t_ns - tables.t0_ns) / 1e6
    since = "in all" if tables.t0_known else "since the first read"
    return {
        "first text (TTFT)": ttft(tables) or "–",
        since: duration(in_all_ms),
        "reads": f"{len(tables.tape):,}",
        "lines": f"{len(tables.framed.lines):,}",
        "events": f"{len(tables.framed.events):,}",
        "bytes": f"{len(tables.tape.body):,}",
        f"median{known} gap": duration(median(known_ms) if known_ms else None),
        f"longest{known} gap": duration(max(known_ms, default=None)),
    }


def table_html(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table, left-aligned by attributes and by styles; the cells are HTML."""
    heads = "".join(f"<th {_LEFT}>{cell}</th>" for cell in head)
    lines = ("".join(f"<td {_LEFT}>{cell}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"{_TABLE}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def picture_html(tables: Tables, name: str) -> str:
    """Return a picture of ``plots`` as an ``<img>`` with its caption as alt text."""
    from streamlab import plots

    return plots.to_html(plots.picture(name, {"": tables.unlabelled()}))


def lines_html(tables: Tables) -> str:
    """Return the lines, elided: all of them closed, and the last ones as a table."""
    total, half = len(tables.framed.lines), MOST_LINES // 2
    listed, name = [*range(total)], f"All {counted(total, 'line')}"
    if total > MOST_LINES:
        listed = [*range(half), *range(total - half, total)]
        name = f"The first {half:,} and the last {half:,} of {total:,} lines"
    rows = "\n".join(
        f"{line.number:>6} {when:>9} {line.read:>5} {GLYPHS[line.kind]} {line.text}"
        for line, when in _timed(tables, listed, "")
    )
    last = listed[-LINES_SHOWN:]
    head = ["line", "ms", "read", "what arrived (⋯ is about the same in every line)"]
    cells = ([x.number, when, x.read, _line_html(x)] for x, when in _timed(tables, last))
    shown = (
        f"<details><summary>{name}</summary><pre>{escape(rows, quote=False)}</pre></details>"
        f"<details open><summary>The last {counted(len(last), 'line')}</summary>"
        f"{table_html(head, cells)}</details>"
    )
    return shown if total else ""


def _timed(
    tables: Tables, numbers: Iterable[int], same: str = "same read"
) -> Iterator[tuple[ShownLine, str]]:
    """Yield lines as shown, and their time in ms: of the lines of one read only the first's."""
    read, t_ms = -1, tables.reads["t_ms"]
    for line in (shown_line(tables.follower, number) for number in numbers):
        yield line, same if line.read == read else f"{t_ms[line.read]:.1f}"
        read = line.read


def _line_html(line: ShownLine) -> str:
    texts = ((what, escape(text, quote=False)) for what, text in line.pieces)
    code = "".join(f"<b>{text}</b>" if what == "delta" else text for what, text in texts)
    return f"<code>{code}</code> {line.note}" if code else f"{GLYPHS[line.kind]} {line.note}"


def _title(tables: Tables) -> tuple[str, str]:
    dialect = tables.follower.dialect
    return one_line(tables.label or "stream", 200), f" · {dialect}" * (dialect != "auto")


def status(tables: Tables, said: str = "") -> str:
    """Return how the stream ended, and whether the answer is complete."""
    glyph = "✕" if tables.problem else "■"
    reader = tables.follower.reader
    is_short = (reader is None or reader.complete is False) and not tables.problem
    short = "The answer is not complete." if is_short else ""
    return " ".join(filter(None, [f"{glyph} {ending(tables.follower)}.", short, said]))
