"""What is a problem, and what only looks like one."""

from __future__ import annotations

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


@pytest.mark.parametrize("meta", [{"status": 204}, {"method": "HEAD"}])
def test_an_answer_that_has_no_body_is_none(meta: dict[str, Any]) -> None:
    assert problem(b"", request=None, **meta) is None


def test_a_stream_without_a_byte_is_one() -> None:
    assert problem(b"") == "the server closed the stream without a byte."


def test_a_stream_without_its_last_word_is_one() -> None:
    cut = DONE.replace(b'"stop"', b"null")

    assert problem(cut) == (
        "the stream ended without the API's terminal signal, so the answer may be cut short."
    )


def test_plain_events_have_no_last_word_to_miss() -> None:
    assert problem(b"data: 1\n\n", url="http://127.0.0.1/sse/x", request=None) is None
