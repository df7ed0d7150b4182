"""A million lines from a tape, against the frame that pandas builds from ready lists.

Ours begins with bytes: decoding, finding fields, joining to events and times.  The frame of
pandas begins with thirteen ready Python lists, in two forms: with the dtypes of pandas, and
with those of our table.  All in one run, in turns, the best of several; the promise is at most
3 times.
"""

import argparse
import gc
import time

import pandas as pd

from streamlab.metrics import Tables
from streamlab.metrics.schema import TABLES
from streamlab.tape import UNKNOWN, End, Read, Stamp, anchor, tape_of

EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1732000000,'
    b'"model":"m","choices":[{"index":0,"delta":{"content":" tok"},"finish_reason":null}]}\n\n'
)
READ_BYTES = 64 * 1024
PROMISE = 3.0


def make_tape(n_lines):
    """Return a tape of so many lines, half of them blank, in reads of 64 KiB."""
    body = EVENT * (n_lines // 2)
    starts = range(0, len(body), READ_BYTES)
    reads = [
        Read(body[at : at + READ_BYTES], Stamp(at + 1000, at + 1000), UNKNOWN, UNKNOWN)
        for at in starts
    ]
    meta = {"content_type": "text/event-stream", "anchor": anchor()._asdict()}
    return tape_of(reads, End(10**12, "eof"), {"request_sent": 0}, meta)


def ready_lists(table):
    """Return the columns as Python lists; times as ns, as no list holds a datetime64."""
    lists = {name: table[name].tolist() for name in table if name != "time"}
    lists["time"] = table["time"].astype("int64").tolist()
    return {name: lists[name] for name in table}


def build_plain(lists):
    """Build the frame with the dtypes that pandas finds by itself."""
    return pd.DataFrame(lists | {"time": pd.to_datetime(lists["time"], utc=True)})


def build_typed(lists):
    """Build the frame with the dtypes of our table."""
    typed = {
        name: pd.array(lists[name], dtype=TABLES["lines"][name])
        for name in lists
        if name != "time"
    }
    return pd.DataFrame(typed | {"time": pd.to_datetime(lists["time"], utc=True)})


def seconds(function, *args):
    """Return how long one call took; what it made is dropped outside."""
    gc.collect()
    began = time.perf_counter()
    made = function(*args)
    took = time.perf_counter() - began
    del made
    return took


def main(argv=None):
    """Print the times and the ratio; return 1 if the promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks tables")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args(argv)
    tape = make_tape(args.lines)
    table = Tables(tape).lines
    assert len(table) == args.lines
    assert b"".join(table["raw"].head(2)) == EVENT
    lists = ready_lists(table)
    del table
    took = {"streamlab, from the tape": [], "pandas, from lists": [], "pandas, with dtypes": []}
    for _ in range(args.rounds):
        took["streamlab, from the tape"].append(seconds(lambda: Tables(tape).lines))
        took["pandas, from lists"].append(seconds(build_plain, lists))
        took["pandas, with dtypes"].append(seconds(build_typed, lists))
    best = {name: min(times) for name, times in took.items()}
    for name, value in best.items():
        print(f"{name:26} {value:7.2f} s  {args.lines / value:12,.0f} lines/s")
    ours, plain, typed = best.values()
    print(
        f"ratio to lists {ours / plain:.2f}, with dtypes {ours / typed:.2f}; promise {PROMISE}"
    )
    return int(ours > PROMISE * plain)


if __name__ == "__main__":
    raise SystemExit(main())
