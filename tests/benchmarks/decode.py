"""Decoding server-sent events, beside the decoders that clients use.

20,000 events of 280 bytes in the shape of an OpenAI chat chunk, as one event a read and
as 64 KiB a read.  Each peer gets the same reads at its lowest public level that takes bytes,
and does the same work as in a client: split lines, decode, build events.  All rows run in
turns, and repeatedly, in one process; a row's figure is the median of its CPU times, because no
row waits, and the machine may have other work.

Ours also keeps the place and the kind of every line; the other decoders do not.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

import httpx
import httpx2
import httpx_sse
from openai._streaming import SSEDecoder

from streamlab.decode import SSEParser

N_EVENTS, EVENT_BYTES, READ_BYTES = 20_000, 280, 64 * 1024
HEADERS = {"content-type": "text/event-stream; charset=utf-8"}
Reads = list[bytes]


def ours(reads: Reads) -> Iterable[str]:
    feed = SSEParser().feed
    return (event.data for read in reads for event in feed(read))


class _Stream(httpx.SyncByteStream, httpx2.SyncByteStream):
    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def __iter__(self):
        return iter(self._reads)


def by_httpx_sse(reads: Reads) -> Iterable[str]:
    response = httpx.Response(200, headers=HEADERS, stream=_Stream(reads))
    return (event.data for event in httpx_sse.EventSource(response).iter_sse())


def by_httpx2(reads: Reads) -> Iterable[str]:
    request = httpx2.Request("GET", "http://localhost/")
    response = httpx2.Response(200, headers=HEADERS, stream=_Stream(reads), request=request)
    return (event.data for event in httpx2.EventSource(response))


def by_openai(reads: Reads) -> Iterable[str]:
    return (event.data for event in SSEDecoder().iter_bytes(iter(reads)))


DECODERS: dict[str, Callable[[Reads], Iterable[str]]] = {
    "streamlab": ours,
    f"httpx-sse {version('httpx-sse')}": by_httpx_sse,
    f"httpx2 {version('httpx2')}": by_httpx2,
    f"openai {version('openai')}": by_openai,
}


def event(number: int) -> bytes:
    """Return one chunk as OpenAI sends them, padded to its size as OpenAI pads them."""
    chunk = {
        "id": "chatcmpl-Bq1YvJ0fW2nT",
        "object": "chat.completion.chunk",
        "created": 1763800000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "delta": {"content": f" {number}"}, "finish_reason": None}],
        "obfuscation": "",
    }
    missing = EVENT_BYTES - len(framed(chunk))
    return framed(chunk | {"obfuscation": "x" * missing})


def framed(chunk: dict) -> bytes:
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def shapes() -> dict[str, Reads]:
    """Return the same body cut in two ways."""
    events = [event(number) for number in range(N_EVENTS)]
    body = b"".join(events)
    cuts = range(0, len(body), READ_BYTES)
    return {
        "one event a read": events,
        "64 KiB a read": [body[at : at + READ_BYTES] for at in cuts],
    }


def measure(reads: Reads, repeats: int) -> dict[str, float]:
    """Return the median CPU seconds of each decoder, rows interleaved."""
    times: dict[str, list[float]] = {name: [] for name in DECODERS}
    for _ in range(repeats):
        for name, decode in DECODERS.items():
            gc.collect()
            started = time.process_time()
            n_events = sum(1 for _ in decode(reads))
            times[name].append(time.process_time() - started)
            assert n_events == N_EVENTS, f"{name} found {n_events} events"
    return {name: statistics.median(taken) for name, taken in times.items()}


def rows(repeats: int) -> list[dict]:
    found = []
    for shape, reads in shapes().items():
        seconds = measure(reads, repeats)
        found += [
            {
                "shape": shape,
                "decoder": name,
                "mb_per_s": N_EVENTS * EVENT_BYTES / taken / 1e6,
                "events_per_s": N_EVENTS / taken,
                "us_per_event": taken / N_EVENTS * 1e6,
                "times_ours": taken / seconds["streamlab"],
            }
            for name, taken in seconds.items()
        ]
    return found


def table(found: list[dict]) -> str:
    lines = [f"{'':17} {'':16} {'MB/s':>8} {'events/s':>10} {'µs/event':>9} {'time/ours':>10}"]
    lines += [
        f"{row['shape']:17} {row['decoder']:16} {row['mb_per_s']:8.1f} "
        f"{row['events_per_s']:10,.0f} {row['us_per_event']:9.2f} {row['times_ours']:9.2f}x"
        for row in found
    ]
    return "\n".join(lines)


def verdict(found: list[dict]) -> list[str]:
    """Return, for each shape, how the fastest peer compares."""
    said = []
    for shape in dict.fromkeys(row["shape"] for row in found):
        peers = [r for r in found if r["shape"] == shape and r["decoder"] != "streamlab"]
        best = min(peers, key=lambda row: row["times_ours"])
        said.append(f"{shape}: {best['times_ours']:.2f} x as fast as {best['decoder']}")
    return said


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.benchmarks decode", description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here")
    options = parser.parse_args(argv)

    found = rows(options.repeats)
    print(table(found), "", *verdict(found), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    fastest_everywhere = all(row["times_ours"] >= 1 for row in found)
    return 0 if fastest_everywhere else 1
