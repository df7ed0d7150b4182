"""A stream of plain text: lines with their times, and no error."""

from __future__ import annotations

import pytest

import streamlab as sl
from streamlab.decode import PlainParser
from streamlab.follow import Follower
from streamlab.follow.problem import problem
from streamlab.metrics import Tables
from streamlab.testing import tape_from
from tests.servers.raw import raw_server, sends

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\n"
)


def test_plain_text_is_a_stream_of_lines_with_their_times():
    with raw_server(sends(HEAD + b"one\ntwo: x\n\nthree")) as url:
        rec = sl.record(sl.endpoint(url))

    assert rec.dialect == "text"
    assert rec.problem is None
    assert rec.complete is None
    assert rec.events["data"].tolist() == ["one", "two: x", "three"]
    assert rec.lines["kind"].tolist() == ["text", "text", "blank", "text"]
    assert rec.lines["value"].tolist() == ["one", "two: x", "", "three"]
    assert rec.lines["field"].isna()[[0, 1, 3]].all()
    assert rec.events["t_ms"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        (b"data: a\n\n", "sse"),
        (b": ping\n\ndata: a\n\n", "sse"),
        (b'{"a": 1}\n{"a": 2}\n', "ndjson"),
        (b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n', "openai_chat"),
        (b"Hello.\nHow are you?\n", "text"),
    ],
)
def test_what_only_says_that_it_is_text_is_still_found_out(body, dialect):
    tape = tape_from([(1, body)], content_type="text/plain")

    assert Tables(tape).follower.dialect == dialect


def test_text_at_the_usual_path_of_json_lines_is_text():
    body = b'0:"Hel"\n0:"lo"\nd:{"finishReason":"stop"}\n'  # the data stream of Vercel's SDK
    with raw_server(sends(HEAD + body)) as url:
        rec = sl.record(sl.endpoint(f"{url}/api/chat"))

    assert (rec.dialect, rec.problem) == ("text", None)
    assert rec.events["data"].tolist() == body.decode().splitlines()


def test_cut_anywhere_the_lines_are_the_same():
    whole = b"a\r\n\r\nb\xc3\xa9\rc"
    for cut in range(len(whole)):
        parser = PlainParser()
        events = [*parser.feed(whole[:cut]), *parser.feed(whole[cut:]), *parser.close()]
        assert [event.data for event in events] == ["a", "b\xe9", "c"]


def test_the_answer_of_a_model_that_is_no_stream_still_has_a_problem():
    tape = tape_from(
        [(1, b"upstream is busy\n")],
        content_type="text/plain",
        dialect="openai_chat",
        request={"stream": True},
        method="POST",
    )
    follower = Follower(tape, "openai_chat")
    follower.close()
    follower.interpret()

    assert "text/plain" in (problem(follower) or "")
