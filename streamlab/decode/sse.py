"""Server-sent events, parsed as WHATWG HTML 9.2.6 "Interpreting an event stream" says.

The parser dispatches exactly the events that a browser would.  It also keeps what the standard
discards in the columns of lines: comments, unknown fields, blocks without data, the tail.

Rules:

- the byte that completes an event releases it;
- no bytes make the parser raise;
- the cuts between reads change only when a result comes, never the result.
"""

# `SSEParser._take` follows the standard line by line; `SSEParser.feed` uses short cuts to the
# same result for the most frequent blocks.

# Why discarded lines are kept: some real failures are visible only there.  Old llama.cpp
# servers sent `error: {...}` as a field (ggml-org/llama.cpp#16104), Gemini's errors came as
# bare JSON lines (googleapis/python-genai, _iter_response_stream), and some servers send
# `[DONE]` without the blank line that would dispatch it.

from collections.abc import Callable

from streamlab.decode.lines import CR, LF, LineSplitter
from streamlab.decode.records import (
    BLANK,
    COMMENT,
    DATA,
    EVENT,
    ID,
    OTHER,
    RETRY,
    TAIL,
    Body,
    Comment,
    Event,
    Lines,
)

_ORDINARY_KINDS = bytes([DATA, BLANK])
_new = tuple.__new__  # makes the same object as `Event(...)`, in half the time
_LONG = 1 << 20  # bytes: a line can be as long as the stream, and copies of it take memory
_MOST_DIGITS = 640  # `int` converts this many under every `sys.set_int_max_str_digits`


class SSEParser:
    """An incremental parser of ``text/event-stream``; a `Framer`.

    Attributes
    ----------
    lines : Lines
        Every line, also those that the standard ignores; offsets in the bytes fed.
    comments : list of Comment
    last_event_id : str
        The ``Last-Event-ID`` that a browser would send if it reconnected now.
    retry : int or None
        The reconnection time in ms; None until the stream sets one.

    Notes
    -----
    A line of kind ``id`` or ``retry`` had an effect.  A line that the standard ignores, such as
    ``retry: soon`` or an id with a NUL, is of kind ``other``.

    Examples
    --------
    >>> parser = SSEParser()
    >>> parser.feed(b"data: Hel")
    []
    >>> [event.data for event in parser.feed(b"lo\\n\\n: ping\\n")]
    ['Hello']
    >>> [comment.text for comment in parser.comments]
    [' ping']
    """

    def __init__(self, body: Callable[[], Body] | None = None) -> None:
        self.lines = Lines()
        self.comments: list[Comment] = []
        self.last_event_id = ""
        self.retry: int | None = None
        self._splitter = LineSplitter(self.lines.ends, body)
        self._n_events = 0
        self._id = ""  # the buffer; a blank line copies it to `last_event_id`
        self._first_line = 0  # of the current block
        self._type = ""
        self._data: list[str] = []
        self._retry: int | None = None
        self._between_blocks = True  # and no part of a line is held

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes, oldest first; record its lines."""
        if self._between_blocks and _is_ordinary_block(data):
            return [self._take_ordinary_block(data)]
        lines = self._splitter.feed(data)
        is_long = lines and len(lines[0]) > _LONG  # only the first began in another read
        values = None if is_long else self._ordinary_values(lines)
        events = self._take_ordinary(values) if values else self._take(lines)
        self._between_blocks = self._at_block and self._splitter.between_lines
        return events

    def close(self) -> list[Event]:
        """Record an unfinished last line as a ``tail``, and discard the unfinished event.

        "Once the end of the file is reached, any pending data must be discarded.  (If
        the file ends in the middle of an event, before the final empty line, the
        incomplete event is not dispatched.)"
        """
        self.lines.kinds.extend([TAIL] * self._splitter.drop())
        return []

    @property
    def registers(self) -> tuple[tuple[str, ...], str, str, int | None]:
        """The buffers of data lines, event type and last event ID; the reconnection time."""
        return tuple(self._data), self._type, self._id, self.retry

    @property
    def _at_block(self) -> bool:
        return self._first_line == len(self.lines.kinds)

    def _take(self, lines: list[bytes]) -> list[Event]:
        """Process lines as the standard says; return their events."""
        events: list[Event] = []
        lines.reverse()
        while lines:
            kind = self._take_field(lines.pop())
            if kind == BLANK and (event := self._dispatch()):
                events.append(event)
            self.lines.kinds.append(kind)
        return events

    def _take_field(self, line: bytes) -> int:
        """Process a line; return its kind."""
        if not line:
            return BLANK
        # "Collect the characters on the line before the first U+003A COLON character
        # (:), and let field be that string", or the whole line if there is none.
        # "If value starts with a U+0020 SPACE character, remove it from value": one,
        # and no other whitespace.  Bytes that are no UTF-8 become U+FFFD.
        name, _, value = line.partition(b":")
        del line  # it can be as long as the stream, and the caller has no other reference
        value = value.removeprefix(b" ") if name else value
        text = value.decode("utf-8", "replace")
        # "Field names must be compared literally, with no case folding performed."
        match name:
            case b"data":
                self._data.append(text)
                return DATA
            case b"event":
                self._type = text
                return EVENT
            case b"id" if "\0" not in text:
                self._id = text
                return ID
            case b"retry" if (retry_ms := _reconnection_time(text)) is not None:
                self.retry = self._retry = retry_ms  # at once, before the dispatch
                return RETRY
            case b"":  # "If the line starts with a U+003A COLON character (:)"
                self.comments.append(Comment(text, len(self.lines.kinds), self._n_events))
                return COMMENT
        return OTHER  # "The field is ignored."

    def _dispatch(self) -> Event | None:
        # The first step, so it also happens where nothing is dispatched: "Set the last event
        # ID string of the event source to the value of the last event ID buffer.  The buffer
        # does not get reset".
        self.last_event_id = self._id
        number = len(self.lines.kinds)
        event = None
        if self._data:  # an empty data line counts: the standard's buffer would hold its LF
            data = "\n".join(self._data)
            span = (self._first_line, number)
            event = Event(self._type or "message", data, self._id, self._retry, *span)
            self._n_events += 1
        self._first_line, self._type, self._data, self._retry = number + 1, "", [], None
        return event

    # The short cuts.  In most streams nearly all blocks are ordinary: one line that begins
    # with "data: ", and a blank line.  Such a block changes no state that lasts: it sets no
    # type and no retry, and the blank line before it has already committed the id.  The tests
    # compare both ways on random bytes in random cuts.

    def _ordinary_values(self, lines: list[bytes]) -> list[str] | None:
        """Return the data of `lines` if they are ordinary blocks, and nothing else."""
        if not self._at_block or len(lines) % 2 or any(lines[1::2]):
            return None
        # All lines are decoded together.  Invalid UTF-8 still gives the same text, because an
        # LF is never part of a longer sequence: it ends an incomplete one.
        text = "\n" + b"\n".join(lines[::2]).decode("utf-8", "replace")
        nothing, *values = text.split("\ndata: ")
        return values if not nothing and len(values) * 2 == len(lines) else None

    def _take_ordinary(self, values: list[str]) -> list[Event]:
        """Do what `_take` would do with the lines of these blocks."""
        first_line, id_ = self._first_line, self._id
        self.lines.kinds.extend(_ORDINARY_KINDS * len(values))
        self._first_line = len(self.lines.kinds)
        self._n_events += len(values)
        numbers = range(first_line, self._first_line, 2)
        return [
            _new(Event, ("message", value, id_, None, number, number + 1))
            for number, value in zip(numbers, values, strict=True)
        ]

    def _take_ordinary_block(self, block: bytes) -> Event:
        """Do what `feed` would do with an ordinary block that is a whole read."""
        ends, number = self.lines.ends, self._first_line
        end = (ends[-1] if ends else 0) + len(block)
        ends.append(end - 1)
        ends.append(end)
        self.lines.kinds.extend(_ORDINARY_KINDS)
        self._first_line = number + 2
        self._n_events += 1
        text = block[6:-2].decode("utf-8", "replace")
        return _new(Event, ("message", text, self._id, None, number, number + 1))


def _is_ordinary_block(data: bytes) -> bool:
    is_block = data[:6] == b"data: " and data[-2:] == b"\n\n"
    return is_block and LF not in data[:-2] and CR not in data


def _reconnection_time(text: str) -> int | None:
    # "Consists of only ASCII digits": `int` would also take +5, 1_000 and digits of other
    # scripts.
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= _MOST_DIGITS else None
