"""A line made short, so that lines can be compared: the field and the delta stay.

``⋯`` stands for the rest of the JSON around the delta, which is about the same in every line;
``…`` stands for characters that were cut because they are too many.
"""

# The lines of a stream differ in a few characters, and these are often behind the first
# hundred.  So `elided` keeps the name of the field, the first key, and the delta with the keys
# that lead to it.  The scope, the faces and the tables that a notebook shows use it.

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streamlab.decode import KINDS
from streamlab.dialects.reading import parse
from streamlab.follow.follower import Follower
from streamlab.follow.text import one_line

# The most characters of a line that is shown.
WIDTH = 88
# A delta is looked for in so many bytes of a line; a line can be as long as the stream.
LONGEST = 16_384

# One visible character for each kind of line.
GLYPHS = dict(zip(KINDS, "●◆#↻:↵?●…●", strict=True))

Span = tuple[int, int]
# What a part of a line is (`field`, `delta` or `rest`), and its harmless text.
Piece = tuple[str, str]

_FIELD = re.compile(r"(?:(?:data|event|id|retry):[ ]?|:)?")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\Z)', re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[\w.+-]+', re.DOTALL)
_HEAD = re.compile(r'\s*[\[{]\s*"[^"\\]{0,24}"\s*:')
_KEYS = re.compile(r'(?:"[^"\\]{0,32}"\s*:[\s\[{]*){1,2}\Z')
_CLOSING = re.compile(r"[\s\]}]{0,3}")
_MOST, _LEAST = 4, 12  # deltas of one line that are kept; characters that a delta needs


class ShownLine(NamedTuple):
    """A line as it is shown."""

    number: int
    read: int
    kind: str  # one of `decode.KINDS`
    event: int  # the event it belongs to; -1 for none
    pieces: list[Piece]
    note: str  # on a line that adds nothing: what it does

    @property
    def text(self) -> str:
        """The line in plain text."""
        return joined(self.pieces) or self.note


def shown_line(follower: Follower, number: int, limit: int = WIDTH) -> ShownLine:
    """Return a line of a stream, elided to at most `limit` characters."""
    kind = KINDS[follower.lines.kinds[number]]
    event = _event_of(follower, number)
    deltas, like = [], ""
    if kind in ("data", "json", "other", "tail", "text"):
        kinds, first = follower.lines.kinds, max(number - 8, 0)
        before = kinds.rfind(kinds[number], first, number)
        like = follower.line(before, LONGEST) if before >= 0 else ""
        deltas = [each.text or each.name or "" for each in follower.deltas_of(event, LONGEST)]
    pieces = elided(follower.line(number, LONGEST), deltas, like, limit)
    read = follower.read_of_line(number)
    return ShownLine(number, read, kind, event, pieces, _note(kind, event))


def elided(
    line: str, deltas: Sequence[str] = (), like: str = "", limit: int = WIDTH
) -> list[Piece]:
    """Return a line, without its end, in pieces of at most `limit` characters together.

    `deltas` are the texts that the line adds; they are looked for among its JSON strings.
    Without them, what differs from an earlier line, `like`, is kept.
    """
    field = _FIELD.match(line)[0]  # type: ignore[index]  # the pattern matches anything
    body, limit = line[len(field) :], max(limit - len(field), 8)
    spans = sorted(_found(body, deltas))[:_MOST] or _difference(body, like[len(field) :])
    pieces = [("field", one_line(field))] if field else []
    if len(body) <= limit:
        return pieces + _cut_to(body, spans, [(0, len(body))], limit)
    # Of several deltas (`n=4`, a text and a signature) those stay that have room.
    for n in range(len(spans), 0, -1):
        kept = _kept(body, spans[:n])
        room = (limit - _around(kept, spans[:n])) // n
        if room >= _LEAST:
            return pieces + _cut_to(body, spans[:n], kept, room)
    return [*pieces, ("rest", one_line(_middle(body, limit)))]


def joined(pieces: Sequence[Piece]) -> str:
    """Return the text of the pieces."""
    return "".join(text for _, text in pieces)


def _found(body: str, deltas: Sequence[str]) -> Iterator[Span]:
    wanted = [text for text in deltas if text]
    for text in (text for text in wanted if text[0] == "{"):  # the arguments of a tool
        at, form = max((body.find(form), form) for form in (text, _spaced(text)))
        if at >= 0:
            yield at, at + len(form)
    for match in _STRING.finditer(body) if wanted else ():
        if body.startswith(":", match.end()):
            continue  # a key
        text, is_cut = _unescaped(match[1]), match.end() == match.end(1)
        if text in wanted or (text and is_cut and any(w.startswith(text) for w in wanted)):
            yield match.span()


def _spaced(text: str) -> str:
    # Python's and Google's encoders write spaces.
    found = parse(text)
    return text if found is None else json.dumps(found, ensure_ascii=False)


def _unescaped(string: str) -> str:
    try:
        return str(json.loads(f'"{string}"', strict=False))
    except ValueError:
        return ""


def _difference(body: str, like: str) -> list[Span]:
    before = _alike(body, like)
    rest, other = body[before:], like[before:]
    after = len(body) - _alike(rest[::-1], other[::-1])
    if not like or before >= after or after - before > len(body) // 2:
        return []
    # "21" and "22" differ in one character; a reader needs the whole string.
    words = [word.span() for word in _WORD.finditer(body)]
    touched = [span for span in words if span[0] < after and span[1] > before]
    ends = [before, after, *(at for span in touched for at in span)]
    return [(min(ends), max(ends))]


def _alike(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _kept(body: str, spans: Sequence[Span]) -> list[Span]:
    head = _HEAD.match(body)
    kept = [(0, head.end() if head else min(8, spans[0][0])), (len(body) - 1, len(body))]
    for start, stop in spans:
        keys = _KEYS.search(body, max(start - 60, 0), start)
        closing = _CLOSING.match(body, stop)
        kept.append((keys.start() if keys else start, closing.end() if closing else stop))
    merged: list[Span] = []
    for start, stop in sorted(kept):
        if merged and start - merged[-1][1] < 3:
            start, last = merged.pop()
            stop = max(stop, last)
        merged.append((start, stop))
    return merged


def _around(kept: Sequence[Span], spans: Sequence[Span]) -> int:
    lengths = [stop - start for start, stop in kept]
    return sum(lengths) + len(kept) - 1 - sum(stop - start for start, stop in spans)


def _cut_to(body: str, spans: Sequence[Span], kept: Sequence[Span], room: int) -> list[Piece]:
    """Return the kept parts with ⋯ between them; a delta above `room` loses its middle."""
    pieces: list[Piece] = []
    for start, stop in kept:
        if start:
            pieces.append(("rest", "⋯"))
        for low, high in (span for span in spans if start <= span[0] < stop):
            pieces += [("rest", body[start:low]), ("delta", _middle(body[low:high], room))]
            start = high
        pieces.append(("rest", body[start:stop]))
    return [(kind, one_line(text)) for kind, text in pieces if text]


def _middle(text: str, limit: int) -> str:
    half = limit // 2
    return text if len(text) <= limit else f"{text[: limit - half]}…{text[1 - half :]}"


def _event_of(follower: Follower, number: int) -> int:
    events = follower.events
    event = bisect_left(events.last_line, number)
    return event if event < len(events) and events.first_line[event] <= number else -1


def _note(kind: str, event: int) -> str:
    ends = f"event {event} ends" if event >= 0 else "nothing collected, no event"
    notes = {"blank": f"blank line: {ends}", "tail": "the body stopped within this line"}
    notes |= {"comment": "a comment: no event", "other": "not a field: ignored"}
    return notes.get(kind, "")
