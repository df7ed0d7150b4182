"""What is said and when, before any dialect says it.

A `Script` is timed text; a shape renders it in a provider's format.  The models
of time are seeded: the same seed gives the same times, to the nanosecond.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, islice
from random import Random
from typing import NamedTuple

from streamlab.server.play import MS

PASSAGE = (
    "A stream is not a row of tokens . What your socket sees are reads : some bring one event "
    ", some bring ten , some stop in the middle of a word . Every read has one time , and all "
    "it completes arrived then . Between two reads you know nothing ."
)


class Beat(NamedTuple):
    """What is said at one moment, in one write."""

    at_ns: int
    texts: tuple[str, ...]  # one event each


@dataclass(frozen=True, slots=True)
class Script:
    """One answer: when it opens, its beats, when it closes.

    Attributes
    ----------
    opens_ns : int
        The dialect's opening events (the role, ``message_start``, …).
    beats : sequence of Beat
    closes_ns : int
        The dialect's closing events (the finish, the usage, ``[DONE]``), in one write.
    """

    opens_ns: int
    beats: Sequence[Beat]
    closes_ns: int
    prompt_tokens: int = 14

    @property
    def text(self) -> str:
        """All that is said."""
        return "".join(text for beat in self.beats for text in beat.texts)

    @property
    def n_texts(self) -> int:
        """How many pieces of text there are; the model's tokens, as this lab counts."""
        return sum(len(beat.texts) for beat in self.beats)


def words(n: int) -> list[str]:
    """Return `n` pieces of text, as a tokenizer would cut them."""
    pieces = (w if w in ".,:" else f" {w}" for w in cycle(PASSAGE.split()))
    return [text.lstrip() if i == 0 else text for i, text in enumerate(islice(pieces, n))]


def decode_steps(rng: Random, n: int, median_ms: float, spread: float = 0.25) -> list[int]:
    """Return the times of `n` decode steps, in ns: log-AR(1), as real servers' are.

    Parameters
    ----------
    spread : float
        Standard deviation of the logarithm; one slow step tends to follow another (0.6).
    """
    state, steps = 0.0, []
    for _ in range(n):
        state = 0.6 * state + 0.8 * rng.gauss(0.0, spread)
        steps.append(int(median_ms * MS * math.exp(state)))
    return steps


def say(texts: Iterable[Sequence[str]], opens_ns: int, steps_ns: Sequence[int]) -> Script:
    """Return a script that says one group of texts after each step, then closes.

    It closes as long after the last beat as the last step took.
    """
    times = accumulate(steps_ns, initial=opens_ns)
    next(times)
    beats = tuple(Beat(at_ns, tuple(group)) for at_ns, group in zip(times, texts, strict=True))
    return Script(opens_ns, beats, beats[-1].at_ns + steps_ns[-1])
