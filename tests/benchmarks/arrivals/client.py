"""One client in a process of its own: ``python -m tests.benchmarks.arrivals.client``.

Takes its name, the sender's port and the load, streams, and prints one line of JSON.  Before
that it streams `FEW` events twice: once for what is made only once, and once more for
what connecting costs.  CPU time is counted without that, so it is that of the events.

To add a client, write a function ``(url, n_streams) -> list of Rows`` and name it in
`CLIENTS`, with the modules to import before.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from typing import Any, NamedTuple

from tests.benchmarks.arrivals import ours, peers
from tests.benchmarks.arrivals.rows import Rows


class Client(NamedTuple):
    """How to run a client, and what it imports."""

    run: Callable[[str, int], list[Rows]]
    imports: tuple[str, ...]


FEW = 3
ANYIO = "anyio._backends._asyncio"

CLIENTS = {
    "recv": Client(ours.recv, ("streamlab.net.stamping",)),
    "recvmsg": Client(ours.recvmsg, ("streamlab.net.stamping",)),
    "streamlab sync": Client(ours.streamlab_sync, ("streamlab.capture.api",)),
    "streamlab async": Client(ours.streamlab_async, ("streamlab.capture.api",)),
    "httpx iter_lines": Client(peers.httpx_iter_lines, ("httpx",)),
    "httpx aiter_lines": Client(peers.httpx_aiter_lines, ("httpx", ANYIO)),
    "httpx2 EventSource": Client(peers.httpx2_event_source, ("httpx2", ANYIO)),
    "aiohttp": Client(peers.aiohttp_content, ("aiohttp",)),
    "requests": Client(peers.requests_iter_lines, ("requests",)),
    "openai sync": Client(peers.openai_sync, ("openai.resources.chat",)),
    "openai async": Client(peers.openai_async, ("openai.resources.chat", ANYIO)),
}
"""In the order of the table."""


def main(name: str, port: str, n_streams: str, n_events: str, gap_us: str) -> None:
    """Run one client, or measure what a recording holds, and print what came of it."""

    def url(n: int) -> str:
        return f"http://127.0.0.1:{port}/{n_streams}/{n}/{gap_us}/v1/chat/completions"

    if name == "memory":
        print(json.dumps(ours.memory(url(FEW), url(int(n_events)))))
    else:
        print(json.dumps(measured(CLIENTS[name], int(n_streams), url(FEW), url(int(n_events)))))


def measured(client: Client, n_streams: int, few: str, many: str) -> dict[str, Any]:
    """Return the rows of a run, and the CPU time that its events took."""
    for module in client.imports:
        import_module(module)
    client.run(few, n_streams)
    before_s = cpu_s()
    client.run(few, n_streams)
    between_s = cpu_s()
    streams = client.run(many, n_streams)
    connecting_s, all_s = between_s - before_s, cpu_s() - between_s
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    n_more = sum(len(rows.sent_ns) for rows in streams) - FEW * n_streams
    return {
        "cpu_s_per_event": (all_s - connecting_s) / n_more,
        "peak_bytes": peak_bytes,
        "streams": [asdict(rows) for rows in streams],
    }


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
