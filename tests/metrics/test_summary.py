"""The metrics, against numbers computed by hand."""

import re
from math import isnan, nan

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.metrics import METRICS, Tables, summary
from streamlab.metrics.intervals import quantile
from streamlab.tape import UNKNOWN, End, Read, Stamp, tape_of
from streamlab.testing import tape_from
from tests.metrics.streams import (
    DONE,
    ELEVEN_ANSWERS,
    FINISH,
    ROLE,
    USAGE,
    chunk,
    content,
    eleven_answers,
    event,
    in_kernel_tier,
    reasoning,
    tables,
)

# t: 500 520 540 600 620 660 660 700 720 1000: eight gaps were observed,
# 20 20 20 20 40 40 60 280: median 30, mean 62.5, too few for p90 and p99.
BY_HAND = {
    "tier": "user",
    "how": "eof",
    "n_reads": 12,
    "n_lines": 28,
    "n_events": 14,
    "n_deltas": 14,
    "n_chunks": 10,
    "coalesced_share": 2 / 14,
    "events_per_read": 14 / 12,
    "ttfh_ms": nan,
    "ttfb_ms": 200,
    "ttfe_ms": 200,  # OpenLLMetry, Langfuse
    "ttfc_ms": 200,  # vLLM, evalscope
    "ttft_ms": 500,  # AIPerf, guidellm, SGLang
    "ttft_lo_ms": 500,
    "ttft_hi_ms": 500,
    "ttft_called_ms": nan,
    "ttfr_ms": 500,
    "ttfo_ms": 600,  # guidellm TTFOT, inference-perf
    "ttst_ms": 20,
    "n_icl": 8,
    "icl_mean_ms": 62.5,
    "icl_p50_ms": 30,
    "icl_p90_ms": nan,
    "icl_p99_ms": nan,
    "icl_max_ms": 280,
    "jitter_ms": nan,
    "n_stalls": 1,
    "stalled_ms": 280,
    "irl_max_ms": 300,  # from the role to the first reasoning
    "irl_p50_ms": 40,
    "irl_p90_ms": 280,  # the 10th of 11 gaps: one is beyond it
    "irl_p99_ms": nan,
    "n_merged": 0,
    "n_unverified": 12,  # the tier of users cannot tell
    "decode_ms": 500,
    "e2e_content_ms": 1000,  # AIPerf
    "e2e_finish_ms": 1010,  # vLLM
    "e2e_done_ms": 1100,  # SGLang
    "e2e_eof_ms": 1105,
    "tail_ms": 105,
    "n_source": "usage",
    "n_tokens": 13,
    "n_prompt_tokens": 20,
    "n_mismatch": nan,
    "itl_mean_ms": 500 / 12,
    "tpot_ms": nan,  # the tokens of the first chunk were not reported
    "ntpot_ms": 85,
    "tok_s_e2e": 13,
    "tok_s_user": 24,
    "prefill_tok_s": 40,
    "tokens_per_chunk": 1.3,
    "lag_seen_p50_ms": nan,
    "lag_delivered_max_ms": nan,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_stream_of_eleven_answers(name):
    found, expected = summary(eleven_answers())[name], BY_HAND[name]

    if isinstance(expected, str):
        assert found == expected
    else:
        assert found == pytest.approx(expected, nan_ok=True)


def test_each_metric_says_its_formula_and_its_unit():
    named = [metric.__name__ for metric in METRICS]

    assert list(summary(eleven_answers()).index) == named
    assert len(set(named)) == len(named)
    assert [
        m.__name__ for m in METRICS if not (m.__doc__ or "").strip().endswith((".", "…"))
    ] == []
    assert [
        n for n in named if n.startswith(("ttf", "icl_p", "irl", "e2e")) and "_ms" not in n
    ] == []


NOTHING = [f"n_{what}" for what in ("bytes", "reads", "lines", "events", "deltas", "chunks")]
NOTHING += ["n_merged", "n_unverified", "n_icl"]


def test_of_a_stream_without_a_read_everything_is_undefined_and_nothing_zero():
    found = summary(tables([], end="connect", end_ms=3))
    counts = [name for name in found.index if name.startswith("n_") and found[name] == 0]

    assert counts == NOTHING
    assert (found["tier"], found["how"], found["n_source"]) == ("none", "connect", "none")
    words = {"tier", "how", "n_source", *counts}
    assert [name for name in found.index if name not in words and not isnan(found[name])] == []


def test_a_role_an_empty_string_and_a_null_are_no_first_token():
    made = tables(
        [(10, ROLE), (20, chunk(content="")), (30, chunk(content=None)), (40, content("a"))]
    )

    assert summary(made)["ttft_ms"] == 40
    assert summary(made)["ttfc_ms"] == 10


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_is_a_first_token_under_either_name(key):
    found = summary(tables([(10, ROLE), (20, chunk(**{key: "hm"})), (50, content("a"))]))

    assert (found["ttft_ms"], found["ttfr_ms"], found["ttfo_ms"]) == (20, 20, 50)


def test_a_response_of_a_tool_call_only_has_a_first_token():
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": ""}}
    found = summary(tables([(10, ROLE), (30, chunk(tool_calls=[call])), (40, FINISH)]))

    assert (found["ttft_ms"], found["ttfo_ms"]) == (30, 30)
    assert isnan(found["ttfr_ms"])


def test_a_usage_only_chunk_has_no_choices_and_is_no_first_chunk():
    found = summary(tables([(10, USAGE), (20, ROLE)]))

    assert (found["ttfe_ms"], found["ttfc_ms"]) == (10, 20)


def test_a_heartbeat_is_no_event():
    found = summary(tables([(5, b": OPENROUTER PROCESSING\n\n"), (20, content("a"))]))

    assert (found["ttfb_ms"], found["ttfe_ms"], found["ttft_ms"]) == (5, 20, 20)


def test_any_choice_can_bring_the_first_token_and_the_last_to_finish_counts():
    def choice(index, **rest):
        return event({"choices": [{"index": index, "delta": {}} | rest]})

    pieces = [
        (10, choice(1, delta={"content": "b"})),
        (20, choice(0, delta={"content": "a"})),
        (30, choice(0, finish_reason="stop")),
        (50, choice(1, finish_reason="length")),
    ]
    found = summary(tables(pieces))

    assert (found["ttft_ms"], found["e2e_finish_ms"], found["n_icl"]) == (10, 50, 1)


def test_a_finish_chunk_and_a_role_make_no_gap():
    found = summary(
        tables([(10, ROLE), (500, content("a")), (520, content("b")), (900, FINISH)])
    )

    assert (found["n_icl"], found["icl_max_ms"]) == (1, 20)


def test_two_chunks_in_one_read_have_no_gap_and_no_second_token_time():
    found = summary(tables([(10, content("a") + content("b")), (50, content("c"))]))

    assert isnan(found["ttst_ms"])
    assert (found["n_icl"], found["icl_p50_ms"], found["coalesced_share"]) == (1, 40, 1 / 3)


def test_an_event_over_two_reads_counts_when_it_is_whole():
    data = content("a")
    found = summary(tables([(10, data[:9]), (70, data[9:])]))

    assert (found["ttfb_ms"], found["ttft_ms"], found["events_per_read"]) == (10, 70, 1)


def test_done_needs_no_space_and_may_be_missing():
    with_done = summary(tables([(10, content("a")), (20, b"data:[DONE]\n\n")]))
    without = summary(tables([(10, content("a")), (20, FINISH)]))

    assert with_done["e2e_done_ms"] == 20
    assert isnan(without["e2e_done_ms"])


def test_an_event_cut_off_by_the_end_never_came():
    found = summary(tables([(10, content("a")), (20, content("b")[:-1])], end_ms=30))

    assert (found["e2e_content_ms"], found["n_events"], found["e2e_eof_ms"]) == (10, 1, 30)


def test_a_stream_that_broke_off_has_no_end():
    found = summary(tables([(10, content("a"))], end="reset", end_ms=30))

    assert isnan(found["e2e_eof_ms"])
    assert isnan(found["tail_ms"])


def test_without_reported_tokens_there_is_no_rate():
    found = summary(
        tables([(10, content("one two three")), (20, content(" four")), (30, DONE)])
    )

    assert found["n_source"] == "none"
    for name in ["n_tokens", "itl_mean_ms", "tpot_ms", "ntpot_ms", "tok_s_e2e", "tok_s_user"]:
        assert isnan(found[name]), name


@pytest.mark.parametrize("count", [0, 1])
def test_no_token_and_one_token_have_no_time_between_tokens(count):
    usage = event({"choices": [], "usage": {"completion_tokens": count}})
    found = summary(tables([(10, content("a")), (20, usage)]))

    assert found["n_tokens"] == count
    assert isnan(found["itl_mean_ms"])
    assert isnan(found["tok_s_user"])


def continuous(text, total):
    choice = {"index": 0, "delta": {"content": text}}
    return event({"choices": [choice], "usage": {"completion_tokens": total}})


def test_the_tokens_of_the_first_chunk_are_no_output_after_it():
    """Three tokens at 100, then one each: (140 - 100) / (5 - 3), not / (5 - 1)."""
    pieces = [(100, continuous("abc", 3)), (120, continuous("d", 4)), (140, continuous("e", 5))]
    found = summary(tables(pieces))

    assert (found["tpot_ms"], found["itl_mean_ms"]) == (20, 10)
    assert (found["n_source"], found["n_mismatch"]) == ("usage", 0)


def test_where_all_tokens_came_at_first_there_is_no_time_per_token():
    found = summary(tables([(100, continuous("abc", 3)), (120, FINISH)]))

    assert isnan(found["tpot_ms"])


REPORTS = {
    "openai": ({"prompt_tokens": 5, "completion_tokens": 7}, 5, 7),
    "anthropic": ({"input_tokens": 5, "output_tokens": 7}, 5, 7),
    "cohere": ({"tokens": {"input_tokens": 5, "output_tokens": 7}, "billed_units": {}}, 5, 7),
    "ollama": ({"prompt_eval_count": 5, "eval_count": 7}, 5, 7),
    "lmstudio": ({"input_tokens": 5, "total_output_tokens": 7}, 5, 7),
    "gemini": (
        {"promptTokenCount": 5, "candidatesTokenCount": 3, "thoughtsTokenCount": 4},
        5,
        7,
    ),
    "nonsense": ({"completion_tokens": "many", "prompt_tokens": True}, nan, nan),
}


@pytest.mark.parametrize(("usage", "prompt", "completion"), REPORTS.values(), ids=REPORTS)
def test_each_provider_counts_under_its_own_names(usage, prompt, completion):
    found = summary(tables([(10, content("a")), (20, event({"choices": [], "usage": usage}))]))

    assert found["n_prompt_tokens"] == pytest.approx(prompt, nan_ok=True)
    assert found["n_tokens"] == pytest.approx(completion, nan_ok=True)


def test_the_clients_lag_is_in_two_parts():
    reads = [
        (1000, 1010, 1040, ROLE),
        (2000, 2020, 2080, content("a")),
        (3000, 3090, 3100, DONE),
    ]
    found = summary(Tables(in_kernel_tier(reads)))

    assert found["tier"] == "kernel"
    assert found["lag_seen_p50_ms"] == pytest.approx(0.02)
    assert found["lag_seen_max_ms"] == pytest.approx(0.09)
    assert found["lag_delivered_p50_ms"] == pytest.approx(0.03)
    assert found["lag_delivered_max_ms"] == pytest.approx(0.06)
    assert found["ttfh_ms"] == pytest.approx(0.7)
    assert found["ttft_called_ms"] == pytest.approx(7)


def test_a_stall_is_long_and_longer_than_the_others():
    steady = [(ms, content("a")) for ms in range(100, 1100, 100)]
    quick = [(ms, content("a")) for ms in (1, 2, 3, 4, 40)]

    assert summary(tables(steady))["n_stalls"] == 0
    assert summary(tables(quick))["n_stalls"] == 0
    assert summary(tables([*steady, (1601, content("b"))]))["stalled_ms"] == 601


def test_an_average_hides_the_stall_that_the_gaps_show():
    late = [(ms, data) for ms, data in ELEVEN_ANSWERS if ms != 1000] + [(1000, reasoning("z"))]
    found = summary(tables(sorted(late), end_ms=1105))

    assert found["icl_max_ms"] == 280
    assert found["itl_mean_ms"] < 50


pieces = st.sampled_from(
    [
        *(ROLE, content("a"), FINISH, USAGE, DONE, event(None), event({"error": 1})),
        *(b"\xff", b"\r", b"\n", b": x\n", b"data: {", b"[1]"),
        *(event({"choices": 3}), event({"choices": [7], "usage": [1]})),
        event({"choices": [{"index": 2**70, "delta": {"content": "a"}}], "usage": {"a": -1}}),
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), pieces), max_size=12))
def test_whatever_came_there_is_a_summary(found):
    """Nothing raises, times never go below the first read, shares are shares."""
    stream = [(sum(ms for ms, _ in found[: i + 1]), data) for i, (_, data) in enumerate(found)]
    numbers = summary(tables(stream))

    assert len(numbers) == len(METRICS)
    assert not numbers["coalesced_share"] > 1
    assert not numbers["ttft_ms"] < numbers["ttfe_ms"]
    assert not numbers["icl_max_ms"] < numbers["icl_p50_ms"]


def test_if_the_send_was_not_seen_what_counts_from_it_is_nan_and_gaps_stay():
    made = eleven_answers()
    tape = made.tape
    alone = Tables(type(tape)(tape.body, tape.columns, tape.end, {}, tape.meta))
    known, found = summary(made), summary(alone)

    since = [name for name in found.index if re.match(r"(ttf|e2e)", name)]
    since += ["ntpot_ms", "tok_s_e2e", "prefill_tok_s"]
    assert {"ttft_ms", "ttfb_ms", "e2e_eof_ms"} < set(since)
    assert found[since].isna().all()
    rest = [name for name in found.index if name not in since]
    assert found[rest].tolist() == pytest.approx(known[rest].tolist(), nan_ok=True)
    assert (alone.t0_known, made.t0_known) == (False, True)


MS = 1_000_000


def merging(*reads, end_ms=2000):
    """Return tables of reads in the kernel tier: arrival in ms, its bound if merged, bytes."""
    rows = [
        Read(
            data,
            Stamp(t * MS, t * MS, "kernel", 1, arrival="single")
            if lo is None
            else Stamp(t * MS, t * MS, "kernel", 9, lo * MS, "merged"),
            UNKNOWN,
            UNKNOWN,
        )
        for t, lo, data in reads
    ]
    meta = {"content_type": "text/event-stream"}
    return Tables(tape_of(rows, End(end_ms * MS, "eof"), {"request_sent": 0}, meta))


def steady(n, step=30, start=100):
    return [(start + step * i, None, content("a")) for i in range(n)]


def test_a_busy_client_is_no_stall_of_the_server():
    """The example of the issue: 34 events queued for a second; then the stream goes on."""
    blocked = (1090, 102, content("b") * 34)
    found = summary(merging(*steady(1), blocked, *steady(20, start=1120)))

    assert (found["n_stalls"], found["stalled_ms"], found["n_merged"]) == (0, 0, 1)
    assert (found["icl_max_ms"], found["irl_max_ms"], found["icl_p50_ms"]) == (30, 30, 30)
    assert found["n_icl"] == 20  # the gap after the merged read is exact: its last byte is


def test_what_arrived_amid_a_merged_read_has_bounds_and_no_time():
    first = merging((900, 100, content("a") * 3), *steady(3, start=930))
    found = summary(first)
    assert isnan(found["ttft_ms"])
    assert isnan(found["decode_ms"])
    assert isnan(found["ttfb_ms"])
    assert (found["ttft_lo_ms"], found["ttft_hi_ms"]) == (100, 900)

    last = merging(*steady(3), (900, 200, content("a") * 3 + FINISH + DONE))
    found = summary(last)
    assert isnan(found["e2e_content_ms"])
    assert isnan(found["e2e_finish_ms"])
    assert isnan(found["tail_ms"])
    assert (found["e2e_content_lo_ms"], found["e2e_content_hi_ms"]) == (200, 900)
    assert (found["e2e_finish_lo_ms"], found["e2e_finish_hi_ms"]) == (200, 900)
    assert found["e2e_done_ms"] == found["e2e_done_lo_ms"] == found["e2e_done_hi_ms"] == 900


def test_the_gap_after_a_chunk_amid_a_merged_read_is_not_known():
    """After the last chunk came a comment, which ended when the read did; the chunk did not."""
    made = merging(*steady(3), (900, 200, content("a") + b": ping\n\n"), *steady(2, start=930))

    assert made.chunks["gap_ms"].isna().tolist() == [True, False, False, True, True, False]
    assert made.chunks["hidden_ms"].tolist()[3:5] == [740, 730]


def test_a_stall_is_claimed_only_if_it_is_one_however_the_hidden_time_is_divided():
    """Amid 400 ms that are hidden there can be three gaps of 100 ms, which make 260 usual."""
    stall = (460, None, content("b"))
    few = merging(*steady(4), stall, (900, 500, content("c") * 9))
    many = merging(*steady(4), stall, *steady(9, start=490), (1200, 800, content("c") * 9))

    assert few.chunks["gap_ms"].max() == many.chunks["gap_ms"].max() == 270
    assert summary(few)["n_stalls"] == 0
    assert (summary(many)["n_stalls"], summary(many)["stalled_ms"]) == (1, 270)


def test_a_quantile_is_an_observed_value_with_at_least_one_beyond_it():
    def q(n, share):
        return quantile(pd.Series([*range(1, n), 8000.0]), share)

    assert [isnan(q(n, 0.9)) for n in (9, 10)] == [True, False]
    assert [isnan(q(n, 0.99)) for n in (99, 100)] == [True, False]
    assert (q(10, 0.9), q(100, 0.99), q(200, 0.99)) == (9, 99, 198)
    assert (q(1, 0.5), q(2, 0.5), q(1, 1), q(40, 1)) == (8000, 4000.5, 8000, 8000)
    assert isnan(quantile(pd.Series([], dtype=float), 1))


def test_a_stall_after_the_last_token_counts():
    steady_on = [(100 + 30 * i, content("a")) for i in range(10)]
    cut = Tables(tape_from([*steady_on, (900, b": x\n\n")], end="timeout", end_ms=2370))
    late = Tables(tape_from([*steady_on, (1370, FINISH), (1400, DONE)]))
    one = Tables(tape_from([(100, content("a"))], end="timeout", end_ms=1100))

    for found, stalled_ms in ((cut, 2000), (late, 1000), (one, 1000)):
        assert summary(found)["n_stalls"] == 1
        assert summary(found)["stalled_ms"] == pytest.approx(stalled_ms)
    assert isnan(summary(Tables(tape_from([(100, content("a"))], end_ms=1100)))["n_stalls"])
