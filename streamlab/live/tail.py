"""The end of a text that grows: what a view can show, whatever came before.

A `Tail` keeps the last so many characters, as runs of one kind each, and counts
the rest.  Positions are counted from the beginning of the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

Runs = list[list[str]]
"""Pairs of kind and text, oldest first; JSON as it stands."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_PICTURES = {code: 0x2400 + code for code in range(32)} | {127: 0x2421}


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
        """How many characters are still here."""
        return sum(len(text) for _, text in self._runs)

    def extend(self, pieces: Iterable[tuple[str, str]]) -> None:
        """Add pairs of kind and text; those without text do not count."""
        for kind, group in groupby(filter(itemgetter(1), pieces), key=itemgetter(0)):
            text = clean("".join(piece for _, piece in group))
            self.total += len(text)
            if self._runs and self._runs[-1][0] == kind:
                self._runs[-1][1] += text[-self.limit :]
            else:
                self._runs.append([kind, text[-self.limit :]])
        self._runs = _without(self._runs, self.kept - self.limit)

    def since(self, position: int) -> Runs:
        """Return what follows `position`, as far as it is kept."""
        return _without(self._runs, position - (self.total - self.kept))


def clean(text: str) -> str:
    """Return `text` without control characters, direction overrides and half surrogates.

    Line ends and tabs stay.  Half surrogates that meet become one character;
    a lone one, which no encoder would take, becomes U+FFFD.
    """
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROLS.sub("", text.replace("\r\n", "\n"))


def picture(text: str) -> str:
    """Return `text` on one line, its control characters as pictures: ``␛`` for ESC."""
    return clean(text.translate(_PICTURES))


def _without(runs: Runs, skip: int) -> Runs:
    """Return `runs` without their first `skip` characters; never the same lists."""
    rest = []
    for kind, text in runs:
        if skip < len(text):
            rest.append([kind, text[max(skip, 0) :]])
        skip = max(skip - len(text), 0)
    return rest
