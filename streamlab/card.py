"""The face of a recording: one line of facts, a sparkline, and a plain table in HTML.

Rule: streamed text is somebody else's; it is escaped here, and shown without control
characters.
"""

from __future__ import annotations

import math
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlab.recording import Recording

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 40
_LINES_SHOWN = 5


def text(recording: Recording) -> str:
    """Return the recording in one line of facts, and its gaps as a second."""
    said = f" — {recording.problem}" if recording.problem else ""
    drawn = bars(gaps_ms(recording))
    return f"<Recording {facts(recording)}{said}>" + (f"\n  gaps {drawn}" if drawn else "")


def html(recording: Recording) -> str:
    """Return the recording as a plain table, without scripts or styles of its own."""
    rows = [
        ("recording", recording.label),
        ("problem", recording.problem or "none"),
        ("facts", facts(recording)),
        ("text", shown(recording.text, 300) or "—"),
        ("gaps", bars(gaps_ms(recording)) or "—"),
        ("stamps", ", ".join(sorted(set(recording.reads["stamp"]))) or "—"),
    ]
    table = "".join(
        f"<tr><th align='left'>{escape(name)}</th><td align='left'>{escape(value)}</td></tr>"
        for name, value in rows
    )
    first = recording.lines[["line", "t_ms", "kind", "value"]].head(_LINES_SHOWN)
    body = "".join(
        f"<tr><td>{row.line}</td><td>{row.t_ms:.1f}</td><td>{escape(str(row.kind))}</td>"
        f"<td align='left'><code>{escape(shown(str(row.value), 100))}</code></td></tr>"
        for row in first.itertuples()
    )
    head = "<tr><th>line</th><th>t_ms</th><th>kind</th><th align='left'>value</th></tr>"
    return f"<table>{table}</table><table>{head}{body}</table>"


def facts(recording: Recording) -> str:
    """Return what there is to know in one line."""
    summary = recording.summary
    ttft = summary["ttft_ms"]
    status = recording.meta.get("status")
    parts = [
        repr(recording.label),
        f"HTTP {status}" if status else "",
        _count(len(recording.tape), "read"),
        _count(len(recording.tables.framed.lines), "line"),
        _count(len(recording.tables.framed.events), "event"),
        "" if math.isnan(ttft) else f"ttft {ttft:.1f} ms",
        f"{_last_ms(recording):.1f} ms {_since(recording)}",
        f"ended: {recording.end.how}",
    ]
    return ", ".join(filter(None, parts))


def gaps_ms(recording: Recording) -> list[float]:
    """Return the times between reads, in ms."""
    stamps = recording.tape.columns.arrived_ns
    return [(b - a) / 1e6 for a, b in pairwise(stamps)]


def bars(values_ms: list[float]) -> str:
    """Return gaps as at most 40 bars from 0 to the largest, each the largest of its share."""
    if not values_ms:
        return ""
    step = math.ceil(len(values_ms) / _WIDTH)
    peaks = [max(values_ms[i : i + step]) for i in range(0, len(values_ms), step)]
    top = max(peaks)
    drawn = "".join(_BARS[min(7, int(8 * peak / (top or 1.0)))] for peak in peaks)
    return f"{drawn} (largest {top:.1f} ms)"


def shown(value: str, limit: int) -> str:
    """Return streamed text without control characters, cut to a length."""
    clean = "".join(c if c.isprintable() else "·" for c in value)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _count(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def _since(recording: Recording) -> str:
    known = recording.tables.t0_known
    return "in all" if known else "from the first read (the send was not seen)"


def _last_ms(recording: Recording) -> float:
    tape: Any = recording.tape
    return float(tape.end.t_ns - tape.t0_ns) / 1e6
