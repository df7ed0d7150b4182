"""One answer in all dialects is one answer: the same text, deltas and count."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest

import streamlab as sl
from streamlab.many import Lab
from tests.sdks.answers import SPOKEN, answers, contents, table


@pytest.mark.parametrize("scenario", ["steady", "bursty"])
def test_one_answer_in_all_dialects_is_the_same(scenario: str, fast_lab: Lab) -> None:
    recordings = answers(fast_lab, scenario)
    first, *others = recordings.values()

    assert len(recordings) == len(SPOKEN) >= 8
    assert len({rec.body for rec in recordings.values()}) == len(SPOKEN)
    assert {rec.text for rec in others} == {first.text}
    for rec in others:
        pd.testing.assert_series_equal(contents(rec)["text"], contents(first)["text"])
    counts = {name: set(contents(rec)["n_tokens"]) for name, rec in recordings.items()}
    assert counts.pop("gemini") == {1}  # the only one that counts as it goes
    assert all(count == {pd.NA} for count in counts.values())
    found = table(recordings)
    assert set(found["tokens"]) == {len(contents(first))}  # the lab counts a piece as one
    assert found["complete"].all()
    assert {rec.summary["n_tokens"] for rec in recordings.values()} == {len(contents(first))}
    assert list(found.index) == [rec.dialect for rec in recordings.values()]


def test_the_transcript_says_what_the_others_say(fast_lab: Lab) -> None:
    """In chat these are gpt-4o-mini's own bytes; in the others its words."""
    recordings = answers(fast_lab, "count-to-ten")

    assert {rec.text for rec in recordings.values()} == {"1, 2, 3, 4, 5, 6, 7, 8, 9, 10"}
    assert {len(contents(rec)) for rec in recordings.values()} == {28}


MAKERS = {
    "openai_chat": sl.openai,
    "openai_completions": partial(sl.openai, api="completions"),
    "openai_responses": partial(sl.openai, api="responses"),
    "anthropic": sl.anthropic,
    "gemini": sl.gemini,
    "ollama": sl.ollama,
    "cohere": sl.cohere,
    "lmstudio_native": sl.lmstudio,
}


@pytest.mark.parametrize("name", SPOKEN)
def test_a_provider_s_function_streams_from_the_lab(name: str, fast_lab: Lab) -> None:
    """With the base URL that its own package is given, too."""
    base_url = fast_lab.base_url if name.startswith("openai") else fast_lab.url
    rec = sl.record(MAKERS[name]("count-to-ten", base_url=base_url), "Count to 10")

    assert rec.text == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
    assert (rec.dialect, rec.complete, rec.problem) == (name, True, None)


@pytest.mark.parametrize("name", SPOKEN)
def test_auto_finds_out_how_to_ask_and_says_what_it_chose(name: str, fast_lab: Lab) -> None:
    asked = fast_lab.endpoint("steady", name).query("Count to 10", {})
    query = "".join(f"?{key}={value}" for key, value in asked.params.items())
    endpoint = sl.endpoint(asked.url + query, model="steady")
    rec = sl.record(endpoint, "Count to 10")

    assert endpoint.dialect == "auto"
    assert rec.meta["request"] == asked.json
    assert rec.dialect == name
    assert rec.complete
    assert rec.text == sl.record(fast_lab.endpoint("steady", name), "hi").text


@pytest.mark.parametrize("name", ["sse", "ndjson"])
def test_auto_takes_what_has_no_dialect_for_plain_events(name: str, fast_lab: Lab) -> None:
    rec = sl.record(sl.endpoint(f"{fast_lab.url}/{name}/steady"))

    assert rec.dialect == name
    assert len(rec.events) == 40
    assert rec.complete is None
    assert set(rec.deltas["kind"]) == {"meta"}
