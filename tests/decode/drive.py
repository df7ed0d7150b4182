"""Feed framers with any body, cut anywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from hypothesis import strategies as st

from streamlab import lessons
from streamlab.decode import KINDS, Framer

VECTORS = json.loads(Path(lessons.__file__).with_name("vectors.json").read_bytes())


def body_of(vector: dict) -> bytes:
    return base64.b64decode(vector["body_b64"])


def cut(body: bytes, cuts: list[int]) -> list[bytes]:
    """Return `body` in pieces; equal cuts make empty ones."""
    edges = [0, *sorted(min(at, len(body)) for at in cuts), len(body)]
    return [body[a:b] for a, b in pairwise(edges)]


def every_split(body: bytes) -> Iterator[list[bytes]]:
    """Cut `body` in two at every byte; a long body, which repeats itself, at every 31st byte.

    All 12,000 splits of the longest vector take half a minute.
    """
    for at in range(0, len(body) + 1, 1 if len(body) < 1000 else 31):
        yield [body[:at], body[at:]]


def bytewise(body: bytes) -> list[bytes]:
    return [body[at : at + 1] for at in range(len(body))]


def padded(pieces: list[bytes]) -> list[bytes]:
    """Put an empty piece before, between and behind all."""
    return [piece for full in pieces for piece in (b"", full)] + [b""]


def feed_all(framer: Framer, pieces: list[bytes]) -> list:
    events = [event for piece in pieces for event in framer.feed(piece)]
    framer.close()
    return events


def meaning(framer: Framer, pieces: list[bytes]) -> dict:
    """Return everything a framer found: what no cut may change."""
    events = feed_all(framer, pieces)
    return {
        "events": events,
        "comments": framer.comments,
        "ends": framer.lines.ends.tolist(),
        "kinds": [KINDS[kind] for kind in framer.lines.kinds],
        "id": getattr(framer, "last_event_id", None),
        "retry": getattr(framer, "retry", None),
    }


def raw_lines(framer: Framer, body: bytes) -> list[bytes]:
    """Return the lines as they stand in the body, with their ends."""
    return [body[a:b] for a, b in pairwise([0, *framer.lines.ends])]


PIECES = [
    b"data: x\n\n",
    b"data: x\n\n",
    b"data: x\rdata: y\n\n",
    b"data: ",
    b"data",
    b"event: e",
    b"id: 1",
    b"id: \0",
    b"retry: 5",
    b"retry: +5",
    b": c",
    b"foo: bar",
    b'{"a": 1}',
    b" ",
    b":",
    b"\n",
    b"\n",
    b"\r",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xef\xbb",
    b"\xe2\x80\xa8",
    b"\xe2\x82",
    b"\xff",
    b"\0",
    b"\x85",
    b"\x0c",
]
"""Pieces that make streams go wrong, to join in any order."""

bodies = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=3))).map(b"".join)
cuttings = st.lists(st.integers(0, 80), max_size=12)
reads = st.builds(cut, bodies, cuttings) | st.lists(st.sampled_from(PIECES))
"""Streams cut anywhere, and streams cut at the ends of pieces, which is rare by chance."""
