"""What is a problem, and what only looks like one."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from streamlab.recording import Recording
from streamlab.testing import tape_from

DONE = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'
URL = "http://127.0.0.1/v1/chat/completions"


def problem(body: bytes, **meta: Any) -> str | None:
    facts = {"url": URL, "method": "POST", "status": 200, "request": {"stream": True}} | meta
    return Recording(tape_from([(10, body)] if body else [], **facts)).problem


def test_a_finished_stream_has_none() -> None:
    assert problem(DONE) is None


def test_json_in_one_piece_is_one_where_a_stream_was_asked_for() -> None:
    said = "the server answered with JSON in one piece, not with a stream. Ask it to stream."

    assert problem(b"{}", content_type="application/json") == said
    assert problem(b"{}", content_type="application/json", request={"stream": False}) is None


def test_a_page_is_one_where_a_stream_was_asked_for() -> None:
    said = "the server answered with a web page, not with a stream. Check the URL."

    assert problem(b"<html>", content_type="text/html; charset=utf-8") == said


@pytest.mark.parametrize(
    "meta", [{"status": 204}, {"method": "HEAD"}, {"method": "DELETE"}, {"method": "OPTIONS"}]
)
def test_an_answer_that_has_no_body_is_none(meta: dict[str, Any]) -> None:
    assert problem(b"", request=None, **meta) is None


def test_a_stream_without_a_byte_is_one() -> None:
    assert problem(b"") == "the stream came to its end, and its body has no byte."


def test_a_stream_without_its_last_word_is_one() -> None:
    cut = DONE.replace(b'"stop"', b"null")

    assert problem(cut) == (
        "the stream ended without the API's terminal signal, so the answer may be cut short."
    )


def test_plain_events_have_no_last_word_to_miss() -> None:
    assert problem(b"data: 1\n\n", url="http://127.0.0.1/sse/x", request=None) is None


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_a_stream_under_another_name_has_none(content_type: str) -> None:
    assert problem(DONE, content_type=content_type) is None


@pytest.mark.parametrize(
    ("content_type", "said"),
    [
        ("text/plain", "of text/plain. Check the URL, or name the dialect."),
        ("", "without a content type. Check the URL, or name the dialect."),
        (
            "text/event-stream",
            f"of text/event-stream. The body begins with '<!-- {'.' * 34}…'.",
        ),
    ],
)
def test_text_without_an_event_is_one(content_type: str, said: str) -> None:
    body = b"<!-- " + b"." * 1234

    assert (
        problem(body, content_type=content_type) == f"no event was found in 1,239 bytes {said}"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\r\n<!DOCTYPE html>", "a web page, not with a stream. Check the URL."),
        (b"<html><body>", "a web page, not with a stream. Check the URL."),
        (b"\x1f\x8b\x08\x00", "It is gzip, and no header says so."),
        (b'[{"choices": []}]', """The body begins with '[{"choices": []}]'."""),
    ],
)
def test_a_body_labelled_as_a_stream_is_told_by_its_beginning(body: bytes, said: str) -> None:
    assert (found := problem(body)) is not None
    assert found.endswith(said)
    assert "cut short" not in found


PIECE = DONE.replace(b'"stop"', b"null")
PRETTY = b'{\n  "error": {\n    "code": 503,\n    "message": "Overloaded."\n  }\n}\n'


@pytest.mark.parametrize(
    "tail",
    [
        b'error: {"code":400,"message":"Overloaded."}\n\ndata: [DONE]\n\n',
        PRETTY,
        PRETTY.rstrip(),
        b'{"error":"Overloaded"}',
        b'[{"error":{"message":"Overloaded"}}]\n',
        b'event: error\ndata: {"error":{"message":"Overloaded"}}\n',
        b'data: {"error":{"message":"Overloaded"}}',
    ],
)
def test_an_error_that_is_no_event_is_quoted(tail: bytes) -> None:
    said = "the server sent an error outside its events: Overloaded."

    assert problem(PIECE + tail) == said


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "text/event-stream"]
)
def test_an_error_in_place_of_a_stream_is_quoted(content_type: str) -> None:
    said = "the server sent an error in place of a stream: Overloaded."

    assert problem(PRETTY, content_type=content_type) == said


@pytest.mark.parametrize(
    "tail", [b"error: soon", b'{"error": null}', b"{\n[\n", b"[]", b"error"]
)
def test_what_is_no_error_is_not_quoted(tail: bytes) -> None:
    assert problem(PIECE + tail) == (
        "the stream ended without the API's terminal signal, so the answer may be cut short."
    )


def test_an_error_of_long_ago_in_a_finished_stream_is_none() -> None:
    assert problem(b'error: {"message":"retrying"}\n\n' + DONE) is None


@pytest.mark.parametrize("body", [b"[" * 4096, b"{" * 4096, b"\xff\x1b["])
def test_a_refusal_with_any_body_is_one_harmless_sentence(body: bytes) -> None:
    said = problem(body, status=400, reason="Bad\x1b Request", content_type="application/json")

    assert said is not None
    assert said.startswith("the server answered HTTP 400 Bad␛ Request: ")
    assert said.isprintable()
    assert len(said) < 600


def test_a_status_that_is_no_number_is_not_known() -> None:
    assert problem(DONE, status="teapot") is None


def test_an_end_without_a_detail_is_a_sentence_too() -> None:
    tape = tape_from([(1, PIECE)], end="reset")

    assert Recording(tape).problem == "the stream broke off after 1 read, which is kept."


def test_a_reset_after_the_answer_contradicts_nothing() -> None:
    rec = Recording(tape_from([(1, DONE + b"data: [DONE]\n\n")], end="reset"))

    assert rec.complete is True
    assert rec.problem == "the stream broke off after the complete answer."


def test_a_compressed_refusal_is_quoted() -> None:
    body = gzip.compress(b'{"error": {"message": "Overloaded."}}')
    said = (
        "the server answered HTTP 503: Overloaded. The rest of its answer is in the recording."
    )

    assert problem(body, status=503, content_encoding="gzip") == said


def test_json_lines_that_are_labelled_as_json_are_named_so() -> None:
    said = problem(b'{"a": 1}\n{"a": 2}\n', content_type="application/json")

    assert said is not None
    assert "2 lines of JSON" in said
    assert "labelled as application/json" in said
