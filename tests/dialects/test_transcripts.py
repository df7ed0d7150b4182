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


@pytest.mark.parametrize("name", NAMES)
def test_a_transcript_gives_its_expected_deltas(name):
    body, expected = transcript(name)
    assert rows(follow([body], expected["dialect"])) == expected["deltas"]


@pytest.mark.parametrize("name", NAMES)
def test_a_transcript_gives_its_expected_answer(name):
    body, expected = transcript(name)
    answer = whole_answer(follow([body], expected["dialect"]))
    assert {key: getattr(answer, key) for key in KEYS} == {key: expected[key] for key in KEYS}


@pytest.mark.parametrize("name", NAMES)
def test_auto_chooses_the_dialect_of_a_transcript_from_its_content_type_and_events(name):
    body, expected = transcript(name)
    follower = follow([body], "auto", expected["content_type"], url=PATHS.get(name, ""))
    assert follower.dialect == expected["dialect"]
    assert rows(follower) == expected["deltas"]


PATHS = {"llamacpp_error_old_field": "http://127.0.0.1:8080/v1/chat/completions"}
"""Where the only event is ``[DONE]``, and nothing but the URL can tell."""


@pytest.mark.parametrize("name", NAMES)
def test_a_transcript_in_reads_of_one_byte_gives_the_same_deltas(name):
    body, expected = transcript(name)
    pieces = [body[at : at + 1] for at in range(len(body))]
    assert rows(follow(pieces, expected["dialect"])) == expected["deltas"]


@pytest.mark.parametrize("name", NAMES)
def test_a_transcript_cut_in_two_gives_the_same_deltas(name):
    body, expected = transcript(name)
    cuts = random.Random(name).sample(range(1, len(body)), k=min(120, len(body) - 1))
    for cut in cuts:
        pieces = [body[:cut], body[cut:]]
        assert rows(follow(pieces, expected["dialect"])) == expected["deltas"], cut


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
    assert whole_answer(follower).token_source == "usage"


def test_usage_on_the_last_chunk_alone_counts_no_delta():
    body, _ = transcript("mistral_chat")
    assert {delta.n_tokens for delta in follow([body], "openai_chat").deltas} == {None}
