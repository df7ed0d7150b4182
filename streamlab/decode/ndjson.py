"""Newline-delimited JSON: one JSON text a line, as Ollama streams it.

The two specifications, ndjson-spec and JSON Lines, are short.  Where they decide nothing:

- each line that is not blank is one event of type ``message``, with the line as its data, also
  if the line is not JSON: the dialect decides what that means;
- a last line without a line end is the ``tail`` and not an event;
- lines end at LF, CR or CRLF as everywhere in this package.
"""

# An unfinished last line: ndjson-spec says "each JSON text MUST be followed by a newline".
# JSON Lines accepts a file whose last LF is missing, but a stream that breaks off after `12`
# might have gone on to `123`.  Ollama ends its last line too.
#
# A bare CR: both specifications name LF, with an optional CR before it.  A CR elsewhere in a
# JSON text could only be whitespace, because strings escape it (RFC 8259, section 7).

from __future__ import annotations

from streamlab.decode.lines import LineSplitter
from streamlab.decode.records import BLANK, JSON, TAIL, Comment, Event, Lines

_WHITESPACE = b" \t"  # JSON's whitespace (RFC 8259) without line ends


class NDJSONParser:
    """An incremental parser of ``application/x-ndjson``; a `Framer`.

    Attributes
    ----------
    lines : Lines
        Of the kinds ``json``, ``blank`` and ``tail``.
    comments : list of Comment
        Always empty.

    Examples
    --------
    >>> [event.data for event in NDJSONParser().feed(b'{"a": 1}\\n\\n{"b": ')]
    ['{"a": 1}']
    """

    def __init__(self) -> None:
        self.lines = Lines()
        self.comments: list[Comment] = []
        self._splitter = LineSplitter(self.lines.ends)

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes, oldest first; record its lines."""
        events: list[Event] = []
        for number, line in enumerate(self._splitter.feed(data), start=len(self.lines)):
            blank = not line.strip(_WHITESPACE)
            if not blank:
                text = line.decode("utf-8", "replace")
                events.append(Event("message", text, first_line=number, last_line=number))
            self.lines.kinds.append(BLANK if blank else JSON)
        return events

    def close(self) -> None:
        """Record an unfinished last line as a ``tail``, which is not an event."""
        if self._splitter.close():
            self.lines.kinds.append(TAIL)
