"""A recording as text: one line of facts, and a sparkline of its gaps."""

from __future__ import annotations

import math

from streamlab.metrics import Tables, summary

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 40


def text(tables: Tables) -> str:
    """Return the recording in one line of facts, and its gaps as a second."""
    said = f" — {tables.problem}" if tables.problem else ""
    drawn = bars(gaps_ms(tables))
    return f"<Recording {facts(tables)}{said}>" + (f"\n  gaps {drawn}" if drawn else "")


def facts(tables: Tables) -> str:
    """Return what there is to know in one line."""
    ttft = summary(tables)["ttft_ms"]
    status = tables.meta.get("status")
    parts = [
        repr(tables.label),
        f"HTTP {status}" if status else "",
        _count(len(tables.tape), "read"),
        _count(len(tables.framed.lines), "line"),
        _count(len(tables.framed.events), "event"),
        "" if math.isnan(ttft) else f"ttft {ttft:.1f} ms",
        f"{_last_ms(tables):.1f} ms {_since(tables)}",
        f"ended: {tables.tape.end.how}",
    ]
    return ", ".join(filter(None, parts))


def gaps_ms(tables: Tables) -> list[float]:
    """Return the times between reads, in ms."""
    gaps: list[float] = tables.reads["gap_ms"].dropna().tolist()
    return gaps


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


def _since(tables: Tables) -> str:
    known = tables.t0_known
    return "in all" if known else "from the first read (the send was not seen)"


def _last_ms(tables: Tables) -> float:
    return (tables.tape.end.t_ns - tables.t0_ns) / 1e6
