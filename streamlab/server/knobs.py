"""What a request may turn, in its body or its query, and which scenario has which knob.

Rule: `KNOBS` and `knobs_of` are what the lab's page says; a test plays every scenario with
every knob and fails where they are wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from streamlab.server.play import Call, Play, Scenario
from streamlab.server.script import Script
from streamlab.server.shapes import render

KNOBS = {
    "speed": "divides all times: 2 is twice as fast",
    "encoding": "gzip, or gzip-unflushed, which holds events back",
    "seed": "a whole number: other times, and again the same for the same number",
    "n_events": "how many events bring text, at most 100,000",
    "step_ms": "the time from one write to the next; the median, where it varies",
    "silence_s": "how long the pause is",
}
"""What each knob turns, by the name of its field."""

MOST_EVENTS = 100_000
KEPT_EVENTS = 2_000  # of a script that is made once a seed; a longer one is not kept

_ALL = ("speed", "encoding")
_SIZED = ("seed", "n_events", "step_ms")
_OWN: dict[str, tuple[str, ...]] = {
    "bursty": _SIZED,
    "count-to-ten": ("seed",),
    "long": _SIZED,
    "silence": ("silence_s",),
    "slow-first-token": _SIZED,
    "stall": _SIZED,
    "steady": ("n_events", "step_ms"),
}


def knobs_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the names of a scenario's knobs; a recording has those that all have."""
    own = () if scenario.source == "recorded" else _OWN.get(scenario.name, ())
    return (*_ALL, *own)


def sized(
    name: str,
    summary: str,
    script: Callable[[int, int, float], Script],
    *,
    n_events: int,
    step_ms: float,
) -> Scenario:
    """Return a scenario whose length and pace a request may choose.

    Parameters
    ----------
    script : callable
        Makes what is said of the seed, ``n_events`` and ``step_ms``.
    n_events, step_ms : int, float
        What a request gets that asks for no other.
    """
    kept = lru_cache(maxsize=256)(script)

    def play(call: Call) -> Play:
        n, step = _events(call, n_events), call.number("step_ms", step_ms)
        make = kept if n <= KEPT_EVENTS else script
        return render(make(call.seed, n, step), call)

    return Scenario(name, summary, "modelled", play)


def _events(call: Call, default: int) -> int:
    if call.body.get("n_events") is None:
        return default
    return min(max(int(call.number("n_events", default)), 1), MOST_EVENTS)
