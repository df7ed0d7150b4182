"""The delay and the cost of the lab: lateness from its own log, CPU from /proc.

Promised on an idle machine, one stream: p50 at most 0.2 ms, p99 at most 1 ms.
In the same run: ``asyncio.sleep`` and ``time.sleep`` to the same absolute deadlines; and 200
streams of 50 events/s, read by one thread that discards them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import selectors
import socket
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from streamlab.server import Lab

SPREAD_S = 0.0026180339887  # between starts, so that no two streams are due together
PROMISED_MS = {"p50": 0.2, "p99": 1.0}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the measurements; return 1 if one stream is later than promised."""
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=4.0)
    args = parser.parse_args(argv)
    start_ms = _start_ms()
    with Lab() as lab:
        one = [late for _ in range(3) for late in _streams(lab, 1, args.seconds)[0]]
        many, cpu = _streams(lab, args.streams, args.seconds)
    n = int(args.seconds * 50)
    print(f"ready after {start_ms:.0f} ms")
    _show("one stream, the lab", one)
    _show("one stream, time.sleep", _slept(n))
    _show("one stream, asyncio.sleep", asyncio.run(_aslept(n)))
    _show(f"{args.streams} streams, the lab", many)
    print(f"{'':28}the lab used {cpu:.0%} of a core")
    return int(any(_quantile(one, q) > limit for q, limit in PROMISED_MS.items()))


def _start_ms() -> float:
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        with Lab():
            best = min(best, (time.perf_counter() - start) * 1e3)
    return best


def _streams(lab: Lab, count: int, seconds: float) -> tuple[list[float], float]:
    """Run streams; return lateness in ms and the lab's share of a core."""
    socks, selector, before = [], selectors.DefaultSelector(), _cpu_s(lab.pid)
    start = time.perf_counter()
    for i in range(count):
        _sleep_until(start + i * SPREAD_S)
        socks.append(_ask(lab, int(seconds * 50)))
        selector.register(socks[-1], selectors.EVENT_READ, bytearray())
    _drain(selector)
    cpu = (_cpu_s(lab.pid) - before) / (time.perf_counter() - start)
    late = [late for sock in socks for late in _lateness_ms(lab, sock)]
    return late, cpu


def _drain(selector: selectors.BaseSelector) -> None:
    """Read all sockets to their ends, keeping the heads in the registered buffers."""
    open_ = len(selector.get_map())
    while open_:
        for key, _ in selector.select():
            sock: socket.socket = key.fileobj  # type: ignore[assignment]
            data = sock.recv(65536)
            if len(key.data) < 500:
                key.data.extend(data)
            if not data:
                HEADS[sock] = bytes(key.data)
                selector.unregister(sock)
                open_ -= 1


HEADS: dict[socket.socket, bytes] = {}


def _ask(lab: Lab, n_events: int) -> socket.socket:
    url = urlsplit(lab.url)
    sock = socket.create_connection((str(url.hostname), int(url.port or 0)))
    wanted = {"model": "steady", "stream": True, "n_events": n_events, "step_ms": 20}
    body = json.dumps(wanted).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
    sock.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    return sock


def _lateness_ms(lab: Lab, sock: socket.socket) -> list[float]:
    head = HEADS.pop(sock).decode("latin-1").lower()
    sock.close()
    stream = head.partition("x-streamlab-stream: ")[2].partition("\r\n")[0]
    with urllib.request.urlopen(f"{lab.url}/lab/log/{stream}") as response:
        log = json.load(response)
    assert log["done"]
    return [(s[1] - d[1]) / 1e6 for s, d in zip(log["sent"], log["due"], strict=True)]


def _slept(n: int) -> list[float]:
    start = time.perf_counter()
    return [_sleep_until(start + i * 0.02) for i in range(1, n + 1)]


def _sleep_until(deadline: float) -> float:
    time.sleep(max(deadline - time.perf_counter(), 0))
    return (time.perf_counter() - deadline) * 1e3


async def _aslept(n: int) -> list[float]:
    start, late = time.perf_counter(), []
    for i in range(1, n + 1):
        await asyncio.sleep(max(start + i * 0.02 - time.perf_counter(), 0))
        late.append((time.perf_counter() - start - i * 0.02) * 1e3)
    return late


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _quantile(values: Sequence[float], name: str) -> float:
    ordered = sorted(values)
    return ordered[min(int(float(name[1:]) / 100 * len(ordered)), len(ordered) - 1)]


def _show(what: str, late_ms: Sequence[float]) -> None:
    shown = "  ".join(f"{q} {_quantile(late_ms, q):7.3f}" for q in ("p50", "p99", "p100"))
    print(f"{what:28}late by ms: {shown}   ({len(late_ms)} writes)")


if __name__ == "__main__":
    raise SystemExit(main())
