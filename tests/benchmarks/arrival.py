"""When does a client say that bytes arrived?  Eleven clients against one sender's clock.

One sender in a process of its own; each client in a process of its own, in turns, round
after round; medians over the rounds.  Each row is printed as it is measured; a round takes
about three minutes.  ``arrived`` is when the kernel had the bytes, as far as
a client knows; ``delivered`` when the consumer's loop had the event, which is all that the
peers have.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.arrivals import figures
from tests.benchmarks.arrivals.client import CLIENTS
from tests.benchmarks.arrivals.figures import Figures, Goal
from tests.benchmarks.arrivals.table import NOTE, heads, row, slowed, table

ROOT = Path(__file__).parents[2]
MODULES = "tests.benchmarks.arrivals"
PEERS = ("httpx", "httpx2", "aiohttp", "requests", "openai")
PATIENCE_S = 180


class Load(NamedTuple):
    """So many streams at once, each of so many events, one each `gap_us`."""

    n_streams: int
    n_events: int
    gap_us: int

    def __str__(self) -> str:
        many = "1 stream" if self.n_streams == 1 else f"{self.n_streams} streams"
        return f"{many}, an event each {self.gap_us / 1000:g} ms"

    def quick(self) -> Load:
        return self._replace(n_events=max(self.n_events // 10, 10))


LOADS = (Load(1, 400, 5_000), Load(50, 150, 20_000), Load(200, 150, 20_000))
HELD = Load(1, 10_000, 200)
"""What the recording holds whose memory is measured."""


@contextmanager
def sending() -> Iterator[int]:
    """Run the sender; yield its port."""
    command = [sys.executable, "-m", f"{MODULES}.sender"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sender:
        try:
            assert sender.stdout is not None
            yield int(sender.stdout.readline())
        finally:
            sender.terminate()


def run(name: str, load: Load, port: int) -> Any:
    """Run a client in a process of its own; return what it printed."""
    command = [sys.executable, "-m", f"{MODULES}.client", name, str(port)]
    done = subprocess.run(
        [*command, *map(str, load)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    return json.loads(done.stdout)


def measure(
    loads: Sequence[Load], clients: Sequence[str], rounds: int
) -> tuple[dict[Load, dict[str, Figures]], dict[Load, dict[str, list[Figures]]]]:
    """Run everything in turns; return the medians, and the figures of each round."""
    each: dict[Load, dict[str, list[Figures]]] = {
        load: {name: [] for name in clients} for load in loads
    }
    with sending() as port:
        for n in range(rounds):
            for load in loads:
                print(heads(f"round {n + 1} of {rounds}: {load}"), flush=True)
                for name in clients:
                    found = figures.figures_of(run(name, load, port))
                    each[load][name].append(found)
                    print(row(name, found), flush=True)
                print()
    medians = {
        load: {name: figures.over_rounds(found) for name, found in rows.items()}
        for load, rows in each.items()
    }
    return medians, each


def held(load: Load) -> Figures:
    with sending() as port:
        return run("memory", load, port)


def report(loads: dict[Load, dict[str, Figures]], memory: Figures, rounds: int) -> list[Goal]:
    """Print the tables and what was reached."""
    print(f"{machine()['python']}, {machine()['system']}; medians of {rounds} round(s)\n")
    for load, rows in loads.items():
        print(table(str(load) + slowed(load.gap_us, rows), rows), end="\n\n")
    print(NOTE, end="\n\n")
    one, fifty, two_hundred = loads.values()
    found = figures.goals(one, fifty, two_hundred, memory)
    print(*found, sep="\n")
    return found


def machine() -> dict[str, Any]:
    return {
        "python": f"Python {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in PEERS},
    }


def as_json(
    each: dict[Load, dict[str, list[Figures]]],
    medians: dict[Load, dict[str, Figures]],
    memory: Figures,
    goals: list[Goal],
) -> str:
    loads = [
        {**load._asdict(), "medians": medians[load], "rounds": each.get(load)}
        for load in medians
    ]
    judged = [{**goal._asdict(), "reached": goal.reached} for goal in goals]
    return json.dumps(
        {"machine": machine(), "loads": loads, "memory": memory, "goals": judged}, indent=1
    )


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks arrival", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a tenth of the events, one round")
    parser.add_argument("--clients", nargs="+", choices=CLIENTS, default=list(CLIENTS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw them here")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; return 1 if a goal was missed."""
    options = arguments(argv)
    rounds = 1 if options.quick else options.rounds
    loads = [load.quick() for load in LOADS] if options.quick else LOADS
    medians, each = measure(loads, options.clients, rounds)
    memory = held(HELD.quick() if options.quick else HELD)
    goals = report(medians, memory, rounds)
    if options.json:
        options.json.write_text(as_json(each, medians, memory, goals) + "\n")
    if options.png:
        from tests.benchmarks.arrivals.picture import draw

        draw({str(load): rows for load, rows in medians.items()}).savefig(options.png, dpi=150)
    return int(not all(goal.reached for goal in goals))


if __name__ == "__main__":
    raise SystemExit(main())
