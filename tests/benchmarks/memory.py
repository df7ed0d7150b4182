"""How much memory and time do a million reads take, each of one event?  Is a socket linear?

Each recording is read in a process of its own, as the peak of a process never falls.  Its parts
are asked for one after the other, and kept; the peak is that of the whole process so far.  The
goals: 3 s for the text, 0.1 s for a repr, a peak of 400 MB with all tables.

Over a socket: a million events of one byte, and a line of 100 MB, beside a quarter of each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from streamlab.recording import Recording
from streamlab.tape import Columns, End, Stamp, Tape, anchor

MS, MB = 1_000_000, 1_000_000
# A dialect, and what its event is made of; `tiny` is the smallest.
BODIES = {
    "tiny": ("sse", "data: x\n\n"),
    "sse": ("sse", "data: token {} of text\n\n"),
    "chat": ("openai_chat", 'data: {{"choices":[{{"delta":{{"content":" tok{}"}}}}]}}\n\n'),
}
PARTS = ("repr", "text", "reads", "lines", "events", "deltas")
GOAL_MB = 400


def make_tape(n_reads: int, event: str) -> Tape:
    """Return a tape of so many reads of the kernel's tier, about a millisecond apart."""
    columns, body = Columns(), bytearray()
    for row in range(n_reads):
        body += event.format(row).encode()
        t_ns = row * MS + row % 7
        columns.append(len(body), Stamp(t_ns, t_ns + 20_000, "kernel", 1, t_ns, "single"))
        columns.delivered_ns[row] = t_ns + 30_000
    meta = {"content_type": "text/event-stream", "anchor": anchor()._asdict()}
    end = End(n_reads * MS, "eof")
    return Tape(memoryview(body).toreadonly(), columns, end, {"request_sent": 0}, meta)


def peak_mb() -> float:
    """Return the most memory that this process has had; only Linux says it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / MB


def measure(name: str, n_reads: int) -> float:
    """Print the time and the peak of each part of one recording; return the last peak."""
    import pandas  # noqa: F401  # its import is not a part's
    import pyarrow  # noqa: F401

    dialect, event = BODIES[name]
    print(f"{name:5} {'imports':8} {'':8} {peak_mb():6.0f} MB")
    recording, kept = Recording(make_tape(n_reads, event), dialect), []
    print(f"{name:5} {'tape':8} {'':8} {peak_mb():6.0f} MB")
    for part in PARTS:
        began = time.process_time()
        kept.append(repr(recording) if part == "repr" else getattr(recording, part))
        took_s = time.process_time() - began
        print(f"{name:5} {part:8} {took_s:6.2f} s {peak_mb():6.0f} MB", flush=True)
    return peak_mb()


def over_a_socket(n_events: int, n_bytes: int) -> None:
    """Print what a quarter and the whole cost, and their ratio: 4 is linear, 16 quadratic."""
    from tests.capture import test_linear as socket  # later, as it imports pytest

    for shape, size in ((socket.events, n_events), (socket.line, n_bytes)):
        for way in (socket.record, socket.stream):
            few_s, many_s = (socket.cpu_s(way, shape(size // part)) for part in (4, 1))
            what = f"{way.__name__} {shape.__name__} {size:,}"
            print(f"{what:26} {few_s:6.2f} s {many_s:6.2f} s  {many_s / few_s:4.1f}")


def main(argv: list[str]) -> int:
    """Print all; return 1 if a peak is above the goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks memory")
    parser.add_argument("--reads", type=int, default=1_000_000)
    parser.add_argument("--one", choices=BODIES, help="this recording, in this process")
    args = parser.parse_args(argv)
    if args.one:
        return int(measure(args.one, args.reads) > GOAL_MB)
    command = [sys.executable, "-m", "tests.benchmarks", "memory", "--reads", str(args.reads)]
    missed = [subprocess.run([*command, "--one", name]).returncode for name in BODIES]
    over_a_socket(args.reads, 100 * args.reads)
    return int(any(missed))
