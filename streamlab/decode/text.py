"""A body that is not a stream of events: an HTML page, an error in JSON.

Such a body has lines only, so that a recording still shows what came.
"""

from __future__ import annotations

from streamlab.decode.lines import LineSplitter
from streamlab.decode.records import BLANK, OTHER, TAIL, Comment, Event, Lines


class TextParser:
    """Cuts text into lines and finds no events; a `Framer`.

    Attributes
    ----------
    lines : Lines
        Of the kinds ``other``, ``blank`` and ``tail``.
    comments : list of Comment
        Always empty.
    """

    def __init__(self) -> None:
        self.lines = Lines()
        self.comments: list[Comment] = []
        self._splitter = LineSplitter(self.lines.ends)

    def feed(self, data: bytes) -> list[Event]:
        """Record the lines of `data`; there are never events."""
        lines = self._splitter.feed(data)
        self.lines.kinds.extend(OTHER if line else BLANK for line in lines)
        return []

    def close(self) -> list[Event]:
        """Record an unfinished last line as a ``tail``."""
        if self._splitter.close():
            self.lines.kinds.append(TAIL)
        return []
