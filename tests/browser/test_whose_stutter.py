"""Lesson 04 as a learner has it: run all, answer wrong, then right, go on by keyboard."""

import json
import re
from itertools import pairwise

import pytest

from tests.browser.lesson import CELL, keep, node, rewrite, said

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lesson(lessons):
    return lessons["04_whose_stutter.ipynb"]


def test_run_all_stops_nowhere_and_tells_no_answer(lesson):
    assert "Nothing is locked yet: predict(…) first" in said(lesson, "reveal-code")
    for cell in ("ask-lag-code", "ask-silent-code"):
        assert "There is no answer: write yours in place" in said(lesson, cell)
    assert "no cause yet for A, B, C, D" in said(lesson, "ask-hunt-code")
    assert "merged" in said(lesson, "merged")


def test_a_guess_is_locked_and_drawn_into_the_real_picture(lesson, tmp_path):
    assert "Locked: 7 ms." in rewrite(lesson, "predict-code", "ex.largest_lag.predict(7)")
    again = rewrite(lesson, "predict-code", "ex.largest_lag.predict(19)")
    assert "your prediction is locked: 7 ms" in again

    rewrite(lesson, "reveal-code", "ex.largest_lag.reveal(rec)")
    lesson.wait_for_function(
        f"id => ({CELL})(id).node.querySelector('.jp-OutputArea img')?.naturalWidth > 1000",
        arg="reveal-code",
    )
    outputs = lesson.evaluate(f"id => ({CELL})(id).model.outputs.toJSON()", "reveal-code")
    keep(lesson, "reveal-code", tmp_path, "guess")
    assert re.search(r"You said 7 ms; it was [\d.]+ ms\.", outputs[0]["data"]["text/plain"])


def test_a_wrong_answer_is_told_why_and_a_right_one_is_right(lesson, tmp_path):
    wrong = "ex.silent.check(second.reads['gap_hi_ms'].max(), second)"
    said_wrong = rewrite(lesson, "ask-silent-code", wrong)
    keep(lesson, "ask-silent-code", tmp_path, "wrong")
    assert "✗ Not yet:" in said_wrong
    assert "the interval in which your program was busy" in said_wrong

    assert "Hint 1 of 2" in rewrite(lesson, "ask-silent-code", "ex.silent.hint()")
    right = "ex.silent.check(second.sends['gap_ms'].max(), second)"
    assert "✓ Right." in rewrite(lesson, "ask-silent-code", right)
    keep(lesson, "ask-silent-code", tmp_path, "right")


def test_the_hunt_ends_when_each_stream_has_its_cause(lesson, tmp_path):
    wrong = dict.fromkeys("ABCD", "the server")
    assert "is not 'the server'" in rewrite(
        lesson, "ask-hunt-code", f"ex.hunt.check({json.dumps(wrong)}, streams)"
    )
    keep(lesson, "ask-hunt-code", tmp_path, "hunt-wrong")
    causes = ["the program", "the server", "cut off", "in bursts"]
    scenarios = ["steady", "stall", "truncated", "bursty"]
    code = f"causes = dict(zip({scenarios}, {causes}))\n"
    code += (
        "ex.hunt.check({n: causes[each.meta['model']] for n, each in streams.items()}, streams)"
    )
    assert "✓ Right." in rewrite(lesson, "ask-hunt-code", code)
    keep(lesson, "ask-hunt-code", tmp_path, "hunt-right")


def test_the_merged_read_is_reached_by_keyboard(lesson, tmp_path):
    lesson.wait_for_selector(".sl-player .sl-byte")
    node(lesson, "play").query_selector(".sl-player").focus()
    position = "() => Number(document.querySelector('.sl-player input').value)"
    places = []
    for key in ("ArrowRight", *["r"] * 11):
        lesson.keyboard.press(key)
        places.append(lesson.evaluate(position))
    keep(lesson, "play", tmp_path, "player")

    assert places == sorted(places)
    assert max(b - a for a, b in pairwise(places[1:])) > 5_000  # one read
    assert lesson.errors == []
