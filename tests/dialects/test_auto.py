"""How ``auto`` finds the dialect: from the bytes, also after events of other kinds."""

from __future__ import annotations

import gzip
import json

import pytest

from streamlab.follow import Follower
from streamlab.follow.follower import MOST_HELD
from streamlab.tape import Recorder, Stamp
from tests.dialects.streams import follow, transcript, whole_answer

SSE = "text/event-stream"
PREAMBLES = {
    "queued": b'data: {"status":"queued"}\n\n',
    "ping": b"event: ping\ndata: {}\n\n",
    "keepalive": b'data: {"type":"keepalive"}\n\n',
    "error": b'data: {"error":{"message":"retrying"}}\n\n',
    "word": b"data: connected\n\n",
}
ANSWERS = ("openai_chat_text", "anthropic_text", "openai_responses_text", "gemini_text")
TICK = b'data: {"tick":1}\n\n'
CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'


def recorded() -> tuple[Recorder, Follower]:
    recorder = Recorder(lambda: 0)
    recorder.meta["content_type"] = SSE
    return recorder, Follower(recorder)


def arrive(recorder: Recorder, data: bytes) -> None:
    recorder.append(data, Stamp(1, 1))


@pytest.mark.parametrize("preamble", PREAMBLES.values(), ids=PREAMBLES)
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_understood_whatever_is_said_before_it(name, preamble):
    body, expected = transcript(name)
    found = follow([preamble * 3 + body], "auto", SSE)

    assert found.dialect == expected["dialect"]
    assert whole_answer(found).text == expected["text"] != ""
    assert min(found.delta_events) == 0  # what was held has been read too


def test_events_are_held_until_one_is_recognised_and_then_all_are_read_at_once():
    recorder, follower = recorded()
    arrive(recorder, b": hello\n" + TICK + b": more\n" + TICK)
    follower.poll()

    assert list(follower.interpret()) == [0]  # what stands before the first that is held
    assert (follower.dialect, follower.reader) == ("auto", None)

    arrive(recorder, CHUNK)
    follower.poll()
    follower.interpret()

    assert follower.dialect == "openai_chat"
    kinds = [delta.kind for delta in follower.deltas]
    assert kinds == ["comment", "meta", "comment", "meta", "content"]
    assert list(follower.delta_events) == [0, 0, 1, 1, 2]
    assert list(follower.delta_lines) == [0, 2, 3, 5, 7]


def test_no_more_than_ten_are_held():
    recorder, follower = recorded()
    for _ in range(MOST_HELD - 1):
        arrive(recorder, TICK)
        follower.poll()
        assert not follower.interpret()
    arrive(recorder, TICK)
    follower.poll()

    assert len(follower.interpret()) == MOST_HELD
    assert follower.dialect == "sse"


def test_it_is_decided_alike_however_many_events_a_read_brings():
    pieces = [TICK] * MOST_HELD + [CHUNK]

    assert follow(pieces, "auto", SSE).dialect == "sse"
    assert follow([b"".join(pieces)], "auto", SSE).dialect == "sse"
    assert follow([b"".join(pieces[1:])], "auto", SSE).dialect == "openai_chat"


@pytest.mark.parametrize(
    ("url", "dialect"),
    [("http://h/v1/messages", "anthropic"), ("http://h/x", "sse")],
)
def test_the_path_decides_at_the_end_of_a_stream_that_never_told(url, dialect):
    found = follow([PREAMBLES["error"]], "auto", SSE, url)

    assert found.dialect == dialect
    assert len(found.deltas) == 1


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/octet-stream"])
@pytest.mark.parametrize("url", ["http://h/api/chat", "http://h/x"])
def test_ndjson_is_found_where_the_content_type_says_nothing(content_type, url):
    body, expected = transcript("ollama_chat")
    found = follow([body], "auto", content_type, url)

    assert found.dialect == "ollama"
    assert whole_answer(found).text == expected["text"] != ""


@pytest.mark.parametrize("cut", [1, 3, 4096])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_sse_is_found_under_another_name_and_be_it_byte_by_byte(content_type, cut):
    body, expected = transcript("openai_chat_text")
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)]
    found = follow(pieces, "auto", content_type, "http://h/api/chat")

    assert found.dialect == "openai_chat"
    assert whole_answer(found).text == expected["text"] != ""


def test_the_first_bytes_are_those_of_the_decoded_body():
    body, expected = transcript("ollama_chat")
    recorder = Recorder(lambda: 0)
    recorder.meta["content_encoding"] = "gzip"
    follower = Follower(recorder)
    for byte in gzip.compress(body):
        arrive(recorder, bytes([byte]))
    follower.close()
    follower.interpret()

    assert whole_answer(follower).text == expected["text"]
    assert len(follower.lines_after) == len(recorder.columns.ends)


def test_a_document_of_json_has_no_events():
    assert (
        follow([json.dumps({"choices": []}).encode()], "auto", "application/json").events == []
    )
