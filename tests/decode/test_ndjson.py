"""NDJSON, and bodies that are not a stream."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.decode import KINDS, Event, NDJSONParser, TextParser
from tests.decode.drive import cut, cuttings, feed_all, meaning, raw_lines, reads

OLLAMA = b'{"message":{"content":"Hi"},"done":false}\n{"done":true}\n'


def kinds_of(framer):
    return [KINDS[kind] for kind in framer.lines.kinds]


def test_each_line_is_an_event():
    parser = NDJSONParser()

    assert parser.feed(OLLAMA) == [
        Event("message", '{"message":{"content":"Hi"},"done":false}', "", None, 0, 0),
        Event("message", '{"done":true}', "", None, 1, 1),
    ]
    assert kinds_of(parser) == ["json", "json"]


def test_blank_lines_are_no_events_and_are_counted():
    parser = NDJSONParser()

    assert parser.feed(b'\n{"a":1}\r\n \t\n{"b":2}\n') == [
        Event("message", '{"a":1}', first_line=1, last_line=1),
        Event("message", '{"b":2}', first_line=3, last_line=3),
    ]
    assert kinds_of(parser) == ["blank", "json", "blank", "json"]


def test_a_line_that_is_no_json_keeps_its_text():
    parser = NDJSONParser()

    assert [event.data for event in parser.feed(b"oops\n\xff\n")] == ["oops", "\ufffd"]
    assert parser.feed(b"fine\n") == [Event("message", "fine", first_line=2, last_line=2)]


@pytest.mark.parametrize("tail", [b'{"b":2', b"12", b'"b"', b"[1]", b"{]}", b"[" * 2000])
def test_a_last_line_without_its_end_is_a_tail(tail):
    parser = NDJSONParser()

    assert feed_all(parser, [b'{"a":1}\n' + tail]) == [Event("message", '{"a":1}')]
    assert parser.close() == []
    assert kinds_of(parser) == ["json", "tail"]


def test_a_whole_object_counts_without_its_newline():
    parser = NDJSONParser()
    parser.feed(b'{"a":1}\n{"b"')
    parser.feed(b":2}")

    assert parser.close() == [Event("message", '{"b":2}', first_line=1, last_line=1)]
    assert kinds_of(parser) == ["json", "json"]


@given(st.lists(st.dictionaries(st.text(), st.text())), cuttings)
def test_objects_come_back_however_their_bytes_are_cut(objects, cuts):
    body = "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects).encode()

    events = feed_all(NDJSONParser(), cut(body, cuts))

    assert [json.loads(event.data) for event in events] == objects


@pytest.mark.parametrize("framer", [NDJSONParser, TextParser])
@given(reads)
def test_cuts_change_nothing_and_the_lines_are_the_body(framer, pieces):
    parser, body = framer(), b"".join(pieces)

    assert meaning(parser, pieces) == meaning(framer(), [body])
    assert b"".join(raw_lines(parser, body)) == body


def test_a_page_has_lines_and_no_events():
    parser = TextParser()

    assert feed_all(parser, [b"<html>\r\n\r\ndata: no event\n\n</html>"]) == []
    assert kinds_of(parser) == ["other", "blank", "other", "blank", "tail"]
