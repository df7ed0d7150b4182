"""Lesson 01 as a learner has it: run all, answer wrong, then right, step by keyboard."""

import pytest

from tests.browser.lesson import keep, node, rewrite, said

pytestmark = pytest.mark.browser

WRONG = r'mine = b"data: one\ndata: two\n\ndata: three"'
RIGHT = r'mine = b"data: one\ndata: two\n\ndata: three\n\n"'
POSITION = "player => Number(player.querySelector('input').value)"


@pytest.fixture(scope="module")
def lesson(lessons):
    return lessons["01_on_the_wire.ipynb"]


def player(page, cell_id):
    """Return the player of a cell, with the focus."""
    page.wait_for_selector(".sl-player .sl-byte")
    found = node(page, cell_id).wait_for_selector(".sl-player")
    found.focus()
    return found


def press(page, found, *keys):
    for key in keys:
        page.keyboard.press(key)
    return found.evaluate(POSITION)


def test_run_all_stops_nowhere_and_tells_no_answer(lesson):
    assert "No guess yet" in said(lesson, "predict-chunks")
    assert "Nothing is locked yet" in said(lesson, "reveal-chunks")
    for cell in ("check-chunks", "check-who-strips"):
        assert "write yours in place of the dots" in said(lesson, cell)


def test_a_wrong_answer_is_told_why_and_a_right_one_is_right(lesson, tmp_path):
    check = "\nex.two_events.check(mine)"
    wrong = rewrite(lesson, "check-two-events", WRONG + check)
    keep(lesson, "check-two-events", tmp_path, "wrong")
    assert "✗ Not yet: the second event is not complete" in wrong

    assert "✓ Right." in rewrite(lesson, "check-two-events", RIGHT + check)
    keep(lesson, "check-two-events", tmp_path, "right")
    assert "Locked: 1 chunk." in rewrite(lesson, "predict-chunks", "ex.chunks.predict(1)")
    assert "You said 1 chunk; it was" in rewrite(
        lesson, "reveal-chunks", "ex.chunks.reveal(rec)"
    )


def test_the_wire_is_stepped_by_keyboard(lesson, tmp_path):
    found = player(lesson, "stepper-wire")
    places = [press(lesson, found, key) for key in ("ArrowRight", "ArrowLeft", "l", "e", "e")]
    keep(lesson, "stepper-wire", tmp_path, "stepper")

    assert places[:2] == [1, 0]
    assert places[2:] == [301, 302, 573]  # a size and CRLF before each chunk
    assert found.query_selector("[data-layer=lines]").inner_text().count("data:") >= 1


def test_a_line_typed_into_the_stepper_becomes_an_event_with_a_blank_line(lesson, tmp_path):
    found = player(lesson, "stepper-typed")
    head = found.query_selector(".sl-head")
    assert press(lesson, found, "e") == 10
    found.query_selector("textarea").fill("data: one\n\n")
    lesson.wait_for_function("p => p.querySelector('input').max === '11'", arg=found)
    found.focus()

    assert press(lesson, found, "e") == 11
    assert "event 0" in head.inner_text()
    keep(lesson, "stepper-typed", tmp_path, "typed")
    assert lesson.errors == []
