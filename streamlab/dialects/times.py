"""What a server says of its own times, with the units of each server as milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from streamlab.dialects.answer import Answer

_UNITS_MS = {"_ms": 1.0, "-ms": 1.0, "_duration": 1e-6, "_seconds": 1e3, "_time": 1e3}
"""The length of a unit by the end of a key: Ollama's durations are ns, Groq's times are s."""


def server_times(found: Answer, headers: Mapping[str, object]) -> list[tuple[str, float, str]]:
    """Return the server's own times, as (name, ms, source).

    The name is the server's; the source is ``usage``, ``timings`` or ``headers``.
    """
    sources = {"usage": found.usage, "timings": found.timings, "headers": headers}
    return [
        (key, ms, source)
        for source, values in sources.items()
        for key, value in (values or {}).items()
        if (ms := _ms(key.lower(), value)) is not None
    ]


def _ms(key: str, value: object) -> float | None:
    unit_ms = next((ms for end, ms in _UNITS_MS.items() if key.endswith(end)), None)
    if unit_ms is None or "per_" in key or isinstance(value, bool):
        return None
    try:
        ms = float(value) * unit_ms  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return ms if isfinite(ms) and ms >= 0 else None
