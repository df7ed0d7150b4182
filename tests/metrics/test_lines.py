from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.decode import LineSplitter, NDJSONParser
from streamlab.decode.sse import SSEParser
from streamlab.metrics.lines import line_columns
from tests.metrics.streams import tables

NA = "<NA>"

CASES = {
    "a-data-line": (b"data: a\n", ("data", "data", "a")),
    "one-space-is-stripped": (b"data:  a\n", ("data", "data", " a")),
    "no-space-is-needed": (b"data:a\n", ("data", "data", "a")),
    "a-field-without-colon-is-empty": (b"data\n", ("data", "data", "")),
    "only-the-first-colon-counts": (b"data: a: b\n", ("data", "data", "a: b")),
    "crlf-is-no-part-of-the-value": (b"data: a\r\n", ("data", "data", "a")),
    "cr-is-no-part-of-the-value": (b"data: a\r", ("data", "data", "a")),
    "a-blank-line-has-an-empty-field": (b"\n", ("blank", "", "")),
    "a-comment-keeps-its-space": (b": ping\n", ("comment", "", " ping")),
    "an-event-line": (b"event: done\n", ("event", "event", "done")),
    "an-id-line": (b"id: 7\n", ("id", "id", "7")),
    "a-retry-line": (b"retry: 10\n", ("retry", "retry", "10")),
    "an-ignored-retry-is-other": (b"retry: soon\n", ("other", "retry", "soon")),
    "an-unknown-field-keeps-its-name": (b"error: {}\n", ("other", "error", "{}")),
    "an-unknown-field-without-colon": (b"hello\n", ("other", "hello", "")),
    "field-names-have-case": (b"Data: a\n", ("other", "Data", "a")),
    "a-byte-order-mark-is-skipped": (b"\xef\xbb\xbfdata: a\n", ("data", "data", "a")),
    "also-before-an-unknown-field": (b"\xef\xbb\xbffoo:a\n", ("other", "foo", "a")),
    "invalid-utf8-is-replaced": (b"data: \xff\xfea\n", ("data", "data", "\ufffd\ufffda")),
    "a-character-cut-in-two-is-whole": ("data: \u20ac\n".encode(), ("data", "data", "\u20ac")),
    "u2028-ends-no-line": ("data: \u2028\n".encode(), ("data", "data", "\u2028")),
    "a-tail-has-no-field": (b"data: a", ("tail", NA, "data: a")),
}


@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES)
def test_what_a_line_holds(body, expected):
    """Fed in one read or byte by byte, its kind, field and value are the standard's."""
    for pieces in ([(1, body)], [(i, bytes([byte])) for i, byte in enumerate(body)]):
        row = tables(pieces).lines.iloc[0]
        field = NA if pd.isna(row["field"]) else row["field"]

        assert (row["kind"], field, row["value"], row["raw"]) == (*expected, body)


def test_a_json_line_has_no_field():
    lines = tables([(1, b'{"a": 1}\r\n\n{"b"')], content_type="application/x-ndjson").lines

    assert lines["kind"].tolist() == ["json", "blank", "tail"]
    assert lines["field"].isna().tolist() == [True, False, True]
    assert lines["value"].tolist() == ['{"a": 1}', "", '{"b"']


def test_a_page_of_html_has_lines_and_no_fields():
    page = b"<a href='http://x'>\nhi\n"
    lines = tables([(1, page)], content_type="text/html").lines

    assert lines["field"].isna().all()
    assert lines["value"].tolist() == ["<a href='http://x'>", "hi"]


pieces_of_streams = st.lists(
    st.sampled_from(
        b"data: x|data|id: 1|:| |\n|\r|\r\n|\n\n|foo: b|\xef\xbb\xbf|\xff|\xc3|\xa9|retry: 5"
        b"|event: e|id: \0|retry: x".split(b"|")
    ),
    max_size=30,
)


@given(pieces_of_streams, st.lists(st.integers(0, 100)))
def test_lines_say_what_the_standard_reads_from_them(pieces, cuts):
    """Field and value of every line are those that the parser uses."""
    body = b"".join(pieces)
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    parser = SSEParser()
    for begin, end in pairwise(edges):
        parser.feed(body[begin:end])
    parser.close()
    columns = line_columns(parser.lines, body)

    assert b"".join(columns["raw"]) == body
    whole = LineSplitter().feed(body)
    rows = zip(columns["kind"], columns["field"], columns["value"], strict=True)
    for line, (kind, field, value) in zip(whole, rows, strict=False):
        name, colon, rest = line.partition(b":")
        text = rest if kind == "comment" else rest.removeprefix(b" ")
        assert (field, value) == (
            name.decode("utf-8", "replace"),
            text.decode("utf-8", "replace"),
        ), (line, colon)


@given(pieces_of_streams)
def test_lines_of_json_join_to_the_body(pieces):
    body = b"".join(pieces)
    parser = NDJSONParser()
    parser.feed(body)
    parser.close()
    columns = line_columns(parser.lines, body)

    assert b"".join(columns["raw"]) == body
    assert len(columns["value"]) == len(parser.lines)
