"""What a server says of its own times, with the units of each server as milliseconds."""

from collections.abc import Iterable
from math import isfinite, nan

from streamlab.dialects.answer import Answer
from streamlab.dialects.reading import mended

# A name, ms, and ``usage``, ``timings`` or ``headers``.
Row = tuple[str, float, str]

# The length of a unit by the end of a key: Ollama's durations are ns, Groq's times are s.
_IN_S = ("_seconds", "_time", "_first_token")
_UNITS_MS = {"_ms": 1.0, "-ms": 1.0, "_duration": 1e-6, **dict.fromkeys(_IN_S, 1e3)}


def server_times(found: Answer, headers: Iterable[tuple[str, str]]) -> list[Row]:
    """Return the times that a server reports."""
    sources = {"usage": found.usage, "timings": found.timings, "headers": dict(headers)}
    pairs = [
        (name, each) for name, values in sources.items() for each in (values or {}).items()
    ]
    rows = [(mended(key), _ms(key.lower(), value), source) for source, (key, value) in pairs]
    # SambaNova's `start_time` is a date: no request takes years.
    return [row for row in rows if isfinite(row[1]) and row[1] < 1e11]


def _ms(key: str, value: object) -> float:
    unit_ms = next((ms for end, ms in _UNITS_MS.items() if key.endswith(end)), None)
    known = unit_ms is not None and isinstance(value, str | float | int) and "per_" not in key
    try:
        return float(value) * unit_ms if known else nan  # type: ignore[arg-type,operator]
    except (ValueError, OverflowError):  # an integer has no largest value, a float has
        return nan
