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

each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
each_chunked_vector = pytest.mark.parametrize(
    "vector", [v for v in VECTORS if "chunks_b64" in v], ids=lambda v: v["name"]
)


def expected_events(vector):
    return [(e["event"], e["data"], e["id"], e.get("retry")) for e in vector["events"]]


def line_counts(parser, body):
    lines = [line for line in raw_lines(parser, body) if line.endswith((b"\n", b"\r"))]
    crlf = sum(line.endswith(b"\r\n") for line in lines)
    lf = sum(line.endswith(b"\n") for line in lines) - crlf
    return {"count": len(lines), "lf": lf, "crlf": crlf, "cr": len(lines) - lf - crlf}


def assert_means(vector, pieces):
    parser = SSEParser()

    events = feed_all(parser, pieces)

    assert [event[:4] for event in events] == expected_events(vector)
    assert parser.last_event_id == vector["final_last_event_id"]
    assert parser.retry == vector["final_retry"]
    assert [comment.text for comment in parser.comments] == vector["comments"]
    assert line_counts(parser, body_of(vector)) == vector["lines"]


def test_the_vectors_are_there():
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS) == 114


@each_vector
def test_a_vector_in_one_piece(vector):
    assert_means(vector, [body_of(vector)])


@each_vector
def test_a_vector_byte_by_byte(vector):
    assert_means(vector, bytewise(body_of(vector)))


@each_vector
def test_a_vector_with_empty_chunks_between(vector):
    assert_means(vector, padded([body_of(vector)]))
    assert_means(vector, padded(bytewise(body_of(vector))))


@each_vector
def test_a_vector_split_in_two_anywhere(vector):
    body = body_of(vector)
    whole = meaning(SSEParser(), [body])  # which the first test holds against the vector

    for pieces in every_split(body):
        assert meaning(SSEParser(), pieces) == whole, f"cut at {len(pieces[0])}"


@each_chunked_vector
def test_events_are_out_with_the_chunk_that_completes_them(vector):
    chunks = [base64.b64decode(chunk) for chunk in vector["chunks_b64"]]
    parser, n_events, after = SSEParser(), 0, []

    for chunk in chunks:
        n_events += len(parser.feed(chunk))
        after.append(n_events)

    assert after == vector["events_after_chunk"]
    assert_means(vector, chunks)
