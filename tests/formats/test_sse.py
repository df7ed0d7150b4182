"""The body alone, as other parsers of server-sent events or NDJSON read it."""

from __future__ import annotations

import gzip
import json

import httpx
import httpx_sse
import pytest

import streamlab as sl
from streamlab import formats
from streamlab.metrics import Tables
from streamlab.testing import tape_from
from tests.dialects.streams import NAMES, transcript


@pytest.mark.parametrize("name", NAMES)
def test_the_body_of_each_transcript_is_written_byte_for_byte(name, tmp_path):
    body = transcript(name).body
    tape = tape_from([(1, body[:50]), (2, body[50:])])
    path = formats.save(Tables(tape), tmp_path / "a.sse")

    assert path.read_bytes() == body


def test_another_parser_reads_the_same_events_from_the_file(fast_lab, tmp_path):
    rec = sl.record(fast_lab.endpoint("bursty", "anthropic"), "Hi")
    body = rec.save(tmp_path / "a.sse").read_bytes()
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    events = list(httpx_sse.EventSource(response).iter_sse())

    assert [event.data for event in events] == rec.events["data"].tolist()
    assert [event.event for event in events] == rec.events["type"].tolist()


def test_ndjson_is_one_object_a_line(fast_lab, tmp_path):
    rec = sl.record(fast_lab.endpoint("bursty", "ollama"), "Hi")
    lines = rec.save(tmp_path / "a.ndjson").read_text().splitlines()

    assert [json.loads(line) for line in lines] == [json.loads(d) for d in rec.events["data"]]


def test_a_compressed_body_is_written_readable(tmp_path):
    body = b"data: a\n\ndata: b\n\n"
    tape = tape_from([(1, gzip.compress(body))], content_encoding="gzip")

    assert formats.save(Tables(tape), tmp_path / "a.sse").read_bytes() == body


def test_an_empty_body_is_an_empty_file(tmp_path):
    assert formats.save(Tables(tape_from([])), tmp_path / "a.sse").read_bytes() == b""
