"""Every trap of measuring a stream, and the name of the test for it."""

import ast
import json
import re
import zlib
from math import isnan, nan
from pathlib import Path

import brotli
import numpy as np
import pandas as pd
import pytest

from streamlab.metrics import Tables, summary
from streamlab.metrics.lens import lens
from streamlab.metrics.lens_many import lens_many
from streamlab.tape import Recorder, Stamp, tape_of
from streamlab.testing import ManualClock, tape_from
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

ROOT = Path(__file__).parents[3]

FIRST = {
    "role-only chunk": "test_a_role_is_a_first_token_for_some",
    "empty-string content": "test_nothing_is_a_first_token_for_some",
    "content: null": "test_nothing_is_a_first_token_for_some",
    "reasoning_content or reasoning": "test_reasoning_is_a_first_token_for_some",
    "tool-call-only response": "test_a_tool_call_is_a_first_token_for_some",
    "usage-only chunk": "test_a_usage_chunk_has_no_choices",
    "n > 1 choices": "test_only_the_first_choice_of_a_chunk_is_read",
    "non-streaming answer": "test_of_an_answer_in_one_piece_some_take_the_end_for_the_first",
    "heartbeat before the first event": "test_a_heartbeat_is_no_first_token",
}
END = {
    "content, finish, usage, [DONE], EOF, tokenized": "test_six_ends_of_one_request",
    "missing [DONE]": "test_without_done_there_are_other_ends",
    "data:[DONE] without space": "test_done_needs_no_space",
    "EOF without a blank line": "test_an_event_without_its_blank_line_never_came",
    "bytes after [DONE]": "test_what_comes_after_done_is_the_end_for_some",
}
GAP = {
    "two events in one read": "test_two_events_of_one_read_are_a_gap_of_0_or_none",
    "one event over two reads": "test_an_event_over_two_reads_has_both_their_times",
    "multi-token chunk": "test_a_chunk_of_several_tokens_has_four_rules",
    "first chunk of several tokens": "test_the_tokens_of_the_first_chunk_are_divided_by_or_not",
    "zero-token chunk": "test_a_chunk_of_no_token_divides_nothing",
    "finish chunk as gap": "test_a_finish_is_a_gap_for_some",
    "role to first as gap": "test_the_wait_after_a_role_is_a_gap_for_some",
    "stream_interval > 1": "test_where_the_server_sends_every_eighth_token",
}
COUNT = {
    "N = 0 and N = 1": "test_of_no_token_and_of_one_there_is_no_time_per_token",
    "fallback to requested max_tokens": "test_without_usage_one_takes_what_was_asked_for",
    "usage missing": "test_without_usage_each_has_another_count",
    "usage jump without a chunk": "test_tokens_without_a_chunk_are_counted_all_the_same",
    "reasoning in or out of completion_tokens": "test_reasoning_is_in_the_servers_count",
    "per-chunk re-tokenize": "test_counting_chunk_by_chunk_is_another_count",
    "wrong tokenizer": "test_another_tokenizer_gives_other_numbers",
    "continuous usage refused": "tests/dialects/test_openai_chat.py::"
    "test_an_error_object_is_an_error_whatever_the_event_is_called",
}
STATISTICS = {
    "mean of means, pooled, weighted": "test_three_means_of_one_run",
    "percentile interpolation": "test_percentiles_interpolate_linearly_and_it_is_said",
    "per-request or pooled percentile": "test_two_medians_of_one_run",
    "interpolated timeline as data": "test_no_moment_is_made_up",
    "peak tokens/s counting chunks": "test_chunks_are_not_taken_for_tokens",
}
CLOCK = {
    "wall clock step": "test_a_step_of_the_wall_clock_moves_no_number",
    "loop.time() under uvloop": "test_no_stamp_is_taken_from_an_event_loop",
    "wall and monotonic across processes": "test_t0_and_arrivals_are_of_one_clock",
    "stamp before or after parsing": "test_the_time_of_parsing_is_in_no_number",
}
CLIENT = {
    "slow consumer": "test_a_slow_consumer_moves_no_number",
    "bounded queue": "test_what_is_not_taken_is_kept",
    "GC pause": "tests/net/test_stamping.py::"
    "test_arrival_does_not_wait_for_a_reader_that_sleeps",
    "sync widget in the loop": "tests/net/test_kernel_blocked_loop.py::"
    "test_a_blocked_loop_spoils_what_is_seen_and_not_what_arrived",
    "pool limit": "test_what_lies_before_the_send_is_in_some_clocks",
    "connection set-up in TTFT": "test_what_lies_before_the_send_is_in_some_clocks",
    "early break kills keep-alive": "test_a_consumer_that_leaves_at_done_has_its_end",
    "HTTP/2 frames": "tests/net/test_http2_frames.py::"
    "test_every_byte_is_dated_by_the_read_that_brought_it",
}
BYTES = {
    "LF, CRLF, CR, mixed": "test_however_lines_end_the_numbers_are_the_same",
    "CR at the end of a read, LF at the next": "test_a_cr_at_the_end_of_a_read_ends_the_event",
    "BOM": "test_a_bom_hides_no_first_token",
    "U+2028, U+2029, NEL in data": "test_other_line_separators_end_no_line",
    "UTF-8 split": "test_a_character_over_two_reads_is_one_character",
    "multi-line data": "test_data_of_several_lines_is_one_chunk",
    "event, id, retry": "test_other_fields_make_no_chunk",
    "gzip, br": "test_of_a_compressed_body_the_compressed_read_is_the_arrival",
    "HTTP 200 and an error": "test_an_error_in_the_stream_has_no_end",
    "mid-stream reset": "test_a_reset_has_no_end",
    "very long line": "test_a_very_long_line_is_one_chunk",
}
TRAPS = {
    f"{group}: {trap}": test
    for group, traps in {
        "first": FIRST,
        "end": END,
        "gap": GAP,
        "count": COUNT,
        "statistics": STATISTICS,
        "clock": CLOCK,
        "client": CLIENT,
        "bytes": BYTES,
    }.items()
    for trap, test in traps.items()
}


@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_has_its_test(trap):
    path, _, name = TRAPS[trap].rpartition("::")
    source = (ROOT / path if path else Path(__file__)).read_text("utf-8")
    tests = {node.name for node in ast.walk(ast.parse(source)) if hasattr(node, "name")}

    assert name in tests


def test_the_traps_are_58_in_eight_groups():
    groups = [len(g) for g in (FIRST, END, GAP, COUNT, STATISTICS, CLOCK, CLIENT, BYTES)]

    assert groups == [9, 5, 8, 8, 5, 4, 8, 11]


# first


def ttft(pieces, *tools, **kws):
    """Return the TTFT of some tools, or of all, by name."""
    column = lens(tables(pieces, **kws), tokenizer=len)["ttft_ms"]
    return column[list(tools)].tolist() if tools else column


PICKY = ["streamlab", "SGLang", "guidellm", "AIPerf", "evalscope 1.13", "genai-bench"]
EAGER = ["vLLM", "evalscope", "OpenLLMetry / Langfuse", "OpenTelemetry"]
CONTENT_ONLY = ["inference-perf, client tokens", "llmperf", "HF inference-benchmarker"]


def test_a_role_is_a_first_token_for_some():
    stream = [(10, ROLE), (50, content("a")), (60, DONE)]

    assert set(ttft(stream, *EAGER)) == {10}
    assert set(ttft(stream, *PICKY, *CONTENT_ONLY, "MLCommons endpoints")) == {50}


@pytest.mark.parametrize("nothing", ["", None])
def test_nothing_is_a_first_token_for_some(nothing):
    stream = [(10, chunk(content=nothing)), (50, content("a")), (60, DONE)]

    assert set(ttft(stream, *EAGER)) == {10}
    assert set(ttft(stream, *PICKY, *CONTENT_ONLY)) == {50}


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content"])
def test_reasoning_is_a_first_token_for_some(key):
    stream = [(10, chunk(**{key: "hm"})), (50, content("a")), (60, DONE)]

    assert set(ttft(stream, *EAGER, *PICKY)) == {10}
    assert set(ttft(stream, *CONTENT_ONLY)) == {50}


def test_a_tool_call_is_a_first_token_for_some():
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    found = ttft([(10, ROLE), (50, chunk(tool_calls=[call])), (60, FINISH + DONE)])

    assert found[["vLLM", "evalscope"]].tolist() == [10, 10]
    assert set(found[["streamlab", "guidellm", "AIPerf", "evalscope 1.13"]]) == {50}
    assert found[["SGLang", "genai-bench", *CONTENT_ONLY]].isna().all()


def test_the_text_of_a_tool_call_is_counted_by_some():
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    stream = [(10, content("ab")), (50, chunk(tool_calls=[call])), (60, FINISH + DONE)]
    count = lens(tables(stream), tokenizer=len)["n_tokens"]

    assert count[["AIPerf", "MLCommons endpoints"]].tolist() == [5, 5]  # ab, f and {}
    assert count[["llmperf", "HF inference-benchmarker", "genai-bench"]].tolist() == [2, 2, 2]


def test_a_usage_chunk_has_no_choices():
    """llmperf fails at such a chunk; its row leaves the chunk out, and says so."""
    found = lens(tables([(10, USAGE), (30, content("a")), (40, content("b") + DONE)]), len)

    assert found.loc[["vLLM", "evalscope"], "ttft_ms"].tolist() == [30, 30]
    assert found.loc["OpenTelemetry", "ttft_ms"] == 10
    assert found.loc["llmperf", "itl_mean_ms"] == 20  # 40 ms over two lines
    assert "IndexError" in found.loc["llmperf", "differs"]


def both(first, second):
    choices = [
        {"index": index, "delta": {"content": text} if text else {}}
        for index, text in enumerate((first, second))
    ]
    return event({"choices": choices})


def test_only_the_first_choice_of_a_chunk_is_read():
    stream = [(10, both("", "x")), (30, both("a", "y")), (40, both("b", "z") + DONE)]
    found = lens(tables(stream), tokenizer=len)

    assert found.loc["streamlab", "ttft_ms"] == 10  # any choice
    assert found.loc["vLLM", "ttft_ms"] == 10
    assert found.loc["guidellm", "ttft_ms"] == 30
    assert found.loc["AIPerf", "n_tokens"] == 2


def test_of_an_answer_in_one_piece_some_take_the_end_for_the_first():
    body = json.dumps({"choices": [{"message": {"content": "a"}}]}).encode()
    found = ttft([(80, body)], content_type="application/json; charset=utf-8", end_ms=90)

    assert found[["SGLang", "evalscope"]].tolist() == [90, 90]
    assert found[["streamlab", "vLLM", "guidellm", "AIPerf"]].isna().all()


def test_a_heartbeat_is_no_first_token():
    stream = [(5, b": OPENROUTER PROCESSING\n\n"), (20, content("a")), (30, DONE)]

    assert set(ttft(stream)) == {20}


# end


def test_six_ends_of_one_request():
    ends = lens(
        tables(
            [
                (100, content("a")),
                (120, content("b")),
                (130, FINISH),
                (140, USAGE),
                (150, DONE),
            ],
            end_ms=160,
        )
    )["e2e_ms"]

    assert ends["AIPerf"] == 120  # content
    assert ends["vLLM"] == 130  # finish
    assert ends["evalscope"] == 140  # usage
    assert ends["genai-bench"] == 140
    assert ends[["SGLang", "guidellm", "MLCommons endpoints"]].tolist() == [150] * 3  # [DONE]
    assert ends["OpenLLMetry / Langfuse"] == 160  # end of the body
    assert ends["inference-perf, client tokens"] == 160  # and its tokenizer comes after it


def test_without_done_there_are_other_ends():
    ends = lens(tables([(10, content("a")), (20, FINISH)], end_ms=30))["e2e_ms"]

    assert ends["SGLang"] == 20
    assert ends[["guidellm", "genai-bench"]].tolist() == [30, 30]
    assert isnan(ends["HF inference-benchmarker"])


def test_done_needs_no_space():
    ends = lens(tables([(10, content("a")), (20, b"data:[DONE]\n\n")], end_ms=30))["e2e_ms"]

    assert ends[["guidellm", "SGLang", "evalscope"]].tolist() == [20, 20, 10]


def test_an_event_without_its_blank_line_never_came():
    found = lens(tables([(10, content("a")), (20, content("b")[:-1])], end_ms=30))

    assert found.loc[["vLLM", "AIPerf", "streamlab"], "e2e_ms"].tolist() == [10, 10, 10]
    assert found.loc["vLLM", "n_itl"] == 0


def test_what_comes_after_done_is_the_end_for_some():
    stream = [(10, content("a")), (20, DONE), (40, event({"x": 1}))]
    ends = lens(tables(stream, end_ms=50))["e2e_ms"]

    assert ends[["guidellm", "HF inference-benchmarker"]].tolist() == [20, 20]
    assert ends[["SGLang", "MLCommons endpoints"]].tolist() == [40, 40]


STOP_AT_DONE = ["guidellm", "genai-bench", "HF inference-benchmarker", "OpenTelemetry"]


def test_who_stops_at_done_is_given_nothing_after_it():
    after = [(40, content("b")), (50, DONE)]
    stream = [(10, content("a")), (20, DONE)]
    alone, longer = (lens(tables(s, end_ms=60), len) for s in (stream, [*stream, *after]))

    names = ["ttft_ms", "itl_mean_ms", "n_itl", "tpot_ms", "e2e_ms", "n_tokens"]
    pd.testing.assert_frame_equal(
        longer.loc[STOP_AT_DONE, names], alone.loc[STOP_AT_DONE, names]
    )
    assert (
        ttft([(10, ROLE), (20, DONE), *after], *STOP_AT_DONE[:3])
        == [pytest.approx(nan, nan_ok=True)] * 3
    )
    assert longer.loc["SGLang", "e2e_ms"] == 50  # which reads on


def test_genai_bench_stops_at_the_usage_after_the_finish():
    stream = [(10, ROLE), (20, FINISH), (30, USAGE), (40, content("a")), (50, DONE)]
    row = lens(tables(stream)).loc["genai-bench"]

    assert isnan(row["ttft_ms"])
    assert row["e2e_ms"] == 30


# gap


def gaps(made, tool, tokenizer=len):
    names = ["itl_mean_ms", "itl_p50_ms", "itl_max_ms", "n_itl"]
    return lens(made, tokenizer=tokenizer).loc[tool, names].tolist()


def test_two_events_of_one_read_are_a_gap_of_0_or_none():
    made = tables([(10, content("a") + content("b")), (40, content("c") + DONE)])

    assert gaps(made, "vLLM") == [15, 15, 30, 2]
    assert gaps(made, "AIPerf") == [15, 15, 30, 2]
    assert gaps(made, "streamlab") == [30, 30, 30, 1]


def test_an_event_over_two_reads_has_both_their_times():
    data = content("b")
    made = tables([(10, content("a")), (30, data[:9]), (70, data[9:] + DONE)])

    assert gaps(made, "SGLang")[2] == 60
    line = made.lines[made.lines["event"] == 1].iloc[0]
    reads = made.reads
    first_byte = reads[(reads["start"] <= line["start"]) & (line["start"] < reads["end"])]
    assert first_byte["t_ms"].tolist() == [30]


def test_a_chunk_of_several_tokens_has_four_rules():
    usage = event({"choices": [], "usage": {"completion_tokens": 5}})
    made = tables([(10, content("a")), (30, content("bcde")), (40, usage + DONE)])

    assert gaps(made, "vLLM") == [20, 20, 20, 1]  # one sample
    assert gaps(made, "inference-perf, client tokens") == [5, 0, 20, 4]  # 0, 0, 0 and all
    assert gaps(made, "guidellm")[0] == 5  # an average
    assert "divides each gap" in lens(made).loc["SGLang", "differs"]  # if it knows of it
    assert made.chunks["gap_ms"].iloc[1] == 20


def continuous(text, total):
    choice = {"index": 0, "delta": {"content": text}}
    return event({"choices": [choice], "usage": {"completion_tokens": total}})


THREE_FIRST = [
    (100, continuous("abc", 3)),
    (120, continuous("d", 4)),
    (140, continuous("e", 5)),
]


def test_the_tokens_of_the_first_chunk_are_divided_by_or_not():
    tpot = lens(tables([*THREE_FIRST, (140, DONE)]))["tpot_ms"]

    assert tpot["vLLM"] == 10  # 40 ms over 5 − 1
    assert tpot["AIPerf"] == 10
    assert tpot["MLCommons endpoints"] == 20  # over 5 − 3, as the server counts
    assert tpot["streamlab"] == 20


def test_a_chunk_of_no_token_divides_nothing():
    made = tables([(10, content("a")), (20, content("\u200b")), (30, content("b") + DONE)])
    found = lens(made, tokenizer=lambda text: len(text.replace("\u200b", "")))

    assert found.loc["inference-perf, client tokens", "itl_max_ms"] == 20
    assert found.loc["AIPerf", "n_tokens"] == 2
    assert not np.isinf(found.select_dtypes("number")).any(axis=None)


def test_a_finish_is_a_gap_for_some():
    made = tables([(10, content("a")), (20, content("b")), (90, FINISH), (91, DONE)])

    assert gaps(made, "vLLM")[2:] == [70, 2]
    assert gaps(made, "SGLang")[2:] == [10, 1]
    assert gaps(made, "evalscope 1.13")[2:] == [10, 1]


def test_the_wait_after_a_role_is_a_gap_for_some():
    made = tables([(10, ROLE), (500, content("a")), (520, content("b")), (530, DONE)])

    assert gaps(made, "vLLM")[2:] == [490, 2]
    assert gaps(made, "AIPerf")[2:] == [20, 1]
    assert gaps(made, "streamlab")[2:] == [20, 1]


def test_where_the_server_sends_every_eighth_token():
    """80 ms for 8 tokens: what is called inter-token latency is 10 ms or 80 ms."""
    pieces = [(80 * number, content("abcdefgh")) for number in range(1, 6)]
    usage = event({"choices": [], "usage": {"completion_tokens": 40}})
    found = lens(tables([*pieces, (400, usage + DONE)]), tokenizer=len)

    assert found.loc[["vLLM", "SGLang", "streamlab"], "itl_mean_ms"].tolist() == [80, 80, 80]
    assert found.loc["guidellm", "itl_mean_ms"] == pytest.approx(320 / 39)
    assert found.loc["inference-perf, client tokens", "itl_p50_ms"] == 0
    assert found.loc["MLCommons endpoints", "tpot_ms"] == 10


# count


@pytest.mark.parametrize("count", [0, 1])
def test_of_no_token_and_of_one_there_is_no_time_per_token(count):
    """vLLM counts such a TPOT as 0 when it counts good requests; here it is undefined."""
    usage = event({"choices": [], "usage": {"completion_tokens": count}})
    found = lens(tables([(10, content("a")), (20, usage + DONE)]))
    tools = ["vLLM", "SGLang", "AIPerf", "genai-bench", "evalscope", "streamlab"]

    assert found.loc[tools, "tpot_ms"].isna().all()
    assert isnan(found.loc["guidellm", "itl_mean_ms"])
    assert found.loc["guidellm", "tpot_ms"] == 10 or count == 0


def test_without_usage_one_takes_what_was_asked_for():
    stream = [(10, content("a")), (110, content("b") + DONE)]
    asked = lens(tables(stream, request={"max_completion_tokens": 11}))

    assert asked.loc["SGLang", ["n_tokens", "tokens"]].tolist() == [11, "requested"]
    assert asked.loc["SGLang", "tpot_ms"] == 10
    assert isnan(lens(tables(stream)).loc["SGLang", "tpot_ms"])


def test_without_usage_each_has_another_count():
    stream = [(10, ROLE), (20, content("ab")), (30, content("cde")), (40, FINISH + DONE)]
    bare, counted = lens(tables(stream)), lens(tables(stream), tokenizer=len)

    assert bare.loc["guidellm", ["n_tokens", "tokens"]].tolist() == [
        2,
        "chunks, each taken for a token",
    ]
    assert bare.loc["vLLM", "tokens"] == "none: pass tokenizer="
    assert counted.loc["vLLM", ["n_tokens", "tokens"]].tolist() == [5, "tokenizer"]
    assert isnan(counted.loc["streamlab", "n_tokens"])  # nothing is tokenized for ours


def test_tokens_without_a_chunk_are_counted_all_the_same():
    """The server counted 9 tokens and sent 5; only its usage tells of the other 4."""
    usage = event({"choices": [], "usage": {"completion_tokens": 9}})
    made = tables([*THREE_FIRST, (150, usage + DONE)])

    assert lens(made).loc["vLLM", "tpot_ms"] == 5  # 40 ms over 9 − 1
    assert summary(made)["n_mismatch"] == 4


def test_reasoning_is_in_the_servers_count():
    """So a tool that divides the time of the content by the server's count is too quick."""
    found = lens(eleven_answers(), tokenizer=len)

    assert found.loc["inference-perf, client tokens", "tpot_ms"] == pytest.approx(400 / 9)
    assert found.loc["inference-perf, server tokens", "tpot_ms"] == pytest.approx(400 / 12)
    assert found.loc["AIPerf", "n_tokens"] == 13


def words(text):
    """Tokenize by words, with a token at the beginning of each text, as a BOS is."""
    return ["<s>", *re.findall(r"\s?\w+", text)]


def test_counting_chunk_by_chunk_is_another_count():
    """Words cut in two, and a BOS for each chunk, are more tokens than the text has."""
    made = tables([(10, content("Hel")), (20, content("lo wor")), (30, content("ld") + DONE)])
    found = lens(made, tokenizer=words)

    assert found.loc["AIPerf", "n_tokens"] == 3  # <s> Hello world
    assert found.loc["HF inference-benchmarker", "n_tokens"] == 7
    assert found.loc["inference-perf, client tokens", "n_itl"] == 6


def test_another_tokenizer_gives_other_numbers():
    def half(text):
        return max(len(text) // 2, 1)

    right, wrong = (lens(eleven_answers(), tokenizer=count) for count in (len, half))

    assert wrong.loc["AIPerf", "tpot_ms"] > 2 * right.loc["AIPerf", "tpot_ms"]
    assert wrong.loc["AIPerf", "tokens"] == "tokenizer"
    unmoved = ["streamlab", "vLLM", "SGLang", "guidellm", "genai-bench"]
    assert wrong.loc[unmoved, "tpot_ms"].equals(right.loc[unmoved, "tpot_ms"])


# statistics


def two_requests():
    """Return a short, slow stream and a long, quick one."""
    slow = [(100, content("a")), (200, content("b") + DONE)]
    quick = [(10 * number, content("a")) for number in range(1, 11)]
    return [tables(slow), tables([*quick, (100, DONE)])]


def test_three_means_of_one_run():
    row = lens_many(two_requests(), tokenizer=len).loc[("AIPerf", "itl_ms")]

    assert (row["pooled"], row["per_request"]) == (19, 55)
    tpot = lens_many(two_requests(), tokenizer=len).loc[("AIPerf", "tpot_ms")]
    assert tpot["token_weighted"] == pytest.approx((2 * 100 + 10 * 10) / 12)


def test_two_medians_of_one_run():
    row = lens_many(two_requests(), tokenizer=len).loc[("SGLang", "itl_ms")]

    assert (row["pooled_p50"], row["per_request_p50"]) == (10, 55)


def test_percentiles_interpolate_linearly_and_it_is_said():
    made = tables([(0, content("a")), (10, content("b")), (40, content("c") + DONE)])

    assert gaps(made, "AIPerf")[1] == 20  # of 10 and 30
    assert "percentiles interpolate linearly" in lens.__doc__


def test_no_moment_is_made_up():
    """guidellm draws its timeline between first and last; no column here has such times."""
    found = lens(eleven_answers(), tokenizer=len)
    arrivals = set(eleven_answers().reads["t_ms"])

    assert set(found["ttft_ms"]) <= arrivals
    assert set(found["e2e_ms"]) <= {*arrivals, 1105}
    assert isnan(found.loc["guidellm", "itl_max_ms"])


def test_chunks_are_not_taken_for_tokens():
    """Six chunks of two tokens are 12 tokens; a peak that counts chunks is half of it."""
    pieces = [(10 * number, content("ab")) for number in range(1, 7)]
    usage = event({"choices": [], "usage": {"completion_tokens": 12}})
    found = lens(tables([*pieces, (60, usage + DONE)]))

    assert found.loc[["vLLM", "streamlab"], "tok_s"].tolist() == [200, 200]
    assert isnan(summary(tables([*pieces, (60, DONE)]))["tok_s_e2e"])


# clock


def numbers(made):
    return lens(made, tokenizer=len).select_dtypes("number")


def test_a_step_of_the_wall_clock_moves_no_number():
    anchors = [{"mono_ns": 0, "wall_ns": wall_ns, "error_ns": 1} for wall_ns in (0, 10**15)]
    before, after = (tables(ELEVEN_ANSWERS, end_ms=1105, anchor=each) for each in anchors)

    assert numbers(before).equals(numbers(after))
    assert before.reads["time"].iloc[0] != after.reads["time"].iloc[0]


def test_no_stamp_is_taken_from_an_event_loop():
    """uvloop rounds ``loop.time()`` to the millisecond: that is enough only for deadlines."""
    rooms = [ROOT / "streamlab" / room for room in ("tape", "net", "capture")]
    files = [path for room in rooms for path in room.rglob("*.py")]
    lines = [line for path in files for line in path.read_text("utf-8").splitlines()]
    asked = [
        line for line in lines if "loop.time()" in line or "get_running_loop().time" in line
    ]

    assert len(files) > 10
    assert [line for line in asked if "deadline" not in line] == []


def test_t0_and_arrivals_are_of_one_clock():
    """Another epoch of the monotonic clock, as another process may have, moves no number."""
    here, there = (
        Tables(tape_from(ELEVEN_ANSWERS, end_ms=1105, t0_ns=t0_ns)) for t0_ns in (10**9, 10**18)
    )

    assert numbers(here).round(3).equals(numbers(there).round(3))


def test_the_time_of_parsing_is_in_no_number():
    """The consumer received each piece 30 ms later; the times of arrival are the same."""
    clock = ManualClock()
    recorder = Recorder(clock)
    recorder.meta["content_type"] = "text/event-stream"
    recorder.mark("request_sent", clock())
    for data in (content("a"), content("b"), DONE):
        clock.advance_ms(10)
        recorder.append(data, Stamp(clock(), clock()))
        clock.advance_ms(30)
        recorder.deliver()
    recorder.end("eof")
    found = lens(Tables(recorder.finish()))

    assert set(found.loc[["vLLM", "SGLang", "AIPerf"], "ttft_ms"]) == {10}
    assert found.loc["vLLM", "itl_p50_ms"] == 40


# client


def late_reader(lag_us):
    rows = [(10_000, content("a")), (30_000, content("b")), (40_000, DONE)]
    return Tables(in_kernel_tier([(t, t + lag_us, t + 2 * lag_us, data) for t, data in rows]))


def test_a_slow_consumer_moves_no_number():
    assert numbers(late_reader(10)).equals(numbers(late_reader(25_000)))
    assert summary(late_reader(25_000))["lag_seen_p50_ms"] == pytest.approx(25)


def test_what_is_not_taken_is_kept():
    recorder = Recorder(ManualClock())
    for number in range(10_000):
        recorder.append(content("a"), Stamp(number, number))

    assert len(recorder) == 10_000


def marked(**marks_ms):
    made = tape_from([(10, content("a")), (20, DONE)])
    marks = {name: made.t0_ns + round(ms * 1e6) for name, ms in marks_ms.items()}
    rows = [made[row] for row in range(len(made))]
    return Tables(tape_of(rows, made.end, {**made.marks, **marks}, made.meta))


def test_what_lies_before_the_send_is_in_some_clocks():
    """A wait for the pool, DNS, TCP and TLS: 200 ms before the request was written."""
    found = lens(marked(called=-200))

    assert found.loc[["streamlab", "guidellm"], "ttft_ms"].tolist() == [10, 10]
    assert found.loc[["vLLM", "AIPerf", "llmperf"], "ttft_ms"].tolist() == [210, 210, 210]
    assert found.loc["vLLM", ["clock", "starts_ms"]].tolist() == ["the call", -200]


def test_a_consumer_that_leaves_at_done_has_its_end():
    """The client never sees the end of the body, so it cannot use the connection again."""
    made = tables([(10, content("a")), (20, FINISH + DONE)], end="closed", end_ms=21)
    ends = lens(made)["e2e_ms"]

    assert ends[["guidellm", "SGLang"]].tolist() == [20, 20]
    assert isnan(ends["inference-perf, client tokens"])


# bytes


def relined(data, end):
    return data.replace(b"\n", end)


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_however_lines_end_the_numbers_are_the_same(end):
    stream = [(t_ms, relined(data, end)) for t_ms, data in ELEVEN_ANSWERS]
    mixed = [row if number % 2 else ELEVEN_ANSWERS[number] for number, row in enumerate(stream)]

    assert numbers(tables(stream, end_ms=1105)).equals(numbers(eleven_answers()))
    assert numbers(tables(mixed, end_ms=1105)).equals(numbers(eleven_answers()))


def test_a_cr_at_the_end_of_a_read_ends_the_event():
    data = relined(content("a"), b"\r\n")
    made = tables([(10, data[:-1]), (50, data[-1:] + relined(DONE, b"\r\n"))])

    assert set(ttft([(10, data[:-1]), (50, data[-1:])], "vLLM", "AIPerf")) == {10}
    assert lens(made).loc["guidellm", "e2e_ms"] == 50


def test_a_bom_hides_no_first_token():
    assert set(ttft([(10, b"\xef\xbb\xbf" + content("a")), (20, DONE)])) == {10}


def test_other_line_separators_end_no_line():
    """A JSON text may hold them raw; Python's splitlines would cut the event."""
    raw = json.dumps(
        {"choices": [{"index": 0, "delta": {"content": "a\u2028b\u2029c\x85d"}}]},
        ensure_ascii=False,
    )
    made = tables([(10, f"data: {raw}\n\n".encode()), (20, DONE)])

    assert lens(made, tokenizer=len).loc["AIPerf", "n_tokens"] == 7
    assert len(made.chunks) == 1


def test_a_character_over_two_reads_is_one_character():
    raw = json.dumps({"choices": [{"index": 0, "delta": {"content": "é"}}]}, ensure_ascii=False)
    data = f"data: {raw}\n\n".encode()
    cut = data.index("é".encode()) + 1
    found = lens(tables([(10, data[:cut]), (30, data[cut:]), (40, DONE)]), tokenizer=len)

    assert found.loc["AIPerf", ["ttft_ms", "n_tokens"]].tolist() == [30, 1]


def test_data_of_several_lines_is_one_chunk():
    data = b'data: {"choices": [\ndata: {"index": 0, "delta": {"content": "a"}}]}\n\n'

    assert set(ttft([(10, data), (20, DONE)])) == {10}


def test_other_fields_make_no_chunk():
    noise = b"event: message\nid: 7\nretry: 10\n\n"
    made = tables([(5, noise), (10, b"id: 8\n" + content("a")), (20, noise), (30, DONE)])

    assert set(lens(made)["ttft_ms"]) == {10}


def gzip_packer():
    packer = zlib.compressobj(wbits=31)
    return lambda data: packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH), packer.flush


def br_packer():
    packer = brotli.Compressor()
    return lambda data: packer.process(data) + packer.flush(), packer.finish


@pytest.mark.parametrize(("encoding", "packer"), [("gzip", gzip_packer), ("br", br_packer)])
def test_of_a_compressed_body_the_compressed_read_is_the_arrival(encoding, packer):
    packed, finish = packer()
    stream = [(10, packed(ROLE)), (30, packed(content("a"))), (60, packed(content("b") + DONE))]
    made = tables([*stream, (70, finish())], content_encoding=encoding)

    assert gaps(made, "vLLM") == [25, 25, 30, 2]
    assert lens(made).loc["guidellm", ["ttft_ms", "e2e_ms"]].tolist() == [30, 60]


def test_an_error_in_the_stream_has_no_end():
    made = tables([(10, content("a")), (20, event({"error": {"message": "no"}})), (30, DONE)])

    assert lens(made)["e2e_ms"].isna().all()
    assert lens(made).loc["vLLM", "ttft_ms"] == 10


def test_a_reset_has_no_end():
    made = tables([(10, content("a")), (20, content("b"))], end="reset", end_ms=25)

    assert lens(made)[["e2e_ms", "tpot_ms", "tok_s"]].isna().all(axis=None)


def test_a_very_long_line_is_one_chunk():
    long = "x" * 100_000
    data = content(long)
    pieces = [(10, data[:70_000]), (30, data[70_000:]), (40, content("b") + DONE)]
    found = lens(tables(pieces), tokenizer=len)

    assert found.loc["AIPerf", ["ttft_ms", "n_tokens"]].tolist() == [30, 100_001]
    assert reasoning(long) != data
