"""An exercise: a question, hints, a solution, and a judge that says what is wrong and why.

Rule 1: a judge compares with what the learner has measured, never with a number of ours, so no
answer depends on a quiet machine.
Rule 2: no answer makes an exercise raise.  An answer that has the wrong form is a wrong answer,
and the verdict says which form is meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from types import EllipsisType
from typing import Any

from matplotlib.axes import Axes

from streamlab.errors import StreamlabError, UsageError
from streamlab.follow.text import one_line
from streamlab.plots import mark_guess

# Takes the answer, and what else `check` was given; returns a verdict, or what is wrong, in
# words or by the number of its text; "", None or 0 if nothing is.
Judge = Callable[..., "Verdict | str | int | None"]

_TEXTS: Any = json.loads(Path(__file__).with_name("exercises.json").read_text("utf-8"))
UNANSWERED = "write yours in place of the dots, and run this cell again."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says: whether an answer is right, and why."""

    right: bool
    said: str
    heads: tuple[str, str] = ("✗ Not yet:", "✓ Right.")

    def __str__(self) -> str:
        return f"{self.heads[self.right]} {self.said}".rstrip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(self.heads[self.right], self.said)

    def __bool__(self) -> bool:
        return self.right


def claim(holds: bool, said: str) -> Verdict:
    """Return whether a sentence of a lesson holds in this run; if not, ask to run it again."""
    again = "" if holds else " The machine or the server was busy: record again."
    return Verdict(bool(holds), said + again, ("✗ Not in this run:", "✓ In this run:"))


class Said(str):
    """A text for a learner, with a face in HTML."""

    __slots__ = ()
    __repr__ = str.__str__

    def _repr_html_(self) -> str:
        head, _, rest = self.partition(": ")
        return _html(f"{head}:", rest) if rest else _html("", head)


@dataclass(eq=False)
class Exercise:
    """A question of a lesson; its texts are in ``exercises.json``, under lesson and name.

    `truth` makes the number that `predict` is about from what was measured, and `draw` its real
    picture with the axis of that number, "x" or "y".  The first of
    the hints is vague, the last nearly tells.
    """

    name: str
    judge: Judge
    truth: Callable[..., float] | None = None
    draw: Callable[..., tuple[Axes, str]] | None = None
    _guess: float | None = field(default=None, init=False)
    _hinted: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        lesson, _, key = self.name.partition(".")
        self.texts: Mapping[str, Any] = _TEXTS[lesson][key]

    @property
    def question(self) -> str:
        """What is asked."""
        return str(self.texts["question"])

    def __repr__(self) -> str:
        return f"Exercise: {self.question}"

    def _repr_html_(self) -> str:
        return _html("Exercise:", self.question)

    def predict(self, guess: float | EllipsisType) -> Said:
        """Lock a guess before the run; ``...`` is no guess yet.

        UsageError if another guess is locked already, or this one is no number.
        """
        if self.truth is None:
            raise UsageError("this exercise takes no prediction. Answer it with check(…).")
        if guess is ...:
            return Said(f"No guess yet: {UNANSWERED}")
        number, unit = _number(guess), self.texts.get("unit")
        if number is None:
            raise UsageError(
                f"a prediction is a number, and {_shown(guess)} came. Pass your guess, "
                f"for example predict(20){f', in {unit}' if unit else ''}."
            )
        if self._guess not in (None, number):
            raise UsageError(
                f"your prediction is locked: {self._with_unit(self._guess)}. Now run it, then "
                "reveal(…). forget() begins again."
            )
        self._guess = number
        return Said(f"Locked: {self._with_unit(number)}. Now run it, then reveal(…).")

    def forget(self) -> None:
        """Unlock the prediction, and begin the hints again."""
        self._guess, self._hinted = None, 0

    def reveal(self, *measured: Any) -> Any:
        """Compare the prediction with what was measured, in its real picture if there is one.

        Without a prediction it reveals nothing: Run All must neither stop here nor tell.
        """
        if self._guess is None or self.truth is None:
            return Said("Nothing is locked yet: predict(…) first, then run this cell again.")
        try:
            real = self.truth(*measured)
        except StreamlabError as error:
            return Said(str(error))
        except Exception:
            return Said(self._usage("reveal"))
        if real != real:
            return Said("This recording does not say it. Record a stream of the lab.")
        said = f"You said {self._with_unit(self._guess)}; it was {self._with_unit(real)}."
        if self.draw is None:
            return Said(f"Revealed: {said}")
        ax, axis = self.draw(*measured)
        return mark_guess(ax, axis, self._guess, said)

    def check(self, answer: Any = None, *measured: Any) -> Verdict:
        """Say whether an answer is right, and if not, what is wrong and why."""
        if answer is ...:
            return Verdict(False, f"There is no answer: {UNANSWERED}")
        try:
            found = self.judge(answer, *measured)
        except StreamlabError as error:
            return Verdict(False, str(error))
        except Exception as error:
            # The learner's own function may raise anything.  Without a deeper frame the judge
            # was called with too little or too much, and other answers run no code of theirs.
            at, words = error.__traceback__, f"{type(error).__name__}: {error}"
            is_theirs = callable(answer) and at is not None and at.tb_next is not None
            return Verdict(False, one_line(words, 200) if is_theirs else self._usage("check"))
        if isinstance(found, Verdict):
            return found
        said = self.texts["wrong"][found - 1] if found and isinstance(found, int) else found
        return Verdict(not found, str(said or ""))

    def hint(self) -> Said:
        """Return the next hint; after the last one, the last one again."""
        hints = self.texts["hints"]
        self._hinted = min(self._hinted + 1, len(hints))
        return Said(f"Hint {self._hinted} of {len(hints)}: {hints[self._hinted - 1]}")

    def solution(self) -> Said:
        """Return the solution."""
        return Said(f"Solution: {self.texts['solution']}")

    def _usage(self, verb: str) -> str:
        found = re.search(rf"{verb}\([^)]*\)", self.question)
        asked = f" Call it like this: {found[0]}." if found else ""
        return f"This is not what the question asks for.{asked}"

    def _with_unit(self, number: float) -> str:
        digits = ",.0f" if abs(number) >= 100 else ".3g"
        unit = str(self.texts.get("unit", ""))
        if number == 1 and unit != "ms":
            unit = unit.removesuffix("s")
        return f"{number:{digits}} {unit}".rstrip()


def number(
    truth: Callable[..., float], *slips: Callable[..., float], within: float = 0
) -> Judge:
    """Return a judge of a number: each slip has a text of its own, all others the last one."""

    def judge(answer: Any, *measured: Any) -> int:
        given = expect_number(answer, "the answer")
        for place, known in enumerate((truth, *slips)):
            if abs(given - known(*measured)) <= within * abs(known(*measured)):
                return place
        return len(slips) + 1

    return judge


class Lesson:
    """The exercises of a lesson, by name, as attributes."""

    def __init__(self, number: str, exercises: Mapping[str, Exercise]) -> None:
        self.number, self._exercises = number, exercises
        self.__dict__.update(exercises)

    def __getattr__(self, name: str) -> Exercise:
        # Python calls this only for a name that is none of the attributes.
        has = ", ".join(self._exercises)
        raise AttributeError(f"lesson {self.number} has no exercise {name!r}; it has {has}")

    def __iter__(self) -> Iterator[Exercise]:
        return iter(self._exercises.values())

    def __repr__(self) -> str:
        rows = (f"  .{name}: {each.question}" for name, each in self._exercises.items())
        how = "Each has check(…), hint() and solution()."
        return "\n".join([f"Lesson {self.number}, its exercises:", *rows, how])


def expect_number(answer: Any, what: str) -> float:
    """Return the answer as a number; a UsageError says that `what` is meant."""
    number = _number(answer)
    if number is None:
        raise UsageError(f"{what} is a number, and {_shown(answer)} came.")
    return number


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    # True and "5" convert too, and are no measured value.
    return number if abs(number) < 1e15 and not isinstance(value, bool | str) else None


def _shown(value: Any) -> str:
    return "nothing" if value is None else one_line(repr(value), 60)


def _html(head: str, said: str) -> str:
    rest = escape(said).replace("\n", "<br>")
    return f"<div style='text-align:left'><strong>{escape(head)}</strong> {rest}</div>"
