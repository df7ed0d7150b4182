"""Streams made by hand whose numbers are known, for the tests of tables and pictures."""

import json

from streamlab.metrics import Tables
from streamlab.tape import UNKNOWN, End, Read, Stamp, tape_of
from streamlab.testing import tape_from

DONE = b"data: [DONE]\n\n"


def chunk(**delta):
    """Return one event of the chat completions with this delta."""
    return event({"choices": [{"index": 0, "delta": delta}]})


def event(value):
    """Return a server-sent event with this value as JSON."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def content(text):
    return chunk(content=text)


def reasoning(text):
    return chunk(reasoning_content=text)


ROLE = chunk(role="assistant", content="")
FINISH = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
USAGE = event({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 13}})

ELEVEN_ANSWERS = [
    (200, ROLE),
    (500, reasoning("a")),
    (520, reasoning("b")),
    (540, reasoning("c")),
    (600, content("d")),
    (620, content("e")),
    (660, content("f") + content("g")),  # one read, two events of one token
    (700, content("hijk")),  # one event of four tokens
    (720, content("l")),
    (1000, content("m")),  # after a stall of 280 ms
    (1010, FINISH),
    (1100, USAGE + DONE),
]
"""The stream on which eleven tools give eleven answers: 13 tokens, 3 of reasoning."""


def tables(pieces, label="", **kws):
    """Return the tables of a stream of (ms, bytes)."""
    return Tables(tape_from(pieces, **kws), label=label)


def eleven_answers(label=""):
    return tables(ELEVEN_ANSWERS, label, end_ms=1105)


def in_kernel_tier(reads, anchor=None):
    """Return a tape of (arrived, seen, delivered, bytes), in µs after t0, kernel stamps."""
    t0_ns = 10_000_000
    rows = [
        Read(
            data,
            Stamp(t0_ns + arrived * 1000, t0_ns + seen * 1000, "kernel", 2, t0_ns),
            t0_ns + delivered * 1000,
            UNKNOWN,
        )
        for arrived, seen, delivered, data in reads
    ]
    meta = {"content_type": "text/event-stream"} | ({"anchor": anchor} if anchor else {})
    marks = {"called": t0_ns - 5_000_000, "request_sent": t0_ns, "headers": t0_ns + 700_000}
    return tape_of(rows, End(t0_ns + 9_000_000, "eof"), marks, meta)
