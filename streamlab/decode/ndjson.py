"""Newline-delimited JSON: one JSON text a line, as Ollama streams it.

The two specifications, ndjson-spec and JSON Lines, are short.  Where they decide nothing:

- each line that is not blank is one event of type ``message``, with the line as its data, also
  if the line is not JSON: the dialect decides what that means;
- a last line without a line end is an event if it is a whole JSON object, else the ``tail``;
- lines end at LF, CR or CRLF as everywhere in this package.
"""

# An unfinished last line: ndjson-spec says "each JSON text MUST be followed by a newline".
# JSON Lines accepts a file whose last LF is missing.  A stream that breaks off after `12` might
# have gone on to `123`, but after its last `}` an object has ended.
#
# A bare CR: both specifications name LF, with an optional CR before it.  A CR elsewhere in a
# JSON text could only be whitespace, because strings escape it (RFC 8259, section 7).

import json
from collections.abc import Callable

from streamlab.decode.lines import LineSplitter
from streamlab.decode.records import BLANK, JSON, TAIL, Body, Comment, Event, Lines

_WHITESPACE = b" \t"  # JSON's whitespace (RFC 8259) without line ends


class NDJSONParser:
    """An incremental parser of ``application/x-ndjson``; a `Framer` without comments.

    Examples
    --------
    >>> [event.data for event in NDJSONParser().feed(b'{"a": 1}\\n\\n{"b": ')]
    ['{"a": 1}']
    """

    kind = JSON  # of a line that is neither ``blank`` nor the ``tail``

    def __init__(self, body: Callable[[], Body] | None = None) -> None:
        self.lines = Lines()
        self.comments: list[Comment] = []
        self._splitter = LineSplitter(self.lines.ends, body)

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes, oldest first; record its lines."""
        events: list[Event] = []
        for line in self._splitter.feed(data):
            is_blank = not line.strip(_WHITESPACE)
            if not is_blank:
                events.append(self._event(line.decode("utf-8", "replace")))
            self.lines.kinds.append(BLANK if is_blank else self.kind)
        return events

    def close(self) -> list[Event]:
        """Return an unfinished last line as an event, if it is whole; else it is a ``tail``."""
        tail = self._splitter.close().decode("utf-8", "replace")
        events = [self._event(tail)] if self._is_whole(tail) else []
        if tail:
            self.lines.kinds.append(self.kind if events else TAIL)
        return events

    def _event(self, text: str) -> Event:
        number = len(self.lines)
        return Event("message", text, first_line=number, last_line=number)

    def _is_whole(self, tail: str) -> bool:
        try:
            return tail.rstrip().endswith("}") and isinstance(json.loads(tail), dict)
        except (ValueError, RecursionError):
            return False
