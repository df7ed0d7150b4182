"""Streams that no dialect knows."""

from __future__ import annotations

import pytest

from streamlab.dialects import Delta, answer, dialect_named
from streamlab.dialects.dialect import Ask
from tests.dialects.streams import follow, read, rows


@pytest.mark.parametrize("name", ["sse", "ndjson"])
def test_each_event_is_one_meta_with_its_data(name):
    deltas, _ = read(name, ("tick", "1"), "", '{"error": "x"}')
    assert deltas == [Delta("meta", "1"), Delta("meta", ""), Delta("meta", '{"error": "x"}')]


def test_it_is_unknown_whether_a_plain_stream_is_complete():
    deltas, reader = read("sse", "a", "[DONE]")
    assert answer(deltas, reader).complete is None


def test_the_lines_of_plain_ndjson_are_its_events():
    follower = follow([b'{"a":1}\n{"b":', b"2}\n"], "ndjson")
    assert [(row["text"], row["event"]) for row in rows(follower)] == [
        ('{"a":1}', 0),
        ('{"b":2}', 1),
    ]


def test_a_plain_request_is_its_body_alone():
    assert dialect_named("sse").ask("m", [{"role": "user"}], {"a": 1}) == Ask("", {"a": 1})
