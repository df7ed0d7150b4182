"""One stream, every tool's figures: the table of the synthetic stream, to the digit."""

import re
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamlab.errors import UsageError
from streamlab.metrics import Tables, summary
from streamlab.metrics.definitions import DEFINITIONS, Seen
from streamlab.metrics.lens import figures_of, lens
from streamlab.metrics.lens_table import Lens, spread
from streamlab.testing import tape_from
from tests.metrics.streams import (
    DONE,
    ELEVEN_ANSWERS,
    FINISH,
    ROLE,
    USAGE,
    content,
    eleven_answers,
    event,
    tables,
)

PRINTED = """
vLLM                          |  200 | 73.6 | 20 | 300 | 11 | 67.5 | 1010 | 12.9
SGLang                        |  500 | 55.6 | 20 | 280 |  9 | 50.0 | 1100 | 11.8
guidellm                      |  500 | 41.7 |  – |   – |  1 | 76.9 | 1100 | 11.8
AIPerf                        |  500 | 55.6 | 20 | 280 |  9 | 41.7 | 1000 | 13.0
inference-perf, client tokens |  600 | 44.4 | 20 | 280 |  9 | 44.4 | 1105 |  9.0
inference-perf, server tokens |  600 | 44.4 | 20 | 280 |  9 | 33.3 | 1105 | 11.8
evalscope                     |  200 | 73.6 | 20 | 300 | 11 | 75.0 | 1100 | 11.8
llmperf                       |  600 | 83.3 |  – |   – |  1 |    – | 1100 |  9.1
genai-bench                   |  500 |    – |  – |   – |  – | 50.0 | 1100 | 20.0
MLCommons endpoints           |  500 |    – |  – |   – |  – | 50.0 | 1100 | 11.8
HF inference-benchmarker      |  600 | 44.4 |  – |   – |  1 |    – | 1100 |  9.1
OpenLLMetry / Langfuse        |  200 |    – |  – |   – |  – |    – | 1105 |    –
"""
"""Of the synthetic stream: TTFT, ITL mean, p50, max, samples, TPOT, E2E, tokens/s."""

STREAMS = Path(__file__).parents[1] / "data" / "streams"
TRANSCRIPTS = sorted([*STREAMS.glob("*.sse"), *STREAMS.glob("*.ndjson")])

COLUMNS = {
    "ttft_ms": 0,
    "itl_mean_ms": 1,
    "itl_p50_ms": 0,
    "itl_max_ms": 0,
    "n_itl": 0,
    "tpot_ms": 1,
    "e2e_ms": 0,
    "tok_s": 1,
}
"""The columns as printed, and how many digits behind the point."""

ROWS = {
    tool.strip(): [cell.strip() for cell in cells]
    for tool, *cells in (line.split("|") for line in PRINTED.strip().splitlines())
}


def printed(value, digits):
    return "–" if isnan(value) else f"{value:.{digits}f}"


@pytest.mark.parametrize("tool", ROWS)
def test_the_synthetic_stream_gives_the_printed_table_to_the_digit(tool):
    row = lens(eleven_answers(), tokenizer=len).loc[tool]

    assert [printed(row[name], digits) for name, digits in COLUMNS.items()] == ROWS[tool]


def test_what_only_some_tools_have_stands_in_columns_of_its_own():
    found = lens(eleven_answers(), tokenizer=list)

    assert found.loc["guidellm", "ttfo_ms"] == 600  # TTFOT
    assert found.loc["AIPerf", ["ttfo_ms", "ttst_ms"]].tolist() == [600, 20]
    assert found.loc["AIPerf", "tok_s_user"] == pytest.approx(24.0)
    assert found.loc["inference-perf, server tokens", "ntpot_ms"] == 85
    assert found.loc["vLLM", ["ttfo_ms", "ttst_ms", "ntpot_ms", "tok_s_user"]].isna().all()


def test_the_spread_on_one_stream_is_threefold():
    found = lens(eleven_answers(), tokenizer=len)

    assert spread(found) == (
        "On one stream TTFT 200–600 ms (3.0×), ITL 41.7–83.3 ms (2.0×), TPOT 33.3–76.9 ms "
        "(2.3×), E2E 1,000–1,105 ms (1.1×), tokens/s 9.0–20.0 (2.2×)."
    )


def test_the_names_of_opentelemetry_take_every_event_for_a_chunk():
    row = lens(eleven_answers()).loc["OpenTelemetry"]

    assert (row["ttft_ms"], row["n_itl"], row["itl_max_ms"], row["e2e_ms"]) == (
        200,
        12,
        300,
        1105,
    )


def test_since_1_13_evalscope_waits_for_output():
    old, new = lens(eleven_answers()).loc[["evalscope", "evalscope 1.13"]].itertuples()

    assert (old.ttft_ms, new.ttft_ms) == (200, 500)
    assert (old.n_itl, new.n_itl) == (11, 9)
    assert new.tpot_ms == 50


def test_our_own_row_is_the_summary():
    numbers, row = summary(eleven_answers()), lens(eleven_answers()).loc["streamlab"]

    pairs = {
        "ttft_ms": "ttft_ms",
        "itl_mean_ms": "icl_mean_ms",
        "itl_p50_ms": "icl_p50_ms",
        "n_itl": "n_icl",
        "tpot_ms": "tpot_ms",
        "e2e_ms": "e2e_content_ms",
        "tok_s": "tok_s_e2e",
    }
    for ours, theirs in pairs.items():
        assert row[ours] == pytest.approx(numbers[theirs], nan_ok=True)


@pytest.mark.parametrize("made", DEFINITIONS, ids=lambda made: made.tool)
def test_a_definition_says_its_formula_its_source_and_why_it_differs(made):
    assert re.match(r"TTFT: .*\.$", made.formula)
    assert re.match(r"[\w-]+(/[\w-]+)?: \S", made.source)
    assert made.differs.endswith((".", "tokenizer=."))
    assert made.clock in ("the call", "the send")


def test_every_definition_is_a_row_and_every_row_has_its_words():
    found = lens(eleven_answers())

    assert list(found.index) == [made.tool for made in DEFINITIONS]
    assert found["formula"].tolist() == [made.formula for made in DEFINITIONS]
    assert found["source"].is_unique is False  # two ways of one tool have one source
    assert found[["formula", "differs", "source", "clock", "tokens"]].notna().all(axis=None)


def called_earlier(by_ms):
    tape = tape_from(ELEVEN_ANSWERS, end_ms=1105)
    marks = {"called": tape.t0_ns - round(by_ms * 1e6), "request_sent": tape.t0_ns}
    return Tables(type(tape)(tape.body, tape.columns, tape.end, marks, tape.meta))


@pytest.mark.parametrize("made", DEFINITIONS, ids=lambda made: made.tool)
def test_a_tool_whose_clock_starts_at_the_call_waits_for_the_connection_too(made):
    row, earlier = (
        lens(found, tokenizer=len).loc[made.tool]
        for found in (called_earlier(0), called_earlier(50))
    )
    shift_ms = 50 if made.clock == "the call" else 0

    assert earlier["ttft_ms"] == row["ttft_ms"] + shift_ms
    assert earlier["e2e_ms"] == row["e2e_ms"] + shift_ms
    assert earlier["starts_ms"] == -shift_ms
    gaps = ["itl_p50_ms", "itl_max_ms", "n_itl"]
    pd.testing.assert_series_equal(earlier[gaps], row[gaps], check_names=False)


def unsent(made):
    """Return the same stream, as `sl.attach` sees it: without the call and the send."""
    tape = made.tape
    return Tables(type(tape)(tape.body, tape.columns, tape.end, {}, tape.meta))


def test_if_the_send_was_not_seen_no_tool_has_a_time_that_counts_from_it():
    known, found = (lens(t, len) for t in (eleven_answers(), unsent(eleven_answers())))

    since = ["ttft_ms", "e2e_ms", "tok_s", "ttfo_ms", "ntpot_ms", "starts_ms"]
    assert found[since].isna().all(axis=None)
    assert found.loc[["guidellm", "vLLM"], "tpot_ms"].isna().all()
    assert isnan(found.loc["llmperf", "itl_mean_ms"])  # which includes TTFT
    gaps = ["itl_p50_ms", "itl_max_ms", "n_itl", "ttst_ms", "n_tokens"]
    pd.testing.assert_frame_equal(found.drop("llmperf")[gaps], known.drop("llmperf")[gaps])
    assert found.loc["streamlab", "itl_mean_ms"] == known.loc["streamlab", "itl_mean_ms"]
    assert spread(found).startswith("On one stream ITL ")


def test_the_call_alone_is_a_start_too():
    tape = eleven_answers().tape
    marks = {"called": tape.t0_ns}
    made = Tables(type(tape)(tape.body, tape.columns, tape.end, marks, tape.meta))

    assert lens(made).loc["vLLM", "ttft_ms"] == 200


TOKENIZERS = {
    "a number": len,
    "a list": list,
    "an encoding": lambda text: {"input_ids": [0] * len(text), "attention_mask": []},
}


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
def test_a_tokenizer_gives_tokens_or_their_number(tokenizer):
    found = lens(eleven_answers(), tokenizer=tokenizer)

    assert found.loc["AIPerf", "n_tokens"] == 13
    assert found.loc["llmperf", "n_tokens"] == 10
    assert set(found["tokens"]) == {"server", "tokenizer", "none"}


def test_without_a_tokenizer_tools_are_given_the_servers_count_and_it_is_said():
    found = lens(eleven_answers())
    given = found.index[found["tokens"] == "server, as no tokenizer="].tolist()

    assert given == [
        "AIPerf",
        "inference-perf, client tokens",
        "llmperf",
        "MLCommons endpoints",
        "HF inference-benchmarker",
    ]
    assert (found.loc[given, "n_tokens"] == 13).all()
    assert isnan(found.loc["inference-perf, client tokens", "itl_mean_ms"])
    assert isnan(found.loc["MLCommons endpoints", "tpot_ms"])


def test_what_is_no_tokenizer_is_said_in_one_sentence():
    message = (
        r"^a tokenizer is a function from a text to its tokens or to their number, "
        r"and str came\. "
        r'Pass for example tokenizer=tiktoken\.get_encoding\("o200k_base"\)\.encode\.$'
    )
    with pytest.raises(UsageError, match=message):
        lens(eleven_answers(), tokenizer="gpt-4o")


NUMBERS = [*COLUMNS, "ttfo_ms", "ttst_ms", "ntpot_ms", "tok_s_user", "n_tokens"]


def test_of_a_stream_without_an_event_nothing_is_defined_and_nothing_is_zero():
    found = lens(tables([], end="connect", end_ms=3))

    assert found[[name for name in NUMBERS if name != "n_itl"]].isna().all(axis=None)
    assert spread(found) == "There is nothing to compare."


BEGUN = [(10, ROLE), (20, content("a")), (40, content("b"))]
ERROR = (50, event({"error": {"message": "overloaded"}}))


@pytest.mark.parametrize(
    ("pieces", "how"), [(BEGUN, "reset"), ([*BEGUN, ERROR], "eof")], ids=["reset", "error"]
)
def test_a_stream_that_failed_has_a_beginning_and_no_end(pieces, how):
    found = lens(tables(pieces, end=how, end_ms=60))

    assert found.loc["vLLM", "ttft_ms"] == 10
    assert found.loc["SGLang", "itl_max_ms"] == 20
    assert found[["tpot_ms", "e2e_ms", "tok_s"]].isna().all(axis=None)


def test_a_consumer_that_left_after_the_last_word_has_not_failed():
    pieces = [(10, content("a")), (20, FINISH), (30, USAGE + DONE)]
    found = lens(tables(pieces, end="closed", end_ms=31))

    assert found.loc["guidellm", "e2e_ms"] == 30
    assert isnan(found.loc["OpenLLMetry / Langfuse", "e2e_ms"])  # its end is the body's


def test_a_lens_shows_its_numbers_and_hides_its_words():
    text = repr(lens(eleven_answers(), tokenizer=len))

    assert "vLLM                              200        73.6" in text
    assert "On one stream TTFT 200–600 ms (3.0×)" in text
    assert "NaN" not in text
    assert "ray-project" not in text
    assert text.endswith("Each row in words: the columns clock, formula, differs, source.")


def test_in_a_notebook_a_lens_has_its_words_behind_a_click_and_escaped():
    html = lens(eleven_answers())._repr_html_()

    assert html.count("<tr>") == 1 + len(DEFINITIONS)
    assert "<details><summary>What each tool means</summary>" in html
    assert "NaN" not in html
    assert re.search(r'<td style="text-align:right">67\.5</td>', html)


def test_what_is_made_of_a_lens_is_an_ordinary_frame():
    found = lens(eleven_answers())

    assert type(found) is Lens
    assert type(found[["ttft_ms"]]) is pd.DataFrame
    assert type(found[found["ttft_ms"] > 400]) is pd.DataFrame


def test_another_dialect_is_read_as_what_it_says():
    """Anthropic's stream has no choices; its events mean the same."""
    start = {"type": "message_start", "message": {"role": "assistant", "usage": {}}}
    text = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}
    pieces = [
        (100, event(start)),
        (300, event(text | {"delta": {"type": "text_delta", "text": "a"}})),
        (320, event(text | {"delta": {"type": "text_delta", "text": "b"}})),
        (
            330,
            event(
                {
                    "type": "message_delta",
                    "delta": {"stop_reason": "end_turn"},
                    "usage": {"output_tokens": 2},
                }
            )
            + event({"type": "message_stop"}),
        ),
    ]
    made = Tables(tape_from(pieces, url="http://x/v1/messages"), dialect="anthropic")
    found = lens(made)

    assert found.loc["vLLM", "ttft_ms"] == 100
    assert found.loc[["SGLang", "AIPerf", "llmperf"], "ttft_ms"].tolist() == [300, 300, 300]
    assert found.loc["SGLang", "tpot_ms"] == 30
    assert found.loc["AIPerf", "e2e_ms"] == 320


def test_every_definition_has_its_figures_once():
    assert [made for made, _ in figures_of(Seen(eleven_answers()))] == list(DEFINITIONS)


odd_pieces = st.sampled_from(
    [
        *(ROLE, content("a"), FINISH, USAGE, DONE, event(None), event({"error": 1})),
        *(b"\xff", b"\r", b"\n", b": x\n", b"data: {", b"[1]"),
        *(event({"choices": 3}), event({"choices": [7], "usage": [1]})),
        event({"choices": [{"index": 2**70, "delta": {"content": "a"}}, {"delta": 1}]}),
        event({"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}),
    ]
)


@settings(max_examples=60, deadline=None)
@example([(0, ROLE), (1, DONE), (0, content("a"))], "eof", None)
@example([(0, FINISH), (1, USAGE), (0, content("a"))], "eof", len)
@given(
    st.lists(st.tuples(st.integers(0, 9), odd_pieces), max_size=12),
    st.sampled_from(["eof", "reset", "closed"]),
    st.sampled_from([None, len]),
)
def test_whatever_came_every_tool_has_a_row_and_no_time_is_before_the_first_read(
    found, how, tokenizer
):
    stream = [(1 + sum(ms for ms, _ in found[:i]), data) for i, (_, data) in enumerate(found)]
    table = lens(tables(stream, end=how), tokenizer)

    assert len(table) == len(DEFINITIONS)
    assert not (table["ttft_ms"] < 1).any()
    assert not (table[[*COLUMNS]] < 0).any(axis=None)
    assert not (table["e2e_ms"] < table["ttft_ms"]).any()
    assert "nan" not in repr(table)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_every_transcript_has_its_answers(path):
    body = path.read_bytes()
    kind = "application/x-ndjson" if path.suffix == ".ndjson" else "text/event-stream"
    cut = [body[at : at + 200] for at in range(0, len(body), 200)]
    made = tables([(10 * i, data) for i, data in enumerate(cut, 1)], content_type=kind)
    found = lens(made, tokenizer=str.split)

    assert found.loc["streamlab", "ttft_ms"] == pytest.approx(
        summary(made)["ttft_ms"], nan_ok=True
    )
    assert not np.isinf(found.select_dtypes("number")).any(axis=None)
