"""Newline-delimited JSON: one JSON text a line, as Ollama streams it.

Rules, where the format's two short specifications leave room:

- each line that is not blank is one event of type ``message``, and its text is the
  data, also where it is no JSON: what to make of it is the dialect's question;
- a line without a line end is no event, for "each JSON text MUST be followed by a
  newline" (ndjson-spec); it is the ``tail`` of a stream that was cut.  JSON Lines
  forgives a missing last LF in a file, but of a stream nobody can say whether ``12``
  was going to be ``123``, and Ollama ends its last line too;
- lines end at LF, CR or CRLF as everywhere in this package.  Both specifications name
  LF, perhaps after a CR; a bare CR within a JSON text could only be whitespace.
"""

from __future__ import annotations

from streamlab.decode.lines import LineSplitter
from streamlab.decode.records import BLANK, JSON, TAIL, Comment, Event, Lines

_WHITESPACE = b" \t"  # of JSON (RFC 8259), as far as it can stand in a line


class NDJSONParser:
    """An incremental parser of ``application/x-ndjson``; a `Framer`.

    Attributes
    ----------
    lines : Lines
        Of the kinds ``json``, ``blank`` and ``tail``.
    comments : list of Comment
        Always empty: the format has none.

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
        """Return the events that `data` completes, oldest first; note its lines."""
        events: list[Event] = []
        for number, line in enumerate(self._splitter.feed(data), start=len(self.lines)):
            blank = not line.strip(_WHITESPACE)
            if not blank:
                text = line.decode("utf-8", "replace")
                events.append(Event("message", text, first_line=number, last_line=number))
            self.lines.kinds.append(BLANK if blank else JSON)
        return events

    def close(self) -> None:
        """Note an unfinished last line as a ``tail``.  It is no event."""
        if self._splitter.close():
            self.lines.kinds.append(TAIL)
