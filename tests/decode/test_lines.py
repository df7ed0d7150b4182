"""Lines: what ends a line, when it is released, and that no byte is lost."""

import re

import pytest
from hypothesis import given

from streamlab.decode import LineSplitter
from tests.decode.drive import bodies, reads

CASES = {
    "lf": (b"a\nb\n", [b"a", b"b"], [2, 4]),
    "cr": (b"a\rb\r", [b"a", b"b"], [2, 4]),
    "crlf-is-one-end": (b"a\r\nb\r\n", [b"a", b"b"], [3, 6]),
    "lf-cr-is-two": (b"a\n\rb\n", [b"a", b"", b"b"], [2, 3, 5]),
    "cr-cr-lf-is-two": (b"a\r\r\n", [b"a", b""], [2, 4]),
    "an-unfinished-line-is-none": (b"a\nb", [b"a"], [2]),
    "what-str-splitlines-cuts-at-ends-no-line": (
        "a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b\n".encode(),
        ["a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b".encode()],
        [16],
    ),
    "a-byte-order-mark-is-counted-and-not-shown": (b"\xef\xbb\xbfa\n", [b"a"], [5]),
    "only-the-first-mark-goes": (b"\xef\xbb\xbf" * 2 + b"\n", [b"\xef\xbb\xbf"], [7]),
    "a-mark-later-stays": (b"\n\xef\xbb\xbfa\n", [b"", b"\xef\xbb\xbfa"], [1, 6]),
    "half-a-mark-is-none": (b"\xef\xbb\n", [b"\xef\xbb"], [3]),
}


@pytest.mark.parametrize(("body", "lines", "ends"), CASES.values(), ids=CASES)
def test_what_ends_a_line(body, lines, ends):
    splitter = LineSplitter()

    assert splitter.feed(body) == lines
    assert splitter.ends.tolist() == ends


def test_a_cr_releases_its_line_at_once_and_the_lf_moves_its_end():
    splitter = LineSplitter()

    assert splitter.feed(b"a\r") == [b"a"]
    assert splitter.ends.tolist() == [2]
    assert splitter.feed(b"") == []
    assert splitter.feed(b"\n") == []
    assert splitter.ends.tolist() == [3]
    assert splitter.feed(b"\n") == [b""]


def test_after_the_cr_of_one_line_any_other_byte_begins_the_next():
    splitter = LineSplitter()
    splitter.feed(b"a\r")

    assert splitter.feed(b"b\r") == [b"b"]
    assert splitter.feed(b"\r") == [b""]
    assert splitter.ends.tolist() == [2, 4, 5]


def test_it_says_whether_it_stands_between_two_lines():
    splitter = LineSplitter()
    seen = [splitter.between_lines]
    for data in (b"a", b"\r", b"\n", b"b\n"):
        splitter.feed(data)
        seen.append(splitter.between_lines)

    assert seen == [True, False, False, True, True]


def test_closing_ends_the_last_line_where_the_body_ended():
    splitter = LineSplitter()
    splitter.feed(b"a\nbc")

    assert splitter.close() == b"bc"
    assert splitter.ends.tolist() == [2, 4]
    assert splitter.close() == b""


@given(reads)
def test_cuts_change_no_line(pieces):
    whole, by_read = LineSplitter(), LineSplitter()
    lines = whole.feed(b"".join(pieces))

    assert [line for piece in pieces for line in by_read.feed(piece)] == lines
    assert by_read.close() == whole.close()
    assert by_read.ends == whole.ends


@given(reads)
def test_a_splitter_whose_caller_keeps_the_body_finds_the_same_lines(pieces):
    body = bytearray()
    keeper, caller = LineSplitter(), LineSplitter(body=lambda: body)
    for piece in pieces:
        body += piece
        assert caller.feed(piece) == keeper.feed(piece)
        assert caller.between_lines == keeper.between_lines

    assert caller.close() == keeper.close()
    assert (caller.ends, caller.drop()) == (keeper.ends, False)


@given(bodies)
def test_lines_are_what_stands_between_lf_cr_and_crlf(body):
    first, *others = re.split(rb"\r\n|\n|\r", body)[:-1] or [b""]

    lines = LineSplitter().feed(body)

    assert lines == ([first.removeprefix(b"\xef\xbb\xbf"), *others] if lines else [])
    assert bool(lines) == bool(re.search(rb"[\r\n]", body))
