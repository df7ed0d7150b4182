"""A trace for Perfetto or ``chrome://tracing``: one track a stream, an instant a delta.

JSON of the Trace Event Format.  A stream is a slice from its first mark to its end, with its
phases as slices inside.  A delta is an instant, at the arrival of the read that completed it.
Several streams share one clock, which begins with the first of them: ``otherData.origin_ns``.

Rule: times are microseconds with up to three decimals, so that every nanosecond is kept.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from streamlab.metrics import Tables
from streamlab.metrics.phases import phases
from streamlab.tape.whole import whole

ENDINGS = (".trace.json",)

PROCESS = 1  # all streams are threads of one process, so that viewers show them as one group
ABOUT = ("model", "url", "status")  # the metadata in the slice of a stream
NUMBERS = ("delta", "event", "read", "n_tokens")

Event = dict[str, object]


def save(tables: Tables | Iterable[Tables], path: str | Path) -> None:
    """Write the trace of a stream, or of several on one clock; replaces an old file.

    Several must be recorded on one machine, without a restart of the machine between them.
    """
    streams = [tables] if isinstance(tables, Tables) else list(tables)
    origin_ns = min(map(_begin_ns, streams), default=0)
    trace = {
        "displayTimeUnit": "ms",
        "otherData": {"origin_ns": origin_ns},
        "traceEvents": list(_events(streams, origin_ns)),
    }
    with whole(path) as file:
        file.write(json.dumps(trace).encode())


class _Track(NamedTuple):
    """The track of one stream, and the moment from which its times count."""

    number: int
    origin_ns: int

    def slice(self, cat: str, name: str, start_ns: int, end_ns: int, args: Event) -> Event:
        """Return an event that lasts from one moment to another."""
        lasts = {"dur": max(end_ns - start_ns, 0) / 1e3}
        return self._event("X", cat, name, start_ns, args) | lasts

    def instant(self, cat: str, name: str, at_ns: int, args: Event) -> Event:
        """Return an event at one moment, on this track only."""
        return self._event("i", cat, name, at_ns, args) | {"s": "t"}

    def _event(self, ph: str, cat: str, name: str, at_ns: int, args: Event) -> Event:
        place = {"ts": (at_ns - self.origin_ns) / 1e3, "pid": PROCESS, "tid": self.number}
        return {"ph": ph, "cat": cat, "name": name, **place, "args": args}


def _events(streams: Iterable[Tables], origin_ns: int) -> Iterator[Event]:
    yield _named("process_name", 0, "streamlab")
    for number, tables in enumerate(streams, 1):
        yield _named("thread_name", number, tables.label or f"stream {number}")
        track = _Track(number, origin_ns)
        yield _life(tables, track)
        yield from _phases(tables, track)
        yield from _deltas(tables, track)


def _named(what: str, track: int, name: str) -> Event:
    return {"ph": "M", "name": what, "pid": PROCESS, "tid": track, "args": {"name": name}}


def _begin_ns(tables: Tables) -> int:
    return min([tables.t0_ns, *tables.tape.marks.values()])


def _life(tables: Tables, track: _Track) -> Event:
    tape = tables.tape
    about = {name: tape.meta[name] for name in ABOUT if tape.meta.get(name)}
    about |= {"dialect": tables.follower.dialect, "end": tape.end.how}
    name = tables.label or "stream"
    return track.slice("stream", name, _begin_ns(tables), tape.end.t_ns, about)


def _phases(tables: Tables, track: _Track) -> Iterator[Event]:
    # Viewers drop slices that overlap without one inside the other.  Phases can overlap: the
    # response may arrive before Python notes that the request was sent.  So, from the last to
    # the first, each phase ends where the next begins at the latest.
    slices, limit_ns = [], tables.tape.end.t_ns
    for name, *span_ms in reversed(phases(tables).iloc[:, :3].to_numpy().tolist()):
        start_ns, end_ns = (min(tables.t0_ns + round(ms * 1e6), limit_ns) for ms in span_ms)
        slices.append(track.slice("phase", name, start_ns, end_ns, {}))
        limit_ns = start_ns
    return reversed(slices)


def _deltas(tables: Tables, track: _Track) -> Iterator[Event]:
    columns = tables.tape.columns
    for row in tables.deltas.to_dict("records"):
        numbers = {name: int(row[name]) for name in NUMBERS if pd.notna(row[name])}
        args, read = {"text": row["text"], **numbers}, columns.stamp(row["read"])
        if read.arrival == "merged":  # it came at this time or before, and not before ``lo_ns``
            args |= {"arrival": read.arrival, "lo_ns": read.lo_ns}
        yield track.instant("delta", row["kind"], read.arrived_ns, args)
