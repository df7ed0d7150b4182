"""A long answer: 2,000 events in ten seconds or so; ``speed`` or ``n_events`` shortens it."""

from __future__ import annotations

from random import Random

from streamlab.server.knobs import sized
from streamlab.server.play import MS
from streamlab.server.script import Script, decode_steps, say, words


def script(seed: int, n_events: int, step_ms: float) -> Script:
    """Return `n_events` words, `step_ms` apart or so."""
    steps_ns = decode_steps(Random(f"long {seed}"), n_events, step_ms)
    return say([[word] for word in words(n_events)], 150 * MS, steps_ns)


SCENARIO = sized("long", "2,000 events, 5 ms apart", script, n_events=2_000, step_ms=5)
