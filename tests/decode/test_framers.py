"""Which framer a response gets."""

import pytest

from streamlab.decode import (
    FRAMERS,
    Framer,
    NDJSONParser,
    SSEParser,
    TextParser,
    framing_of,
)

TYPES = {
    "text/event-stream": SSEParser,
    "text/event-stream; charset=utf-8": SSEParser,
    "Text/Event-Stream;charset=UTF-8": SSEParser,
    "application/x-ndjson": NDJSONParser,
    "application/x-ndjson; charset=utf-8": NDJSONParser,
    "application/jsonl": NDJSONParser,
    "application/json-lines": NDJSONParser,
    "application/stream+json": NDJSONParser,  # of Cohere's first API, and of Spring
    "application/json": TextParser,
    "application/problem+json": TextParser,
    "text/html; charset=utf-8": TextParser,
    "text/plain": SSEParser,
    "application/octet-stream": SSEParser,
    "": SSEParser,
    " ; nonsense": SSEParser,
}


@pytest.mark.parametrize(("content_type", "framer"), TYPES.items(), ids=str)
def test_the_media_type_chooses_the_framer(content_type, framer):
    assert FRAMERS[framing_of(content_type)] is framer


@pytest.mark.parametrize(
    ("start", "usual", "framing"),
    [
        (b'{"a": 1}', None, "ndjson"),
        (b"{", None, "ndjson"),
        (b"{\n", None, "sse"),  # one object over many lines
        (b"hello", None, "sse"),
        (b"d", "ndjson", "sse"),
        (b"\xef\xbb\xbf\r\n: hi", "ndjson", "sse"),
        (b'{"a": 1}', "ndjson", "ndjson"),
        (b'{"a": 1}', "sse", "sse"),
        (b"", "ndjson", "ndjson"),
    ],
)
def test_without_a_telling_type_the_bytes_decide_and_then_what_is_usual(start, usual, framing):
    for content_type in ("", "text/plain; charset=utf-8", "application/octet-stream"):
        is_text = content_type.startswith("text/plain") and start == b"hello"
        found = framing_of(content_type, start, usual)
        assert found == ("plain" if is_text else framing), content_type


@pytest.mark.parametrize(
    "start", [b"d", b"data: {", b"event: a", b"id: 1", b": hi", b"\ndata:"]
)
def test_json_that_begins_with_a_field_is_sse(start):
    assert framing_of("application/json", start) == "sse"
    assert framing_of("text/html", start) == "text"


@pytest.mark.parametrize("start", [b"", b"{", b"[", b'"data:', b"\n", b"null", b"1"])
def test_json_that_begins_as_json_can_is_a_document(start):
    assert framing_of("application/json", start, "sse") == "text"


ERROR_BODIES = {
    "json": ("application/json", b'{\n  "error": {"message": "no"}\n}\n'),
    "json array": ("application/json", b'[{"a": 1},\n{"a": 2}]\n'),
    "json of no type": ("", b'{"error": {"message": "no"}}\n'),
    "json as a stream": ("text/event-stream", b'{"error": 1}\n\n'),
    "html": ("text/html", b"<script>\ndata: {\n\n}</script>\n"),
}


@pytest.mark.parametrize(("content_type", "body"), ERROR_BODIES.values(), ids=ERROR_BODIES)
def test_a_body_that_is_no_stream_has_its_lines_and_no_events(content_type, body):
    framer = FRAMERS[framing_of(content_type)]()

    assert framer.feed(body) == []
    assert framer.lines.ends[-1] == len(body)
    assert len(framer.lines) == body.count(b"\n")


def test_events_of_no_type_are_found_with_their_last_byte():
    framer = FRAMERS[framing_of("")]()

    assert framer.feed(b"data: a\n") == []
    assert [event.data for event in framer.feed(b"\n")] == ["a"]


@pytest.mark.parametrize("name", FRAMERS)
def test_every_framing_is_a_framer(name):
    framer: Framer = FRAMERS[name]()
    framer.close()

    assert len(framer.lines) == 0
    assert framer.comments == []
