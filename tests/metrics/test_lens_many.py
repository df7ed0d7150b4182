"""Many streams: the same definition gives three means, and tools choose differently."""

from math import isnan

import pytest

from streamlab.errors import UsageError
from streamlab.metrics.lens_many import lens_many
from tests.metrics.streams import DONE, content, eleven_answers, event, tables


def steady(count, step_ms, label=""):
    """Return a stream of so many one-token chunks in equal steps."""
    pieces = [(step_ms * number, content("a")) for number in range(1, count + 1)]
    usage = event({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": count}})
    return tables([*pieces, (step_ms * count, usage + DONE)], label)


# Short and slow: one gap of 100 ms.  Long and quick: nine gaps of 10 ms.
TWO = [steady(2, 100), steady(10, 10)]


def test_pooled_per_request_and_token_weighted_stand_side_by_side():
    row = lens_many(TWO).loc[("SGLang", "itl_ms")]

    assert row["pooled"] == pytest.approx((100 + 9 * 10) / 10)
    assert row["per_request"] == pytest.approx((100 + 10) / 2)
    assert row["token_weighted"] == pytest.approx((1 * 100 + 9 * 10) / 10)
    assert (row["n_requests"], row["n_samples"]) == (2, 10)
    assert (row["pooled_p50"], row["per_request_p50"]) == (10, 55)


def test_each_tool_prints_the_mean_that_is_its_own():
    found = lens_many(TWO)["own"]

    assert found[("vLLM", "itl_ms")] == pytest.approx(19)  # pooled
    assert found[("guidellm", "itl_ms")] == pytest.approx(19)  # by tokens, of averages
    assert found[("vLLM", "tpot_ms")] == pytest.approx(55)  # per request
    assert found[("guidellm", "tpot_ms")] == pytest.approx((2 * 100 + 10 * 10) / 12)
    means = lens_many(TWO)["own_mean"]
    assert means[("vLLM", "itl_ms")] == "pooled"
    assert means[("guidellm", "itl_ms")] == "token-weighted"
    assert means[("llmperf", "itl_ms")] == "per request"


def test_a_tool_that_keeps_one_average_a_request_has_nothing_to_pool():
    row = lens_many(TWO).loc[("guidellm", "itl_ms")]

    assert isnan(row["pooled"])
    assert row["n_samples"] == 0
    assert row["per_request"] == pytest.approx(55)


def test_with_a_count_missing_nothing_is_weighted_by_it():
    without = tables([(10, content("a")), (30, content("b")), (40, DONE)])
    row = lens_many([TWO[0], without]).loc[("vLLM", "ttft_ms")]

    assert isnan(row["token_weighted"])
    assert row["per_request"] == 55


def test_what_a_tool_does_not_have_is_no_row():
    found = lens_many(TWO)

    assert ("genai-bench", "itl_ms") not in found.index
    assert ("genai-bench", "tpot_ms") in found.index


def test_a_request_in_which_a_metric_is_undefined_does_not_count():
    found = lens_many([TWO[0], tables([], end="connect", end_ms=1)])

    assert set(found["n_requests"]) == {1}


def test_one_recording_a_mapping_and_an_iterator_are_taken_too():
    one = lens_many(eleven_answers(), tokenizer=len)
    named = lens_many({"a": eleven_answers()}, tokenizer=len)
    many = lens_many(iter([eleven_answers()]), tokenizer=len)

    assert one.equals(named)
    assert one.equals(many)
    assert one.loc[("vLLM", "itl_ms"), "pooled"] == pytest.approx(810 / 11)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], r"lens_many takes recordings, and none came\. Pass \[rec, arec\]\."),
        (
            ["a.jsonl"],
            r"lens_many takes recordings, and str came\. "
            r"Pass what sl\.record returned, or sl\.load\(path\) of a file\.",
        ),
        (
            "a.jsonl",
            r"lens_many takes recordings, and str came\. "
            r"Pass what sl\.record returned, or sl\.load\(path\) of a file\.",
        ),
    ],
)
def test_what_is_no_recording_is_said_in_one_sentence(given, sentence):
    with pytest.raises(UsageError, match=f"^{sentence}$"):
        lens_many(given)
