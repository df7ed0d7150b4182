"""What the scope costs the capture: the same stream with a view and without, in pairs.

Each round records one stream of the lab three times, in turns that change: bare (A), bare again
(C), and with a view that follows it (B), whose messages go nowhere.  ``seen - arrived`` is what
a capture would lose, and the CPU time is what it would pay.  C / A is the noise of this
machine: B / A means something only beyond it.
"""

import argparse
import statistics
import time

import comm

import streamlab as sl
from streamlab.capture.api import recorded
from streamlab.capture.options import described
from streamlab.capture.request import OwnRequest
from streamlab.live.view import LiveView

KINDS = ("A", "C", "B")


def record(endpoint, with_view, n_events):
    """Return p50 and p99 of ``seen - arrived`` in µs, and the CPU time in ms."""
    own = OwnRequest(described(endpoint, "hi", n_events=n_events, step_ms=2))
    view = LiveView([own.model()]) if with_view else None
    if view is not None:
        view.start()
    began = time.process_time()
    rec = recorded(own)
    spent_ms = (time.process_time() - began) * 1e3
    if view is not None:
        view.stop()
        view.close()
    lag_us = sorted((rec.reads["lag_ms"].dropna() * 1e3).tolist())
    return statistics.median(lag_us), lag_us[int(len(lag_us) * 0.99)], spent_ms


def main(argv):
    """Print the medians of all rounds, and the spread of the ratios."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks scope")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--events", type=int, default=500)
    options = parser.parse_args(argv)
    comm.create_comm = lambda *args, **keys: comm.DummyComm(*args, **keys)
    endpoint, rounds = sl.serve().endpoint("long"), []
    record(endpoint, True, 50)  # imports, and the first connection
    for n in range(options.rounds):
        turn = KINDS[n % 3 :] + KINDS[: n % 3]
        rounds.append({kind: record(endpoint, kind == "B", options.events) for kind in turn})
    for column, what in enumerate(("lag p50, µs", "lag p99, µs", "CPU, ms")):
        values = [{kind: round_[kind][column] for kind in KINDS} for round_ in rounds]
        middle = {kind: statistics.median(value[kind] for value in values) for kind in KINDS}
        said = "  ".join(f"{kind} {middle[kind]:8.1f}" for kind in KINDS)
        for kind in KINDS[1:]:
            ratios = sorted(value[kind] / value["A"] for value in values)
            low, high = ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]
            said += f"  {kind}/A {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})"
        print(f"{what:12} {said}")
