"""The arrival benchmark: its numbers by hand, and a run that is too short for a result."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import arrival
from tests.benchmarks.arrivals import figures
from tests.benchmarks.arrivals.picture import draw
from tests.benchmarks.arrivals.sender import CHUNK, Wanted, request_of

linux = pytest.mark.skipif(sys.platform != "linux", reason="kernel stamps are Linux's")

US = 1000


def run(arrival: Sequence[str] = (), **columns: list[int]) -> dict[str, Any]:
    """A client's run of one stream, its times in µs."""
    rows = {
        name: [value * US for value in columns.get(name, [])]
        for name in ("sent_ns", "arrived_ns", "delivered_ns")
    }
    kinds = {"read": columns.get("read", []), "arrival": list(arrival)}
    return {"streams": [rows | kinds], "cpu_s_per_event": 5e-5, "peak_bytes": 4_000_000}


def test_a_row_holds_lags_gap_errors_and_merged_reads() -> None:
    """Two events came with the second read: only the last of them has an observed time."""
    found = figures.figures_of(
        run(
            sent_ns=[0, 100, 200, 300],
            arrived_ns=[10, 215, 215, 310],
            delivered_ns=[50, 250, 260, 350],
            read=[0, 1, 1, 2],
            arrival=["single", "merged", ""],
        )
    )

    assert [found[f"arrived_{p}"] for p in ("p50", "max")] == [12.5, 115]
    assert [found[f"delivered_{p}"] for p in ("p50", "max")] == [55, 150]
    assert found["gap_p50"] == 5  # of 215 - 10 to 200, and of 310 - 215 to 100
    assert (found["merged"], found["unknown"]) == (1 / 3, 1 / 3)
    assert (found["cpu"], found["peak_mb"], found["pace"]) == (50, 4, 100)


def test_a_peer_has_no_arrival_and_is_taken_at_its_word_for_gaps() -> None:
    found = figures.figures_of(run(sent_ns=[0, 100, 200], delivered_ns=[10, 210, 211]))

    assert found["arrived_p50"] is found["merged"] is found["median_gap"] is None
    assert found["gap_p50"] == 99.5  # of 200 for 100, and of 1 for 100


def test_goals_are_judged_by_ratios() -> None:
    ours: figures.Figures = {"arrived_p50": 26, "arrived_p99": 40, "delivered_p50": 90}
    one = {
        "recvmsg": {"arrived_p50": 20.0, "arrived_p99": 40.0},
        "streamlab sync": {**ours, "median_gap": 5000},
        "streamlab async": {**ours, "median_gap": 5100, "cpu": 60},
        "aiohttp": {"delivered_p50": 4700.0, "cpu": 90.0},
    }

    judged = {goal.what: goal.reached for goal in figures.goals(one, one, one, {})}

    assert judged == {
        "arrived p50, 1 stream, sync, to bare recvmsg's": True,
        "arrived p99, 1 stream, sync, to bare recvmsg's": True,
        "arrived p50, 1 stream, async, to bare recvmsg's": True,
        "arrived p99, 1 stream, async, to bare recvmsg's": True,
        "arrived p50, 200 streams, async, µs": True,
        "arrived p99, 200 streams, async, µs": True,
        "arrived p50, 200 streams, async, to aiohttp's p50": True,
        "CPU per event, 50 streams, to aiohttp's": True,
        "median gap, 1 stream, sync and async apart by": False,  # 2 %
    }


def test_the_sender_takes_a_request_once_it_is_whole() -> None:
    whole = b"POST /2/30/500/v1/x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"

    assert request_of(whole) == Wanted(2, 30, 500)
    assert request_of(whole[:-1]) is None
    assert 270 < len(CHUNK % (0, 0)) < 300


@linux
def test_clients_run_against_the_sender_and_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load = arrival.Load(2, 20, 5_000)
    with arrival.sending() as port:
        each = {
            name: figures.figures_of(arrival.run(name, load, port))
            for name in ("recvmsg", "streamlab async")
        }
    loads = {load._replace(gap_us=gap_us): each for gap_us in (5_000, 6_000, 7_000)}

    goals = arrival.report(loads, {}, rounds=1)
    draw({str(load): rows for load, rows in loads.items()}).savefig(tmp_path / "a.png")

    said = capsys.readouterr().out
    assert "2 streams, an event each 7 ms" in said
    assert "arrived p50, 1 stream, async, to bare recvmsg's" in said
    assert "cpu" in arrival.as_json({}, loads, {}, goals)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    for found in each.values():
        assert found["n_events"] == 40
        assert -50 < found["arrived_p50"] <= found["delivered_p50"]


@linux
def test_each_row_is_printed_as_it_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    run = arrival.run

    def listening(*args: Any) -> Any:
        said.append(capsys.readouterr().out)
        return run(*args)

    monkeypatch.setattr(arrival, "run", listening)
    arrival.measure([arrival.Load(1, 20, 5_000)], ["recv", "recvmsg"], rounds=1)

    assert "round 1 of 1: 1 stream, an event each 5 ms" in said[0]
    assert said[1].startswith("recv ")
    assert capsys.readouterr().out.startswith("recvmsg ")


@linux
def test_what_a_recording_holds_is_measured() -> None:
    held = arrival.held(arrival.Load(1, 300, 200))

    assert held["n_bytes"] > 300 * 270
    assert 0 < held["n_reads"] <= 301
    assert held["held_bytes"] > held["n_bytes"]
