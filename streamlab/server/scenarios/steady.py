"""A server without a fault: one event each 20 ms, exactly.

Two knobs in the request's body make it a load: ``n_events`` (at most 100,000) and
``step_ms``.
"""

from __future__ import annotations

from streamlab.server.play import MS, Call, Play, Scenario
from streamlab.server.script import say, words
from streamlab.server.shapes import render


def play(call: Call) -> Play:
    """Say `n_events` words, one each `step_ms`, from 200 ms on."""
    n = min(max(int(call.number("n_events", 40)), 1), 100_000)
    step_ns = int(call.number("step_ms", 20) * MS)
    return render(say([[w] for w in words(n)], 200 * MS, [step_ns] * n), call)


SCENARIO = Scenario("steady", "40 events, one each 20 ms exactly", "modelled", play)
