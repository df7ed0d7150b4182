"""Text: a document (an HTML page, an error in JSON), or a stream of plain lines.

A document has lines only, so that a recording still shows what came.  In a stream of plain
text, each line that is not blank is an event.
"""

from streamlab.decode.ndjson import NDJSONParser
from streamlab.decode.records import BLANK, OTHER, TAIL, TEXT, Event


class TextParser(NDJSONParser):
    """Cuts text into lines, of the kind ``other``, and finds no events; a `Framer`."""

    def feed(self, data: bytes) -> list[Event]:
        """Record the lines of `data`; there are never events."""
        lines = self._splitter.feed(data)
        self.lines.kinds.extend(OTHER if line else BLANK for line in lines)
        return []

    def close(self) -> list[Event]:
        """Record an unfinished last line as a ``tail``."""
        self.lines.kinds.extend([TAIL] * self._splitter.drop())
        return []


class PlainParser(NDJSONParser):
    """Makes an event of each line of plain text, of the kind ``text``; a `Framer`."""

    kind = TEXT

    def _is_whole(self, tail: str) -> bool:
        return bool(tail.strip())  # the last line of a text often has no end
