"""Every transcript gives its expected deltas and its expected answer, however it is cut."""

from __future__ import annotations

import random

import pytest

from tests.dialects.streams import NAMES, follow, rows, transcript, whole_answer

KEYS = (
    "text",
    "reasoning",
    "refusal",
    "tool_calls",
    "finish_reason",
    "usage",
    "error",
    "terminator",
    "complete",
)


PATHS = {"llamacpp_error_old_field": "http://127.0.0.1:8080/v1/chat/completions"}
"""Where the only event is ``[DONE]``, and only the URL can tell the dialect."""


def cuttings_of(name, body):
    """Yield ways to cut a body into reads: a name, and the pieces."""
    yield "in one read", [body]
    yield "in reads of one byte", [body[at : at + 1] for at in range(len(body))]
    for cut in random.Random(name).sample(range(1, len(body)), k=min(120, len(body) - 1)):
        yield f"cut at {cut}", [body[:cut], body[cut:]]


@pytest.mark.parametrize("name", NAMES)
def test_a_transcript_gives_its_deltas_and_its_answer_however_it_is_cut(name):
    body, expected = transcript(name)

    for cutting, pieces in cuttings_of(name, body):
        assert rows(follow(pieces, expected["dialect"])) == expected["deltas"], cutting

    answer = whole_answer(follow([body], expected["dialect"]))
    assert {key: getattr(answer, key) for key in KEYS} == {key: expected[key] for key in KEYS}

    found = follow([body], "auto", expected["content_type"], url=PATHS.get(name, ""))
    assert found.dialect == expected["dialect"], "found by the content type and the events"
    assert rows(found) == expected["deltas"], "found by the content type and the events"


def test_two_choices_are_told_apart_and_each_has_its_own_finish_reason():
    body, expected = transcript("openai_chat_n2_logprobs")
    answer = whole_answer(follow([body], "openai_chat"))
    keys = ("index", "text", "refusal", "finish_reason")
    found = [{key: getattr(choice, key) for key in keys} for choice in answer.choices]
    assert found == expected["choices"]


def test_what_each_chunk_counts_continuously_is_given_to_its_own_delta():
    body, _ = transcript("vllm_continuous_usage")
    follower = follow([body], "openai_chat")
    counted = [(d.text, d.n_tokens) for d in follower.deltas if d.kind == "content"]
    assert counted == [("one two", 2), (" three", 1)]


def test_usage_on_the_last_chunk_alone_counts_no_delta():
    body, _ = transcript("mistral_chat")
    assert {delta.n_tokens for delta in follow([body], "openai_chat").deltas} == {None}
