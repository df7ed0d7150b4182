"""The text of a completion and its times, before a dialect gives it a format.

A `Completion` is timed text; a shape renders it in a provider's format.  The models
of time are seeded: the same seed gives the same times, to the nanosecond.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from random import Random
from typing import NamedTuple

from streamlab.server.response import MS

SPREAD = 0.25  # the standard deviation of the logarithm of a decode step
PASSAGE = (
    "A stream is not a row of tokens . What your socket sees are reads : some bring one event "
    ", some bring ten , some stop in the middle of a word . Every read has one time , and all "
    "it completes arrived then . Between two reads you know nothing ."
)


class Step(NamedTuple):
    """The texts in one write."""

    at_ns: int
    texts: tuple[str, ...]  # one event each


class Completion:
    """One completion: the time of its opening, and its steps.

    The steps are made as they are sent, and not kept: 100,000 at once would stop all streams
    for half a second, and those of many streams would fill the memory.

    `opens_ns` is the time of the dialect's opening events (the role, ``message_start``, …).
    `groups` returns the groups of texts, each with the time since the one before, in ns; always
    the same.
    """

    prompt_tokens = 14

    def __init__(
        self, opens_ns: int, groups: Callable[[], Iterable[tuple[Iterable[str], int]]]
    ) -> None:
        self.opens_ns, self._groups = opens_ns, groups
        self._totals: tuple[int, int] | None = None  # known after the last step

    @property
    def steps(self) -> Iterator[Step]:
        """The steps."""
        at_ns, step_ns, n_texts = self.opens_ns, 0, 0
        for group, step_ns in self._groups():
            at_ns += step_ns
            step = Step(at_ns, tuple(group))
            n_texts += len(step.texts)
            yield step
        # From the last group to the close, it takes as long as the last step took.
        self._totals = n_texts, at_ns + step_ns

    def _at_the_end(self) -> tuple[int, int]:
        if self._totals is None:
            deque(self.steps, maxlen=0)
        assert self._totals is not None
        return self._totals

    @property
    def closes_ns(self) -> int:
        """The time of the closing events (the finish, the usage, …), which are one write."""
        return self._at_the_end()[1]

    @property
    def n_texts(self) -> int:
        """How many pieces of text there are; the lab reports each as one token."""
        return self._at_the_end()[0]

    @property
    def text(self) -> str:
        """All the text."""
        return "".join(text for step in self.steps for text in step.texts)


def words(n: int) -> Iterator[str]:
    """Yield `n` pieces of text, cut as a tokenizer cuts text."""
    pieces = (w if w in ".,:" else f" {w}" for w in cycle(PASSAGE.split()))
    yield from (text.lstrip() if i == 0 else text for i, text in enumerate(islice(pieces, n)))


def singly(n: int) -> Iterator[list[str]]:
    """Yield `n` pieces of text, each a group of its own."""
    return ([word] for word in words(n))


def decode_steps(rng: Random, n: int, median_ms: float) -> Iterator[int]:
    """Yield how long each of `n` decode steps takes, in ns: log-AR(1), as on real servers."""
    # One slow step tends to follow another: independent draws would average out over a few
    # steps and show no drift.  0.6² + 0.8² = 1 keeps the deviation at `SPREAD`.
    state = 0.0
    for _ in range(n):
        state = 0.6 * state + 0.8 * rng.gauss(0.0, SPREAD)
        yield int(median_ms * MS * math.exp(state))
