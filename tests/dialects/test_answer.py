"""The answer as the sum of its deltas, and the token counts of a usage object."""

from __future__ import annotations

import pytest

from streamlab.dialects import Answer, Delta, answer, tokens
from streamlab.dialects.answer import Choice
from streamlab.dialects.usage import Tokens
from tests.dialects.streams import NAMES, transcript


def test_a_stream_without_any_event_has_an_empty_answer():
    assert answer([], None) == Answer()


def test_text_is_that_of_choice_0_though_another_came_first():
    deltas = [Delta("content", "b", 1), Delta("content", "a", 0), Delta("finish", "stop", 1)]
    found = answer(deltas, None)
    assert (found.text, found.finish_reason) == ("a", None)
    assert found.choices == (Choice(0, "a"), Choice(1, "b", finish_reason="stop"))


def test_the_only_choice_is_the_answer_whatever_its_number():
    assert answer([Delta("content", "b", 1)], None).text == "b"


def test_the_first_error_and_the_last_usage_count():
    deltas = [Delta(kind, value={"n": n}) for n in (1, 2) for kind in ("error", "usage")]
    found = answer(deltas, None)
    assert (found.error, found.usage) == ({"n": 1}, {"n": 2})


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("openai_chat_text", Tokens(14, 4, 0)),
        ("deepseek_reasoner", Tokens(6, 212, 198)),
        ("sglang_chat", Tokens(9, 3, 1)),
        ("openai_responses_text", Tokens(37, 11, 5)),
        ("anthropic_text", Tokens(11, 6, None)),
        ("gemini_text", Tokens(9, 208, 185)),
        ("ollama_chat", Tokens(26, 7, None)),
        ("cohere_text", Tokens(507, 10, None)),
        ("lmstudio_native", Tokens(329, 8, 2)),
    ],
)
def test_tokens_are_found_under_the_names_of_every_provider(name, counted):
    assert tokens(transcript(name).expected["usage"]) == counted


def test_the_tokens_of_an_answer_are_those_of_its_usage():
    assert answer([Delta("usage", value={"eval_count": 7})], None).tokens.output == 7


@pytest.mark.parametrize("usage", [None, {}, {"completion_tokens": None}, {"cost": 1}])
def test_what_was_not_reported_is_none(usage):
    assert tokens(usage) == Tokens()


def test_no_transcript_reports_usage_that_is_not_understood():
    reported = [transcript(name).expected["usage"] for name in NAMES]
    assert all(tokens(usage).output is not None for usage in reported if usage)
