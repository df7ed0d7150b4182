"""A live view after its stream has ended: plain HTML, and plain text.

Tools that show saved notebooks strip scripts, styles, SVG and most attributes.  So the HTML
is made of tables, ``pre`` and block characters, which all such tools show.  The few inline
styles may be lost without harm, and name no colours, so that light and dark themes work.

Rule: all text from the state is escaped.
"""

from __future__ import annotations

from html import escape

from streamlab.faces.state import State
from streamlab.follow.text import duration, sparkline

_GLYPHS = {"waiting": "○", "streaming": "●", "done": "■", "failed": "✕"}
_SAID = {"content": "", "data": "", "reasoning": "[reasoning] ", "tool_call": "[tool call] "}
_CELL = 'style="text-align:left"'
_WRAP = 'style="white-space:pre-wrap;overflow-wrap:anywhere;max-height:20em;overflow:auto"'


def static_html(state: State) -> str:
    """Return a state of a `LiveModel` as HTML without scripts, styles or other files."""
    facts = "".join(f"<th {_CELL}>{escape(name)}</th>" for name, _ in _facts(state))
    values = "".join(f"<td {_CELL}>{escape(value)}</td>" for _, value in _facts(state))
    parts = [
        f"<p><strong>{escape(_title(state))}</strong><br>{escape(_status(state))}</p>",
        f"<table><thead><tr>{facts}</tr></thead><tbody><tr>{values}</tr></tbody></table>",
        f"<p><code>{sparkline(state.get('overview', []))}</code><br>{escape(gaps(state))}</p>",
        f"<pre {_WRAP}>{escape(_text(state))}</pre>",
        _lines_html(state),
    ]
    return f"<div>{''.join(parts)}</div>"


def static_text(state: State) -> str:
    """Return a state of a `LiveModel` as text for a terminal."""
    facts = " · ".join(f"{name} {value}" for name, value in _facts(state))
    spark = sparkline(state.get("overview", []))
    parts = [f"{_title(state)}: {_status(state)}", facts, spark, gaps(state), _text(state)]
    return "\n".join(part for part in parts if part)


def gaps(state: State) -> str:
    """Return one sentence about the gaps between reads."""
    n_gaps = state["counts"]["gaps"]
    if not n_gaps:
        return "No gaps: fewer than two reads arrived."
    longest_ms, read = state["longest_gap_ms"], state["longest_gap_read"]
    hidden = state["queued"]
    also = f" {hidden[0].upper()}{hidden[1:]}." if hidden else ""
    if longest_ms is None:
        return f"No gap between the reads is known.{also}"
    if n_gaps == 1:
        return f"One gap between two reads: {duration(longest_ms)}.{also}"
    of = "" if n_gaps <= len(state["gaps"]) else f" of the latest {len(state['gaps']):,}"
    known = " known" if hidden else ""
    said = f"median{known}{of} {duration(state['median_gap_ms'])}"
    said += f", the longest{known} {duration(longest_ms)}, before read {read}"
    return f"{n_gaps:,} gaps between reads, on a linear scale from 0: {said}.{also}"


def _facts(state: State) -> list[tuple[str, str]]:
    counts = state["counts"]
    counted = [(name, f"{counts[name]:,}") for name in ("reads", "lines", "events", "bytes")]
    return [
        ("TTFT", duration(state["ttft_ms"])),
        ("elapsed", duration(state["elapsed_ms"])),
        *counted,
    ]


def _title(state: State) -> str:
    return " · ".join(part for part in (state["label"] or "stream", state["dialect"]) if part)


def _status(state: State) -> str:
    glyph, ended = _GLYPHS[state["state"]], state["ended"] or "not ended when this was frozen"
    said = f"{glyph} {state['state']}: {ended}."
    if state["stop_waited_ms"] is not None:
        said += f" Stop was clicked; the click waited {duration(state['stop_waited_ms'])}."
    if "view_failed" in state:
        said += f" The live view stopped early: {state['view_failed']}."
    return said


def _text(state: State) -> str:
    shown = sum(len(text) for _, text in state["text"])
    left_out = state["counts"]["chars"] - shown
    before = (
        f"[… {left_out:,} characters before this are in the recording]\n" if left_out else ""
    )
    runs = [_SAID.get(kind, f"[{kind}] ") + text for kind, text in state["text"]]
    return before + "\n".join(runs) if runs else "(no text)"


def _lines_html(state: State) -> str:
    rows = "".join(
        f"<tr><td>{number}</td><td>{t_ms:,.1f}</td><td>{read}</td>"
        f"<td {_CELL}><code>{escape(text) or '(blank)'}</code></td></tr>"
        for number, t_ms, read, text in state["lines"]
    )
    if not rows:
        return ""
    head = f"<tr><th>line</th><th>ms</th><th>read</th><th {_CELL}>what arrived</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    summary = f"<summary>the last {len(state['lines'])} lines</summary>"
    return f"<details>{summary}{table}</details>"
