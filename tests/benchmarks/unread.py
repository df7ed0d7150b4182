"""How much do clients that never read delay a normal stream of the lab?

200 clients ask for 100,000 events without a pause, and never read.  Beside them one client
reads 150 events, 20 ms apart; the lab's own log says how late each of its writes was.  The peer
is the same stream alone, in the same run.
"""

from __future__ import annotations

import argparse
import statistics
from contextlib import ExitStack

import httpx

import streamlab as sl
from streamlab.many import Lab
from tests.server.asking import ask, lateness_ms, log_of, raw_request

GOAL_MS = 5.0


def main(argv: list[str]) -> int:
    """Print the lateness alone and beside; return 1 if the goal is missed."""
    parser = argparse.ArgumentParser(prog="unread", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50 clients, one round")
    quick = parser.parse_args(argv).quick
    n_clients, rounds = (50, 1) if quick else (200, 3)
    delay_ms = min(_round(n_clients) for _ in range(rounds))
    print(f"p99 grows by {delay_ms:.2f} ms, the best of {rounds}; goal {GOAL_MS} ms")
    return int(delay_ms > GOAL_MS)


def _round(n_clients: int) -> float:
    with (
        sl.serve() as lab,
        httpx.Client(trust_env=False, timeout=60) as http,
        ExitStack() as held,
    ):
        alone = _late(lab, http)
        for _ in range(n_clients):
            held.enter_context(raw_request(lab, "steady", n_events=100_000, step_ms=0))
        beside = _late(lab, http)
        for name, late in (("alone", alone), (f"beside {n_clients} that never read", beside)):
            p99 = late[int(0.99 * len(late))]
            print(f"{name:>28}: p50 {statistics.median(late):6.3f} ms, p99 {p99:6.3f} ms")
        at = int(0.99 * len(beside))
        return beside[at] - alone[at]


def _late(lab: Lab, http: httpx.Client) -> list[float]:
    response = ask(http, lab, "steady", n_events=150, step_ms=20)
    return lateness_ms(log_of(http, lab, response))
