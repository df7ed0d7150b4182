"""Exercises of the lessons: a question, a prediction, a check against what was measured.

    exercises = sl.lessons.lesson("00")
    exercises.blank_lines                    # the question
    exercises.blank_lines.predict(31)        # locked before the run
    exercises.blank_lines.check(answer, rec) # what is wrong with it, and why

A lesson is one file here, named after its number; each `Exercise` in it is an exercise.
"""

from importlib import import_module
from pkgutil import iter_modules

from streamlab.errors import UnknownNameError
from streamlab.lessons.curl import curl, numbered
from streamlab.lessons.exercise import Exercise, Lesson, Verdict, claim

__all__ = ["LESSONS", "Exercise", "Lesson", "Verdict", "claim", "curl", "lesson", "numbered"]

# The numbers of the lessons.
LESSONS = tuple(each.name[7:] for each in iter_modules(__path__) if each.name[:7] == "lesson_")


def lesson(number: str | int) -> Lesson:
    """Return the exercises of a lesson, ``"00"`` or 0; UnknownNameError if there is none."""
    name = f"{number:02d}" if isinstance(number, int) else number
    if name not in LESSONS:
        raise UnknownNameError("lesson", name, LESSONS)
    module = import_module(f"{__name__}.lesson_{name}")
    return Lesson(name, {k: v for k, v in vars(module).items() if isinstance(v, Exercise)})
