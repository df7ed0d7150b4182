"""The text of a completion and its times, before a dialect gives it a format.

A `Completion` is timed text; a shape renders it in a provider's format.  The models
of time are seeded: the same seed gives the same times, to the nanosecond.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, islice
from random import Random
from typing import NamedTuple

from streamlab.server.response import MS

PASSAGE = (
    "A stream is not a row of tokens . What your socket sees are reads : some bring one event "
    ", some bring ten , some stop in the middle of a word . Every read has one time , and all "
    "it completes arrived then . Between two reads you know nothing ."
)


class Step(NamedTuple):
    """The texts in one write."""

    at_ns: int
    texts: tuple[str, ...]  # one event each


@dataclass(frozen=True, slots=True)
class Completion:
    """One completion: the time of its opening, its steps, the time of its close.

    Attributes
    ----------
    opens_ns : int
        The time of the dialect's opening events (the role, ``message_start``, …).
    closes_ns : int
        The time of the dialect's closing events (the finish, the usage, ``[DONE]``), which are
        one write.
    """

    opens_ns: int
    steps: Sequence[Step]
    closes_ns: int
    prompt_tokens: int = 14

    @property
    def text(self) -> str:
        """All the text."""
        return "".join(text for step in self.steps for text in step.texts)

    @property
    def n_texts(self) -> int:
        """How many pieces of text there are; the lab reports each as one token."""
        return sum(len(step.texts) for step in self.steps)


def words(n: int) -> list[str]:
    """Return `n` pieces of text, cut as a tokenizer cuts text."""
    pieces = (w if w in ".,:" else f" {w}" for w in cycle(PASSAGE.split()))
    return [text.lstrip() if i == 0 else text for i, text in enumerate(islice(pieces, n))]


def decode_steps(rng: Random, n: int, median_ms: float, spread: float = 0.25) -> list[int]:
    """Return how long each of `n` decode steps takes, in ns: log-AR(1), as on real servers.

    Parameters
    ----------
    spread : float
        Standard deviation of the logarithm.
    """
    # One slow step tends to follow another: independent draws would average out over a few
    # steps and show no drift.  0.6² + 0.8² = 1 keeps the deviation at `spread`.
    state, steps_ns = 0.0, []
    for _ in range(n):
        state = 0.6 * state + 0.8 * rng.gauss(0.0, spread)
        steps_ns.append(int(median_ms * MS * math.exp(state)))
    return steps_ns


def completion_of(
    texts: Iterable[Sequence[str]], opens_ns: int, steps_ns: Sequence[int]
) -> Completion:
    """Return a completion with one group of texts after each step.

    From the last group to the close, it takes as long as the last step took.
    """
    times = accumulate(steps_ns, initial=opens_ns)
    next(times)
    steps = tuple(Step(at_ns, tuple(group)) for at_ns, group in zip(times, texts, strict=True))
    return Completion(opens_ns, steps, steps[-1].at_ns + steps_ns[-1])
