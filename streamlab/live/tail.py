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
            last = self._pieces[-1] if self._pieces else None
            if shown and last is not None and (kind, read, choice) == (last[0], *last[2:]):
                self._pieces[-1] = (kind, last[1] + shown, read, choice)
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
