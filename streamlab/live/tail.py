"""The end of a growing text: the part that a view shows.

A `Tail` keeps the last `limit` characters, as runs of one kind each, and counts the rest.
Positions are counted from the beginning of the whole text.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from streamlab.follow.text import several_lines

Runs = list[list[str]]
"""Pairs of kind and text, oldest first, in JSON values."""


class Tail:
    """The last `limit` characters of a text, as runs of one kind.

    Attributes
    ----------
    total : int
        Characters of the whole text.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.total = 0
        self._runs: Runs = []

    @property
    def kept(self) -> int:
        """How many characters are kept."""
        return sum(len(text) for _, text in self._runs)

    def extend(self, pieces: Iterable[tuple[str, str]]) -> None:
        """Add pairs of kind and text; those without text do not count."""
        # The pieces of a run are joined before they are cleaned: two of them can hold the
        # halves of one surrogate pair, and each half alone would become U+FFFD.  Halves in
        # two calls stay apart, because the text before them may be shown already.
        for kind, group in groupby(filter(itemgetter(1), pieces), key=itemgetter(0)):
            text = several_lines("".join(piece for _, piece in group))
            self.total += len(text)
            if self._runs and self._runs[-1][0] == kind:
                self._runs[-1][1] += text[-self.limit :]
            else:
                self._runs.append([kind, text[-self.limit :]])
        self._runs = _without(self._runs, self.kept - self.limit)

    def since(self, position: int) -> Runs:
        """Return the text after `position`, as far as it is kept."""
        return _without(self._runs, position - (self.total - self.kept))


def _without(runs: Runs, skip: int) -> Runs:
    """Return `runs` without their first `skip` characters, as new lists."""
    rest = []
    for kind, text in runs:
        if skip < len(text):
            rest.append([kind, text[max(skip, 0) :]])
        skip = max(skip - len(text), 0)
    return rest
