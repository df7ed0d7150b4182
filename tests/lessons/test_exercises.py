"""The exercises: what is locked stays locked, and no answer makes one raise."""

from __future__ import annotations

import pytest

from streamlab import Recording
from streamlab.errors import UnknownNameError, UsageError
from streamlab.lessons import LESSONS, Exercise, Verdict, claim, lesson
from streamlab.lessons.lesson_02 import n_failed, pasted, vectors
from streamlab.testing import tape_from

EXERCISES = [(n, name) for n in LESSONS for name in vars(lesson(n)) if name[0] != "_"]
EXERCISES = [
    (n, name) for n, name in EXERCISES if isinstance(getattr(lesson(n), name), Exercise)
]


def parse(body):
    """Return the events of a body, as the standard says."""
    data, name = [], ""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        field, _, value = line.partition(":")
        if not line:
            if data:
                yield name or "message", "\n".join(data)
            data, name = [], ""
        elif field == "data":
            data.append(value.removeprefix(" "))
        elif field == "event":
            name = value.removeprefix(" ")


def test_each_lesson_has_two_exercises_at_least():
    assert len(LESSONS) == 6
    assert all(len([*lesson(number)]) >= 2 for number in LESSONS)


def test_an_unknown_lesson_or_exercise_is_named_with_what_there_is():
    with pytest.raises(UnknownNameError, match="no lesson '09'"):
        lesson(9)
    with pytest.raises(AttributeError, match="it has blank_lines, pace, last_byte, faster"):
        getattr(lesson(0), "nothing")  # noqa: B009


@pytest.mark.parametrize(("number", "name"), EXERCISES)
@pytest.mark.parametrize(
    "answer", [None, ..., "", float("nan"), -1, object(), [], {}, b"", lambda: 1]
)
def test_no_answer_makes_a_check_raise(number, name, answer):
    verdict = getattr(lesson(number), name).check(answer)

    assert isinstance(verdict, Verdict)
    assert not verdict.right
    assert verdict.said
    assert "Not yet" in str(verdict)
    assert "<strong>" in verdict._repr_html_()


@pytest.mark.parametrize(("number", "name"), EXERCISES)
def test_hints_come_one_by_one_and_the_solution_is_there(number, name):
    exercise = getattr(lesson(number), name)
    exercise.forget()

    assert exercise.hint().startswith("Hint 1 of ")
    assert len(exercise.solution()) > len("Solution: ")
    for _ in exercise.texts["hints"]:
        last = exercise.hint()
    assert last.startswith(f"Hint {len(exercise.texts['hints'])} of ")


def test_a_call_without_what_was_measured_is_told_how_it_is_called():
    said = "This is not what the question asks for. Call it like this: "
    asked = {
        "00.last_byte": ("check(your_number, rec)", [(30,), (30, [1]), (30, 1, 2)]),
        "04.hunt": ("check({name: cause}, streams)", [({},), (len,)]),
        "05.earliest": ("check(name, rec)", [("vLLM",), ("vLLM", 5), ({}, 5)]),
    }
    for name, (usage, answers) in asked.items():
        number, _, key = name.partition(".")
        for answer in answers:
            assert getattr(lesson(number), key).check(*answer).said == f"{said}{usage}."

    guessed = lesson("00").pace
    guessed.predict(5)
    assert guessed.reveal() == guessed.reveal(5) == f"{said}reveal(rec)."
    empty = Recording(tape_from([]))
    assert guessed.reveal(empty).startswith("This recording does not say it.")
    assert "is a number" in guessed.check(10**400, empty).said


def test_a_prediction_is_locked_until_it_is_revealed():
    exercise = lesson("02").pasted_loop
    exercise.forget()

    assert exercise.predict(...).startswith("No guess yet: write yours in place of the dots")
    assert exercise.reveal().startswith("Nothing is locked yet: ")
    assert "54" not in exercise.reveal()
    assert exercise.predict(1) == "Locked: 1 vector. Now run it, then reveal(…)."
    exercise.forget()
    assert exercise.predict(20) == "Locked: 20 vectors. Now run it, then reveal(…)."
    assert exercise.predict(20).startswith("Locked: 20 vectors.")  # its cell was run again
    with pytest.raises(UsageError, match="locked: 20 vectors"):
        exercise.predict(54)
    said = "Revealed: You said 20 vectors; it was 54 vectors."
    assert exercise.reveal() == said
    exercise.forget()


@pytest.mark.parametrize("guess", [None, "many", float("nan"), True, object()])
def test_a_prediction_is_a_number(guess):
    exercise = lesson("00").blank_lines
    exercise.forget()
    with pytest.raises(UsageError, match="a prediction is a number, and"):
        exercise.predict(guess)


def test_the_pasted_loop_fails_and_the_standard_s_parser_passes_all_vectors():
    exercise = lesson("02").parser

    assert len(vectors()) == 114
    assert n_failed(pasted) == 54
    assert not exercise.check(pasted)
    assert "60 of 114 vectors. The shortest that fails: " in exercise.check(pasted).said
    assert str(exercise.check(parse)) == "✓ Right. All 114 vectors."


def test_a_claim_that_fails_asks_to_run_again():
    assert str(claim(True, "3 ms.")) == "✓ In this run: 3 ms."
    assert claim(False, "3 ms.").said == (
        "3 ms. The machine or the server was busy: record again."
    )
    assert str(claim(False, "a<b"))[:18] == "✗ Not in this run:"
    assert "a&lt;b" in claim(False, "a<b")._repr_html_()


def test_a_parser_without_types_is_not_yet_right():
    verdict = lesson("02").parser.check(lambda body: [data for _, data in parse(body)])

    assert not verdict
    assert "now the types too" in verdict.said
