"""Server-sent events beyond the vectors: discarded lines, times of release, short cuts."""

import pytest
from hypothesis import example, given

from streamlab.decode import KINDS, Comment, Event, SSEParser
from tests.decode.drive import bytewise, feed_all, meaning, raw_lines, reads

CHAT = b'data: {"choices":[]}\n\ndata: [DONE]\n\n'


class LineByLine(SSEParser):
    """The parser without its short cuts: the standard and nothing else."""

    def feed(self, data):
        return self._take(self._splitter.feed(data))


def kinds_of(parser):
    return [KINDS[kind] for kind in parser.lines.kinds]


def test_events_know_the_lines_they_came_from():
    parser = SSEParser()

    events = parser.feed(b"\n: hi\ndata: a\ndata: b\n\n\nevent: e\nid: 7\ndata: c\n\n")

    assert events == [
        Event("message", "a\nb", "", None, first_line=1, last_line=4),
        Event("e", "c", "7", None, first_line=6, last_line=9),
    ]


def test_ordinary_events_know_their_lines_too():
    assert SSEParser().feed(CHAT) == [
        Event("message", '{"choices":[]}', "", None, 0, 1),
        Event("message", "[DONE]", "", None, 2, 3),
    ]


def test_a_comment_knows_its_line_and_the_event_after_it():
    parser = SSEParser()
    parser.feed(b":first\n\n" + CHAT)
    parser.feed(b"data: x\n: second\n\n:third\n")

    assert parser.comments == [
        Comment("first", line=0, event=0),
        Comment(" second", line=7, event=2),
        Comment("third", line=9, event=3),
    ]


def test_every_line_says_what_it_did():
    parser = SSEParser()
    body = (
        b"data: a\nevent: b\nid: c\nretry: 10\n: d\nfoo: e\n\n"
        b"Data: no\nid: \0\nretry: 1s\ndata\xff\nretry\n\ndata: f"
    )
    parser.feed(body)
    parser.close()

    assert kinds_of(parser) == [
        *("data", "event", "id", "retry", "comment", "other", "blank"),
        *("other", "other", "other", "other", "other", "blank", "tail"),
    ]
    assert b"".join(raw_lines(parser, body)) == body


LOST_BY_OTHERS = {
    "an error as a field of its own": (b'error: {"code":500}\n\n', ["other", "blank"]),
    "an error outside of any framing": (b'{"error": 1}\n', ["other"]),
    "a done without its blank line": (b"data: [DONE]\n", ["data"]),
    "a block without data": (b"event: ping\n\n", ["event", "blank"]),
    "an event that was cut off": (b"data: a", ["tail"]),
    "half a byte order mark": (b"\xef\xbb", ["tail"]),
}


@pytest.mark.parametrize(("body", "kinds"), LOST_BY_OTHERS.values(), ids=LOST_BY_OTHERS)
def test_what_the_standard_discards_is_no_event_and_stays_a_line(body, kinds):
    parser = SSEParser()

    assert feed_all(parser, [body]) == []
    assert kinds_of(parser) == kinds
    assert raw_lines(parser, body) == body.splitlines(keepends=True)


def test_an_event_is_out_with_the_byte_that_completes_it():
    parser = SSEParser()

    assert parser.feed(b"data: a\r\n\r") == [Event("message", "a", "", None, 0, 1)]
    assert parser.feed(b"\n") == []
    assert parser.lines.ends.tolist() == [9, 11]


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_bytewise_only_the_last_byte_of_a_block_brings_its_event(end):
    parser = SSEParser()
    found = [len(parser.feed(byte)) for byte in bytewise(b"data: a" + end + end)]

    assert found == [0] * 8 + [1]


def test_a_line_begun_is_no_tail_before_the_stream_is_closed():
    parser = SSEParser()
    parser.feed(b"data: a\n\ndata")

    assert kinds_of(parser) == ["data", "blank"]
    parser.close()
    parser.close()
    assert kinds_of(parser) == ["data", "blank", "tail"]


def test_the_id_of_an_unfinished_block_does_not_count_and_its_retry_does():
    parser = SSEParser()
    parser.feed(b"id: 1\n\nid: 2\nretry: 5\n")

    assert (parser.last_event_id, parser.retry) == ("1", 5)


def test_the_id_goes_on_in_ordinary_blocks_and_retry_does_not():
    parser = SSEParser()
    parser.feed(b"id: 1\nretry: 5\ndata: a\n\n")

    assert parser.feed(CHAT)[0][:4] == ("message", '{"choices":[]}', "1", None)
    assert parser.feed(b"data: x\n\n")[0][:4] == ("message", "x", "1", None)


RETRIES = {
    "digits": ("1500", 1500),
    "zeros before it": ("0" * 5000 + "12", 12),
    "zeros only": ("000", 0),
    "more than 64 bits": ("9" * 30, int("9" * 30)),
    "more digits than Python converts": ("9" * 5000, None),
    "a sign": ("+5", None),
    "an underscore": ("1_000", None),
    "a space behind": ("5 ", None),
    "digits of another script": ("٣", None),
    "a superscript": ("²", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("value", "retry_ms"), RETRIES.values(), ids=RETRIES)
def test_retry_takes_ascii_digits_only(value, retry_ms):
    parser = SSEParser()
    parser.feed(f"retry: {value}\n".encode())

    assert parser.retry == retry_ms
    assert kinds_of(parser) == ["other" if retry_ms is None else "retry"]


@given(reads)
@example([b"data: x\n\n" * 2, b"da", b"ta: y\n\ndata: z\n\n"])
@example([b"data: x\r", b"\n\r", b"\ndata: y\n\n"])
@example([b"\xef", b"\xbb\xbf", b"data: x\n\ndata: y\n\n"])
@example([b"data: \xe2\x82\n\ndata: \xac\n\n"])
def test_cuts_change_nothing(pieces):
    assert meaning(SSEParser(), pieces) == meaning(SSEParser(), [b"".join(pieces)])


@given(reads)
@example([b"data: x\n\n" * 3])
@example([b"data: x\n\n", b": after one\n"])
@example([b"data: x\n\n" * 2, b": after two\n"])
@example([b"data: x\rdata: y\n\n"])
@example([b"data: x\r\n\n"])
@example([b"foo", b"data: no\n\n"])
@example([b"data: x\n", b"data: y\n\n"])
@example([b"\r", b"data: x\n\n", b"\n"])
@example([b"data: x\n\n\ndata: y\n\n"])
@example([b"data: x\n\nfoo\n\ndata: y\n\n"])
@example([b"data: x\n\ndata: y\ndata: z\n\n"])
def test_the_short_cuts_are_the_standard(pieces):
    assert meaning(SSEParser(), pieces) == meaning(LineByLine(), pieces)


@given(reads)
def test_the_lines_are_the_body(pieces):
    parser, body = SSEParser(), b"".join(pieces)
    feed_all(parser, pieces)

    assert b"".join(raw_lines(parser, body)) == body
    assert len(parser.lines.ends) == len(parser.lines)


def test_the_lines_of_a_whole_body_have_bounds():
    parser = SSEParser()
    parser.feed(b"data: a\n\n")
    parser.close()

    assert parser.lines.bounds().tolist() == [0, 8, 9]
    assert parser.lines.ends.tolist() == [8, 9]
    assert parser.lines.bounds().tolist() == [0, 8, 9]
    assert SSEParser().lines.bounds().tolist() == [0]
