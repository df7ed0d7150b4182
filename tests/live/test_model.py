import json

import pytest

import streamlab as sl
from streamlab import plots
from streamlab.faces.frozen import facts
from streamlab.faces.text import gaps
from streamlab.follow.text import duration
from streamlab.live import LiveModel
from streamlab.metrics.intervals import hidden
from streamlab.plots._picture import ms
from streamlab.recording import Recording
from streamlab.tape import Stamp
from streamlab.testing import tape_from
from tests.live.growing import DONE, Growing, chat


@pytest.fixture
def log():
    return Growing()


@pytest.fixture
def model(log):
    return LiveModel(log, "openai_chat", label="a stream")


def test_before_the_first_read_it_waits(log, model):
    log.clock.advance_ms(120)
    model.pull()
    state = model.snapshot()

    assert (state["state"], state["elapsed_ms"], state["ttft_ms"]) == ("waiting", 120.0, None)
    assert (state["text"], state["lines"], state["reads"]) == ([], [], [])
    assert state["longest_gap_ms"] is None


def test_a_state_tells_text_lines_gaps_and_counters(log, model):
    log.read(10, chat(role="assistant"))
    log.read(90, chat("Hello"))
    log.read(20, chat(", you"))
    model.pull()
    state = model.snapshot()

    assert state["state"] == "streaming"
    assert state["text"] == [("content", "Hello", 1, 0), ("content", ", you", 2, 0)]
    assert state["ttft_ms"] == 100.0
    assert state["reads"] == [
        [0, 10.0, 1, None],
        [1, 100.0, 1, 90.0],
        [2, 120.0, 1, 20.0],
    ]
    # Gaps are between pieces of the answer; the role is none.
    assert (state["median_gap_ms"], state["longest_gap_ms"]) == (20.0, 20.0)
    assert state["longest_gap_read"] == 2
    assert state["counts"] == {
        "reads": 3,
        "lines": 6,
        "events": 3,
        "bytes": len(log.body),
        "gaps": 1,
        "known": 1,
        "chars": 10,
    }


def test_events_of_one_read_have_no_gap_between_them(log, model):
    log.read(10, chat("a") + chat("b") + chat("c"))
    model.pull()
    state = model.snapshot()

    assert state["reads"] == [[0, 10.0, 3, None]]
    assert [row[1:3] for row in state["lines"]] == [(10.0, 0)] * 6


def test_a_merged_read_is_an_interval_without_a_gap(log, model):
    log.read(10, chat("a"))
    log.read(20, chat("b"))
    lo_ns = log.clock() + 5_000_000
    log.clock.advance_ms(700)
    now_ns = log.clock()
    log.append(chat("c") * 34, Stamp(now_ns, now_ns, "kernel", 34, lo_ns, "merged"))
    log.read(30, chat("d"))
    model.pull()
    state = model.snapshot()

    assert state["reads"][2] == [2, 730.0, 34, None, 35.0, 34]
    assert state["reads"][3] == [3, 760.0, 1, 30.0]  # the gap after it is exact
    assert (state["median_gap_ms"], state["longest_gap_ms"]) == (25.0, 30.0)
    assert (state["counts"]["gaps"], state["counts"]["known"]) == (3, 2)


def test_a_read_that_grows_is_told_again(log, model):
    log.read(10, chat("a"))
    model.pull()
    number = model.number
    log.extend(chat("b"))
    model.pull()

    assert model.snapshot(number)["reads"] == [[0, 10.0, 2, None]]


def test_the_median_is_that_of_all_gaps(log, model):
    for n in range(3_000):
        log.read(10 if n < 2_000 else 100, chat("x"))
    model.pull()

    assert model.snapshot()["median_gap_ms"] == 10.0
    assert len(model.snapshot()["reads"]) == 1_000


def test_a_line_is_dated_by_the_read_that_completed_it(log, model):
    event = chat("late")
    log.read(10, event[:20])
    log.read(30, event[20:])
    model.pull()

    assert [row[:3] for row in model.snapshot()["lines"]] == [(0, 40.0, 1), (1, 40.0, 1)]


def test_a_delta_continues_the_state_it_names(log, model):
    log.read(10, chat("one "))
    model.pull()
    whole = model.snapshot()
    log.read(10, chat("two"))
    model.pull()
    delta = model.snapshot(since=whole["number"])

    assert (delta["since"], delta["number"]) == (whole["number"], whole["number"] + 1)
    assert delta["text"] == [("content", "two", 1, 0)]
    assert [row[0] for row in delta["lines"]] == [2, 3]
    assert delta["reads"] == [[0, 10.0, 1, None], [1, 20.0, 1, 10.0]]


def test_an_unknown_state_is_answered_by_a_whole_one(log, model):
    log.read(10, chat("one"))
    model.pull()

    assert model.snapshot(since=99) == model.snapshot(since=0)
    assert model.snapshot(since=99)["since"] == 0


def test_nothing_new_is_no_new_state(log, model):
    log.read(10, chat("one"))

    assert model.pull()
    assert not model.pull()
    assert model.number == 1


def test_deltas_joined_are_the_whole(log, model):
    """A front end that applies deltas ends with the text and the lines of a whole state."""
    number, text, lines = 0, "", []
    for n in range(150):
        log.read(1 + n % 3, chat(f"{n} "))
        if n % 4 == 0:
            model.pull()
            state = model.snapshot(since=number)
            number = state["number"]
            text += "".join(piece[1] for piece in state["text"])
            lines = (lines + state["lines"])[-12:]
    model.pull()
    final = model.snapshot(since=number)
    text += "".join(piece[1] for piece in final["text"])

    assert text == "".join(f"{n} " for n in range(150))
    assert lines + final["lines"] != []
    assert (lines + final["lines"])[-12:] == model.snapshot()["lines"]


def test_reasoning_is_told_from_content(log, model):
    log.read(10, chat(reasoning_content="Hm. "))
    log.read(10, chat("Yes"))
    model.pull()
    state = model.snapshot()

    assert state["text"] == [("reasoning", "Hm. ", 0, 0), ("content", "Yes", 1, 0)]
    assert state["ttft_ms"] == 10.0


def test_the_first_token_is_that_of_the_recording(log, model):
    """The opening of a tool call has no text, but the name of the tool is generated."""
    function = {"name": "f", "arguments": ""}
    log.read(10, chat(role="assistant"))
    log.read(10, chat(tool_calls=[{"index": 0, "id": "1", "function": function}]))
    log.read(10, chat("x", finish="stop"))
    log.end("eof")
    model.pull()

    assert model.snapshot()["ttft_ms"] == 20.0
    assert Recording(log.finish()).summary["ttft_ms"] == 20.0


def test_an_end_between_two_pulls_is_no_failure(log, model):
    log.read(10, chat("x", finish="stop"))
    model.pull()
    log.read(10, DONE)
    log.end("eof")

    assert (model.snapshot()["state"], model.snapshot()["ended"]) == ("streaming", "")
    model.pull()
    assert model.snapshot()["state"] == "done"


def test_every_choice_is_told(log, model):
    event = json.dumps(
        {"choices": [{"index": n, "delta": {"content": w}} for n, w in enumerate("ab")]}
    )
    log.read(10, f"data: {event}\n\n".encode())
    model.pull()

    assert model.snapshot()["text"] == [("content", "a", 0, 0), ("content", "b", 0, 1)]


def test_a_plain_stream_shows_its_data(log):
    model = LiveModel(log, "sse")
    log.read(10, b"data: tick\n\n: ping\n\ndata: tock\n\n")
    model.pull()

    assert model.snapshot()["text"] == [("data", "tick\n", 0, 0), ("data", "tock\n", 0, 0)]
    assert model.snapshot()["ttft_ms"] is None


def test_a_long_stream_makes_no_long_messages(log, model):
    for _ in range(100):
        log.read(1, b"".join(chat(f"word {n} ") for n in range(1000)))
    model.pull()
    state = model.snapshot()

    assert state["counts"]["events"] == 100_000
    assert len(json.dumps(state)) < 30_000
    assert len(state["lines"]) == 12
    assert sum(len(text) for _, text, *_ in state["text"]) == 4_000


def test_one_endless_line_is_cut_for_the_view(log, model):
    log.read(1, b"data: " + b"x" * 1_000_000 + b"\n\n")
    model.pull()

    assert len(json.dumps(model.snapshot())) < 2_000


def test_no_control_character_leaves_the_model(log, model):
    log.read(1, chat("a\x1b[31mb\x00c\u202ed\ud83d!") + b"data: \x1b]0;title\x07\n\n")
    model.pull()
    state = model.snapshot()

    assert state["text"] == [("content", "a␛[31mb␀c\ufffdd\ufffd!", 0, 0)]
    assert state["lines"][2][5] == [("field", "data: "), ("rest", "␛]0;title␇")]
    json.dumps(state).encode()


def test_half_characters_of_two_events_are_one(log, model):
    log.read(1, chat("a\ud83d"))
    log.read(1, chat("\ude00b"))
    model.pull()

    assert model.snapshot()["text"] == [
        ("content", "a", 0, 0),
        ("content", "\N{GRINNING FACE}b", 1, 0),
    ]


ENDS = {
    "eof": ("done", "the body came to its end, after [DONE]"),
    "cancelled": ("stopped", "cancelled"),
    "interrupted": ("stopped", "interrupted"),
    "closed": ("stopped", "closed before its end"),
    "limit": ("stopped", "stopped at a limit"),
    "reset": ("failed", "the stream broke off after the complete answer"),
    "timeout": ("failed", "the stream timed out after the complete answer"),
}


@pytest.mark.parametrize(("how", "said"), ENDS.items(), ids=ENDS)
def test_the_end_is_said_in_words(log, model, how, said):
    log.read(10, chat("x", finish="stop") + DONE)
    log.end(how)
    model.pull()
    state = model.snapshot()

    assert (state["state"], state["ended"]) == said


def test_an_end_without_the_last_word_says_so(log, model):
    log.read(10, chat("x"))
    log.end("eof")
    model.pull()

    state = model.snapshot()
    assert (state["state"], state["ended"]) == (
        "failed",
        "the stream ended without the API's terminal signal, so the answer may be cut short",
    )


def test_an_http_error_is_a_failure(model, log):
    log.meta |= {"status": 401, "content_type": "application/json"}
    log.read(10, b'{"error": {"message": "no"}}')
    log.end("eof")
    model.pull()

    assert model.snapshot()["state"] == "failed"
    assert model.snapshot()["ended"] == ("the server answered HTTP 401: no. Check the key")


def test_time_stands_still_after_the_end(log, model):
    log.read(10, chat("x"))
    log.end("eof")
    log.clock.advance_ms(500)
    model.pull()

    assert model.snapshot()["elapsed_ms"] == 10.0


def test_a_finished_tape_is_shown_like_a_growing_log():
    tape = tape_from([(10, chat("a")), (30, chat("b", finish="stop") + DONE)], end_ms=31)
    model = LiveModel(tape)
    model.pull()
    state = model.snapshot()

    assert (state["state"], state["dialect"], state["elapsed_ms"]) == (
        "done",
        "openai_chat",
        31.0,
    )
    assert state["text"] == [("content", "a", 0, 0), ("content", "b", 1, 0)]


def test_a_click_that_came_through_is_a_new_state(log, model):
    model.pull()
    model.stop_heard(12.34)
    model.pull()

    assert model.snapshot()["stop_waited_ms"] == 12.3
    assert model.number == 2


def test_no_header_and_no_address_is_shown(log):
    log.meta |= {"url": "https://host/v1?key=sk-1", "headers": {"authorization": "sk-2"}}
    model = LiveModel(log)
    log.read(10, chat("x"))
    model.pull()

    assert "sk-" not in json.dumps(model.snapshot())


@pytest.mark.parametrize("scenario", ["count-to-ten", "bursty", "steady"])
def test_scope_face_summary_compare_and_caption_show_one_median(fast_lab, scenario):
    rec = sl.record(fast_lab.endpoint(scenario), "Count")
    model = LiveModel(rec.tape)
    model.pull()
    state = model.snapshot()
    median_ms, longest_ms = rec.summary[["icl_p50_ms", "icl_max_ms"]]

    assert state["median_gap_ms"] == round(median_ms, 3)
    assert state["longest_gap_ms"] == round(longest_ms, 3)
    assert sl.compare([rec])["icl_p50_ms"].tolist() == [median_ms]
    known = " known" if hidden(rec.tables) else ""  # a read may be merged on a busy machine
    assert facts(rec.tables)[f"median{known} gap"] == duration(median_ms)
    assert f"between pieces of the answer is {duration(median_ms)}" in gaps(rec.tables)
    assert f"at most {ms(median_ms)}" in plots.caption("gaps", rec.tables)
