"""Clients that know when bytes arrived: bare sockets, which are the limit, and streamlab."""

from __future__ import annotations

import asyncio
import gc
import selectors
import socket
import tracemalloc
from bisect import bisect_right
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks.arrivals.rows import SENT, Rows, now_ns, tasks, threads


def recv(url: str, n_streams: int) -> list[Rows]:
    """Read bare sockets from one selector, by the clock after each ``recv``."""
    selector, streams = _connected(url, n_streams, stamped=False)
    while selector.get_map():
        for key, _ in selector.select():
            sock: Any = key.fileobj
            data = sock.recv(65536)
            t_ns = now_ns()
            if not data:
                _drop(selector, sock)
            for found in SENT.finditer(data):
                key.data.sent_ns.append(int(found[1]))
                key.data.delivered_ns.append(t_ns)
    return streams


def recvmsg(url: str, n_streams: int) -> list[Rows]:
    """The same with the kernel's stamps: what can be had from Python at all."""
    from streamlab.net import kernel, stamping

    stamping.warm_up()
    wall = stamping.wall_map()
    selector, streams = _connected(url, n_streams, stamped=True)
    n_reads = 0
    while selector.get_map():
        for key, _ in selector.select():
            sock, rows = key.fileobj, key.data
            data, ancillary, _, _ = sock.recvmsg(65536, kernel.ANCILLARY_BYTES)  # type: ignore[union-attr]
            t_ns = now_ns()
            n_reads += 1
            if not data:
                _drop(selector, sock)
                continue
            wall_ns = kernel.wall_stamp(ancillary)  # seldom, there is none
            arrived_ns = t_ns if wall_ns is None else wall.to_mono_ns(wall_ns, t_ns)
            for found in SENT.finditer(data):
                rows.sent_ns.append(int(found[1]))
                rows.delivered_ns.append(t_ns)
                rows.arrived_ns.append(arrived_ns)
                rows.read.append(n_reads)
    return streams


def _connected(
    url: str, n_streams: int, stamped: bool
) -> tuple[selectors.BaseSelector, list[Rows]]:
    from streamlab.net import kernel

    parts = urlsplit(url)
    request = f"GET {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n\r\n".encode()
    selector, streams = selectors.DefaultSelector(), []
    for _ in range(n_streams):
        sock = socket.socket()
        if stamped:
            kernel.enable(sock)
        sock.connect((parts.hostname, parts.port))
        sock.sendall(request)
        streams.append(Rows())
        selector.register(sock, selectors.EVENT_READ, streams[-1])
    return selector, streams


def _drop(selector: selectors.BaseSelector, sock: Any) -> None:
    selector.unregister(sock)
    sock.close()


def streamlab_sync(url: str, n_streams: int) -> list[Rows]:
    import streamlab as sl

    endpoint, tapes = sl.endpoint(url), []
    threads(lambda _: tapes.append(sl.record(endpoint).tape), n_streams)
    return [rows_of(tape) for tape in tapes]


def streamlab_async(url: str, n_streams: int) -> list[Rows]:
    import streamlab as sl

    endpoint, tapes = sl.endpoint(url), []

    async def work(_: Rows) -> None:
        tapes.append((await sl.arecord(endpoint)).tape)

    asyncio.run(tasks(work, n_streams))
    return [rows_of(tape) for tape in tapes]


def rows_of(tape: Any) -> Rows:
    """Return the events of a tape, with the stamps of the reads that completed them."""
    columns, rows = tape.columns, Rows(arrival=[read.stamp.arrival or "" for read in tape])
    for found in SENT.finditer(tape.body):
        read = bisect_right(columns.ends, found.end())
        rows.sent_ns.append(int(found[1]))
        rows.delivered_ns.append(columns.delivered_ns[read])
        rows.arrived_ns.append(columns.arrived_ns[read])
        rows.read.append(read)
    return rows


def memory(few: str, many: str) -> dict[str, int]:
    """Return what one recording holds, by the allocator, and what it may hold."""
    import streamlab as sl

    sl.record(sl.endpoint(few))  # makes what is made once
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    recording = sl.record(sl.endpoint(many))
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    n_bytes, n_reads = len(recording.tape.body), len(recording.tape)
    return {"held_bytes": after - before, "n_bytes": n_bytes, "n_reads": n_reads}
