"""The end of a growing text: the part that a view shows.

Positions are counted from the beginning of the whole text.
"""

from collections.abc import Iterable

from streamlab.follow.text import several_lines

# A kind, its text, the read that completed it, the choice it belongs to.
Piece = tuple[str, str, int, int]


class Tail:
    """The last `limit` characters of a text, in pieces; `total` counts all characters."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.total = 0
        self.kept = 0
        self._pieces: list[Piece] = []

    def extend(self, pieces: Iterable[Piece]) -> None:
        """Add pieces; those without text do not count."""
        for kind, text, read, choice in pieces:
            shown = several_lines(text)
            self.total += len(shown)
            self.kept += len(shown)
            before = [(each[0], *each[2:]) for each in self._pieces[-2:]]
            # A read's first piece had a wait, and the rest had none: the rest is one piece.
            if shown and before == [(kind, read, choice)] * 2:
                self._pieces[-1] = (kind, self._pieces[-1][1] + shown, read, choice)
            elif shown:
                self._pieces.append((kind, shown, read, choice))
        self._pieces = _without(self._pieces, self.kept - self.limit)
        self.kept = min(self.kept, self.limit)

    def since(self, position: int) -> list[Piece]:
        """Return the text after `position`, as far as it is kept."""
        return _without(self._pieces, position - (self.total - self.kept))


def _without(pieces: list[Piece], skip: int) -> list[Piece]:
    if skip <= 0:
        return pieces[:]
    rest = []
    for kind, text, read, choice in pieces:
        if skip < len(text):
            rest.append((kind, text[max(skip, 0) :], read, choice))
        skip -= len(text)
    return rest
