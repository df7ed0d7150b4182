"""Does `arrival` say which reads were merged?  Idle and blocked clients.

A server in a process of its own sends events and keeps the time of each write.  The client is
idle, or its consumer or another task sleeps, or another thread holds the interpreter lock, for
a time that is noted.  Judged by the server's writes:

queued        reads of several writes, sent while the reader was kept away, and read after it
merged        how many of them are `merged`
false alarms  reads that are `merged` and hold one write, which is not of such a time; without
              reads of several writes outside such a time, which a busy machine makes (`other`)
unknown       idle clients: the share of gaps that are merged or not known

The whole table takes about ten minutes, ``--quick`` one.  It is printed as it is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import ssl
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import NamedTuple

import httpx
import trustme

import streamlab as sl
from streamlab.tape import Tape
from tests.servers.running import running

FIRST_S = 0.3  # before the reader is kept away for the first time
BETWEEN_S = 0.25
SLACK_NS = 300_000  # a block begins, and a reader comes back, a little beside its noted time
MS = 1_000_000


class Events(NamedTuple):
    """What the server sends."""

    n_events: int
    n_bytes: int
    gap_us: int

    @property
    def path(self) -> str:
        return f"/{self.n_events}/{self.n_bytes}/{self.gap_us}"


class Away:
    """Keeps the reader away for given times; `spans` says from when to when."""

    def __init__(self, how: str, seconds: Sequence[float] = ()) -> None:
        self.how, self._left = how, list(seconds)
        self._due_s = time.perf_counter() + FIRST_S
        self.spans: list[tuple[int, int]] = []

    def next(self) -> None:
        """Keep the reader away now: sleep, or hold the lock, which PyDLL does not release."""
        begin_ns, block_s = time.perf_counter_ns(), self._left.pop(0)
        if self.how == "GIL":
            ctypes.PyDLL(None).usleep(int(block_s * 1e6))
        else:
            time.sleep(block_s)
        end_ns = begin_ns + int(block_s * 1e9) if self.how == "GIL" else time.perf_counter_ns()
        self.spans.append((begin_ns, end_ns))  # the reader has the lock before we can look
        self._due_s = time.perf_counter() + BETWEEN_S

    def after_event(self) -> None:
        """Sleep as a slow consumer does."""
        if self.how == "consumer" and self._left and time.perf_counter() > self._due_s:
            self.next()

    async def task(self) -> None:
        """Sleep in another task of the loop."""
        await asyncio.sleep(FIRST_S)
        while self.how == "loop" and self._left:
            self.next()
            await asyncio.sleep(BETWEEN_S)

    @contextmanager
    def thread(self) -> Iterator[None]:
        """Hold the lock in another thread."""

        def work() -> None:
            time.sleep(FIRST_S)
            while self._left:
                self.next()
                time.sleep(BETWEEN_S)

        thread = threading.Thread(target=work)
        if self.how == "GIL":
            thread.start()
        yield
        if self.how == "GIL":
            thread.join()


def by_stream(url: str, verify: ssl.SSLContext, away: Away) -> Tape:
    with sl.stream(sl.endpoint(url, verify=verify)) as s:
        for _ in s.iter_events():
            away.after_event()
    return s.recording.tape


def by_astream(url: str, verify: ssl.SSLContext, away: Away) -> Tape:
    async def main() -> Tape:
        task = asyncio.create_task(away.task())
        async with sl.stream(sl.endpoint(url, verify=verify)) as s:
            async for _ in s.aiter_events():
                away.after_event()
        task.cancel()
        return s.recording.tape

    return asyncio.run(main())


def by_tap(url: str, verify: ssl.SSLContext, away: Away) -> Tape:
    with (
        httpx.Client(verify=verify, timeout=20) as client,
        sl.tap(client) as tap,
        client.stream("GET", url) as response,
    ):
        for _ in response.iter_raw():
            away.after_event()
    return tap.recordings[0].tape


def by_atap(url: str, verify: ssl.SSLContext, away: Away) -> Tape:
    async def main() -> Tape:
        task = asyncio.create_task(away.task())
        async with httpx.AsyncClient(verify=verify, timeout=20) as client:
            with sl.tap(client) as tap:
                async with client.stream("GET", url) as response:
                    async for _ in response.aiter_raw():
                        away.after_event()
        task.cancel()
        return tap.recordings[0].tape

    return asyncio.run(main())


CLIENTS = {"sync": by_stream, "async": by_astream, "tap": by_tap, "async tap": by_atap}
HOWS = {
    "sync": ("consumer", "GIL"),
    "async": ("consumer", "loop", "GIL"),
    "tap": ("consumer", "GIL"),
    "async tap": ("loop", "GIL"),
}


class Server(NamedTuple):
    """A paced server, in the clear or with TLS."""

    url: str
    verify: ssl.SSLContext

    def run(self, client: str, events: Events, away: Away) -> Judged:
        with away.thread():
            tape = CLIENTS[client](self.url + events.path, self.verify, away)
        with urllib.request.urlopen(f"{self.url}/log", context=self.verify) as answer:
            writes = json.load(answer)
        return judged(tape, writes, away.spans)


class Judged(NamedTuple):
    """The reads of one stream or of several, counted."""

    kinds: Counter[str]  # of all reads but the first
    queued: Counter[str]  # of reads that queued while the reader was away
    alarms: int = 0
    other: int = 0  # reads of several writes at other times

    def plus(self, more: Judged) -> Judged:
        return Judged(
            self.kinds + more.kinds,
            self.queued + more.queued,
            self.alarms + more.alarms,
            self.other + more.other,
        )


NONE = Judged(Counter(), Counter())


def judged(tape: Tape, writes: list[tuple[int, int]], spans: list[tuple[int, int]]) -> Judged:
    """Judge each read by the writes that it completed."""
    kinds, queued, alarms, other, at = Counter[str](), Counter[str](), 0, 0, 0
    for n, read in enumerate(tape):
        kind, sent = read.stamp.arrival or "unknown", list[int]()
        while at < len(writes) and writes[at][0] <= tape.columns.ends[n]:
            sent.append(writes[at][1])
            at += 1
        kinds[kind] += n > 0
        away = [t for t in sent for a, b in spans
                if a - SLACK_NS <= t <= b <= read.stamp.seen_ns + SLACK_NS]  # fmt: skip
        if len(away) > 1:
            queued[kind] += 1
        elif kind == "merged" and len(sent) > 1:
            other += 1
        elif (
            kind == "merged"
            and not away
            and not in_backlog(read.stamp.arrived_ns, read.stamp.seen_ns, spans)
        ):
            alarms += 1
    return Judged(kinds, queued, alarms, other)


def in_backlog(arrived_ns: int, seen_ns: int, spans: list[tuple[int, int]]) -> bool:
    """Return whether a read of one write, or of a part, queued while the reader was away."""
    return any(a - SLACK_NS <= arrived_ns <= b + SLACK_NS and seen_ns >= b for a, b in spans)


@contextmanager
def serving(mss: int, tls: bool) -> Iterator[Server]:
    authority = trustme.CA()
    verify = ssl.create_default_context()
    authority.configure_trust(verify)
    certificate = authority.issue_cert("localhost")
    with ExitStack() as stack:
        files: list[str] = []
        if tls:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            certificate.private_key_and_cert_chain_pem.write_to_path(folder / "all.pem")
            files = [str(folder / "all.pem")]
        port = stack.enter_context(running("paced", str(mss), *files))
        yield Server(f"http{'s' if tls else ''}://localhost:{port}", verify)


def idle(rounds: int) -> bool:
    """Measure idle clients at several sizes; return whether enough gaps are known."""
    print(f"\n{'idle client':34}{'single':>8}{'burst':>8}{'merged':>8}{'NA':>6}{'unknown':>9}")
    good = True
    for mss, tls in product((536, 1448), (False, True)):
        with serving(mss, tls) as server:
            for client, n_bytes in product(CLIENTS, (300, 1200, 4000)):
                found = NONE
                for _ in range(rounds):
                    found = found.plus(
                        server.run(client, Events(150, n_bytes, 20_000), Away("idle"))
                    )
                k = found.kinds
                share = (k["merged"] + k["unknown"]) / k.total()
                good &= share <= 0.05
                name = f"{client}{', TLS' if tls else ''}, MSS {mss}, {n_bytes} bytes"
                print(
                    f"{name:34}{k['single']:8}{k['burst']:8}{k['merged']:8}{k['unknown']:6}"
                    f"{share:9.1%}",
                    flush=True,
                )
    return good


def blocked(seconds: Sequence[float]) -> bool:
    """Measure clients that are kept away; return whether the merged reads are found."""
    print(f"\n{'reader kept away':42}{'queued':>7}{'merged':>7}{'NA':>5}{'burst':>6}"
          f"{'hits':>7}{'false':>7}{'other':>6}{'reads':>7}")  # fmt: skip
    total, length_s = NONE, FIRST_S + sum(seconds) + BETWEEN_S * len(seconds) + 0.2
    for mss, tls in ((0, False), (1448, False), (0, True)):
        with serving(mss, tls) as server:
            for client in CLIENTS:
                for how, n_bytes, gap_ms in product(HOWS[client], (280, 4000), (5, 30)):
                    events = Events(int(length_s * 1e3 / gap_ms), n_bytes, gap_ms * 1000)
                    found = server.run(client, events, Away(how, seconds))
                    total = total.plus(found)
                    where = f"{client}{', TLS' if tls else ''}{f', MSS {mss}' if mss else ''}"
                    row(f"{where}: {how}, {n_bytes} B, {gap_ms} ms", found)
    row("all", total)
    q = total.queued
    return q["merged"] >= 0.95 * q.total() and total.alarms == 0


def row(name: str, found: Judged) -> None:
    q = found.queued
    print(
        f"{name:42}{q.total():7}{q['merged']:7}{q['unknown']:5}{q['burst'] + q['single']:6}"
        f"{q['merged'] / max(q.total(), 1):7.1%}{found.alarms:7}{found.other:6}"
        f"{found.kinds.total():7}",
        flush=True,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print both tables; return 1 if a read is judged wrongly too often."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks merged",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="short blocks only")
    parser.add_argument("--only", choices=("idle", "blocked"))
    args = parser.parse_args(argv)
    good = True
    if args.only != "blocked":
        good &= idle(rounds=1)
    if args.only != "idle":
        good &= blocked([0.3] * 3 if args.quick else [0.3] * 6 + [1.0] * 2 + [4.0])
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
