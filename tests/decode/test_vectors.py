"""The conformance vectors, under every cutting that can matter."""

import base64

import pytest

from streamlab.decode import SSEParser
from tests.decode.drive import (
    VECTORS,
    body_of,
    bytewise,
    every_split,
    feed_all,
    meaning,
    padded,
    raw_lines,
)

CHUNKED = [vector for vector in VECTORS if "chunks_b64" in vector]


def chunks_of(vector):
    return [base64.b64decode(chunk) for chunk in vector["chunks_b64"]]


def cuttings_of(vector):
    """Yield ways to cut the body of a vector: a name, and the pieces."""
    body = body_of(vector)
    yield "in one piece", [body]
    yield "byte by byte", bytewise(body)
    yield "in one piece, with empty ones around it", padded([body])
    yield "byte by byte, with empty pieces between", padded(bytewise(body))
    if vector in CHUNKED:
        yield "in its own chunks", chunks_of(vector)


def line_counts(parser, body):
    lines = [line for line in raw_lines(parser, body) if line.endswith((b"\n", b"\r"))]
    crlf = sum(1 for line in lines if line.endswith(b"\r\n"))
    lf = sum(1 for line in lines if line.endswith(b"\n")) - crlf
    return {"count": len(lines), "lf": lf, "crlf": crlf, "cr": len(lines) - lf - crlf}


def expected_of(vector):
    events = [(e["event"], e["data"], e["id"], e.get("retry")) for e in vector["events"]]
    named = {"last_id": "final_last_event_id", "retry": "final_retry"}
    found = {name: vector[key] for name, key in named.items()}
    return {**found, "events": events, "comments": vector["comments"], "lines": vector["lines"]}


def found_in(vector, pieces):
    parser = SSEParser()
    events = feed_all(parser, pieces)
    return {
        "events": [event[:4] for event in events],
        "last_id": parser.last_event_id,
        "retry": parser.retry,
        "comments": [comment.text for comment in parser.comments],
        "lines": line_counts(parser, body_of(vector)),
    }


def test_the_vectors_are_there():
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS) == 114
    assert len(CHUNKED) == 9


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_a_vector_means_the_same_however_it_is_cut(vector):
    body, expected = body_of(vector), expected_of(vector)

    for cutting, pieces in cuttings_of(vector):
        assert found_in(vector, pieces) == expected, cutting

    whole = meaning(SSEParser(), [body])
    for pieces in every_split(body):
        assert meaning(SSEParser(), pieces) == whole, f"cut at {len(pieces[0])}"


def test_events_are_out_with_the_chunk_that_completes_them():
    for vector in CHUNKED:
        parser, n_events, after = SSEParser(), 0, []

        for chunk in chunks_of(vector):
            n_events += len(parser.feed(chunk))
            after.append(n_events)

        assert after == vector["events_after_chunk"], vector["name"]
