"""The numbers of the arrival benchmark: the rows of its table, and the goals.

All times are µs.  A figure over several rounds is the median of the rounds' figures.
Undefined is None: a peer has no `arrived`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

import numpy as np

Figures = dict[str, float | None]
Table = Mapping[str, Figures]

LAGS = {"p50": 50, "p90": 90, "p99": 99, "max": 100}
NO_FIGURES: Figures = {}


def figures_of(run: Mapping[str, Any]) -> Figures:
    """Return the figures of one run of one client."""
    streams = run["streams"]
    n_events = sum(len(rows["sent_ns"]) for rows in streams)
    arrivals = [kind for rows in streams for kind in rows["arrival"]]
    return {
        **lags(streams, "arrived"),
        **lags(streams, "delivered"),
        **gap_errors(streams),
        "merged": share([kind == "merged" for kind in arrivals]),
        "unknown": share([kind == "" for kind in arrivals]),
        "cpu": run["cpu_s_per_event"] * 1e6,
        "peak_mb": run["peak_bytes"] / 1e6,
        "n_events": n_events,
        "pace": pace(streams),
        "median_gap": median_gap(streams),
    }


def share(flags: list[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def lags(streams: list[dict[str, list[int]]], what: str) -> Figures:
    """Return how long after the send events had arrived, or been delivered."""
    known = [rows for rows in streams if rows[f"{what}_ns"]]
    if not known:
        return {f"{what}_{name}": None for name in LAGS}
    late = [np.subtract(rows[f"{what}_ns"], rows["sent_ns"]) for rows in known]
    values = np.percentile(np.concatenate(late), list(LAGS.values())) / 1e3
    return {f"{what}_{name}": float(v) for name, v in zip(LAGS, values, strict=True)}


def gap_errors(streams: list[dict[str, list[int]]]) -> Figures:
    """Return by how much the gaps that a client observed differ from the sender's.

    Of a read with several events only the last has an observed time; who cannot tell
    (a peer) is taken at its word for each event.
    """
    errors = [np.abs(np.diff(late)) for late in map(_observed, streams)]
    values = np.percentile(np.concatenate(errors), [50, 99]) / 1e3
    return {"gap_p50": float(values[0]), "gap_p99": float(values[1])}


def _observed(rows: dict[str, list[int]]) -> np.ndarray:
    """Return the lateness of what was observed apart: of the last event of each read."""
    best = rows["arrived_ns"] or rows["delivered_ns"]
    late = np.subtract(best, rows["sent_ns"])
    if not rows["read"]:
        return late
    last = [a != b for a, b in pairwise(rows["read"])]
    return late[np.array([*last, True])]


def pace(streams: list[dict[str, list[int]]]) -> float:
    """Return the median gap between sends, µs: is the sender as fast as it was asked to be?"""
    return median(float(np.mean(np.diff(rows["sent_ns"]))) for rows in streams) / 1e3


def median_gap(streams: list[dict[str, list[int]]]) -> float | None:
    """Return the median gap between arrivals that were observed apart, µs."""
    gaps = [
        np.diff(np.unique(rows["arrived_ns"]))
        for rows in streams
        if len(rows["arrived_ns"]) > 1
    ]
    return float(np.median(np.concatenate(gaps))) / 1e3 if gaps else None


def over_rounds(rounds: list[Figures]) -> Figures:
    """Return the medians of what the rounds gave."""
    return {
        name: None if value is None else median(found[name] for found in rounds)  # type: ignore[type-var]
        for name, value in rounds[0].items()
    }


class Goal(NamedTuple):
    """Something to be reached: a figure that is at most its limit."""

    what: str
    value: float
    limit: float

    @property
    def reached(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        mark = "PASS  " if self.reached else "missed"
        return f"{mark}  {self.what}: {self.value:,.3g}, at most {self.limit:,.3g}"


def goals(one: Table, fifty: Table, two_hundred: Table, memory: Figures) -> list[Goal]:
    """Return what is to be reached and can be judged from the clients that ran."""
    found = [
        *_near_the_limit(one),
        *_at_two_hundred(two_hundred),
        *_delivery({"1": one, "50": fifty, "200": two_hundred}),
        *_ratio("CPU per event, 50 streams, to aiohttp's", fifty, "cpu", "aiohttp", 1.0),
        *_agreement(one),
    ]
    if memory:
        allowed = 1.5 * memory["n_bytes"] + 200 * memory["n_reads"]  # type: ignore[operator]
        what = "memory of a recording, to 1.5 × its bytes + 200 B a read"
        found.append(Goal(what, memory["held_bytes"] / allowed, 1.0))  # type: ignore[operator]
    return found


def _near_the_limit(one: Table) -> Iterator[Goal]:
    for kind in ("sync", "async"):
        for p in ("arrived_p50", "arrived_p99"):
            what = f"{p.replace('_', ' ')}, 1 stream, {kind}, to bare recvmsg's"
            yield from _ratio(what, one, p, "recvmsg", 1.3, f"streamlab {kind}")


def _at_two_hundred(table: Table) -> Iterator[Goal]:
    row = table.get("streamlab async", NO_FIGURES)
    for p, limit in (("arrived_p50", 50), ("arrived_p99", 250)):
        if (value := row.get(p)) is not None:
            yield Goal(f"{p.replace('_', ' ')}, 200 streams, async, µs", value, limit)
    ours, theirs = row.get("arrived_p50"), table.get("aiohttp", NO_FIGURES).get("delivered_p50")
    if ours is not None and theirs is not None:
        yield Goal("arrived p50, 200 streams, async, to aiohttp's p50", ours / theirs, 1 / 50)


def _delivery(tables: Mapping[str, Table]) -> Iterator[Goal]:
    for kind, peer in (("sync", "httpx iter_lines"), ("async", "httpx aiter_lines")):
        for n, table in tables.items():
            what = f"delivered p50, {n} stream(s), {kind}, to bare httpx's"
            yield from _ratio(what, table, "delivered_p50", peer, 1.0, f"streamlab {kind}")


def _agreement(one: Table) -> Iterator[Goal]:
    gaps = [
        one.get(f"streamlab {kind}", NO_FIGURES).get("median_gap") for kind in ("sync", "async")
    ]
    if gaps[0] is not None and gaps[1] is not None:
        apart = abs(gaps[0] / gaps[1] - 1)
        yield Goal("median gap, 1 stream, sync and async apart by", apart, 0.01)


def _ratio(
    what: str, table: Table, figure: str, peer: str, limit: float, who: str = "streamlab async"
) -> Iterator[Goal]:
    ours, theirs = (
        table.get(who, NO_FIGURES).get(figure),
        table.get(peer, NO_FIGURES).get(figure),
    )
    if ours is not None and theirs is not None:
        yield Goal(what, ours / theirs, limit)
