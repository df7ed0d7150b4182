"""The table of the arrival benchmark, as text: a row a client."""

from __future__ import annotations

from tests.benchmarks.arrivals.figures import Figures

NOTE = """\
arrived: when the kernel had it, known to recvmsg and streamlab.  delivered: when the consumer
had it.  Gap error: of the gaps that a client observed, by its best clock.  Reads: whose
segments queued while the client was away, and for which that is unknown.  CPU: of the events,
without imports and connecting."""


COLUMNS = {
    "arrived, ms": ("arrived_p50", "arrived_p90", "arrived_p99", "arrived_max"),
    "delivered, ms": ("delivered_p50", "delivered_p90", "delivered_p99", "delivered_max"),
    "gap error, ms": ("gap_p50", "gap_p99"),
    "reads": ("merged", "unknown"),
    "CPU": ("cpu",),
    "peak": ("peak_mb",),
}
UNITS = {"merged": "merged", "unknown": "unkn.", "cpu": "µs/ev.", "peak_mb": "MB"}


def table(title: str, rows: dict[str, Figures]) -> str:
    """Return the rows of one load."""
    return "\n".join([heads(title), *(row(name, found) for name, found in rows.items())])


def heads(title: str) -> str:
    """Return what stands above the rows of one load."""
    groups = "".join(f"  {name:>{8 * len(each)}}" for name, each in COLUMNS.items())
    names = _row({column: UNITS.get(column, column[-3:]) for column in _flat()})
    return "\n".join([title, f"{'':19}{groups}", f"{'':19}{names}"])


def row(name: str, found: Figures) -> str:
    """Return the row of one client."""
    return f"{name:19}{_row({column: _cell(column, found) for column in _flat()})}"


def _flat() -> list[str]:
    return [column for columns in COLUMNS.values() for column in columns]


def _row(cells: dict[str, str]) -> str:
    return "".join(
        "  " + "".join(f"{cells[column]:>8}" for column in columns)
        for columns in COLUMNS.values()
    )


def _cell(column: str, found: Figures) -> str:
    value = found[column]
    if value is None:
        return "–"
    if column in ("merged", "unknown"):
        return f"{value:.1%}"
    if column in ("cpu", "peak_mb"):
        return f"{value:,.0f}"
    return f"{value / 1e3:,.{3 if value < 1e4 else 1}f}"


def slowed(gap_us: float, rows: dict[str, Figures]) -> str:
    """Say so if the sender was slower than asked: then lags are of a lighter load."""
    slowest_us = max(found["pace"] or 0 for found in rows.values())
    if slowest_us < 1.02 * gap_us:
        return ""
    return f" (the sender could not keep up: an event each {slowest_us / 1000:.1f} ms)"
