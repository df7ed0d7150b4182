"""Events and deltas of a long stream in columns: sequences that make their items on use.

As objects, a million events take 0.8 GB, and most of that repeats the body.  So the data of an
event stay in the body, as the text of a line does.

Rule: an item equals the one that was added.  What the columns cannot hold is kept as it came.
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, count, groupby, islice
from typing import TypeVar, overload

from streamlab.decode import Body, Event, Lines
from streamlab.dialects import Delta, Kind
from streamlab.dialects.reading import mended

T = TypeVar("T")
_MOST = 2**62
NONE = -1  # in a column of counts
_LF, _CR = b"\n\r"
_PIECE = 1 << 16  # characters: of a long text, as much is encoded at once
_WIDER = {"b": "i", "i": "q"}  # most counts fit in a byte
_Kind = tuple[str, str, int | None]  # type, id and retry of an event
_new = tuple.__new__  # makes the same object as `Event(...)`, in half the time


class Kept(Sequence[T]):
    """A sequence whose subclass makes each item by its number."""

    def item(self, number: int) -> T:
        """Make an item."""
        raise NotImplementedError

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        numbers = range(len(self))[index]
        return self.item(numbers) if isinstance(numbers, int) else list(map(self.item, numbers))

    def __iter__(self) -> Iterator[T]:
        """Yield the items, in order."""
        return map(self.item, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it grows


def longer(column: "array[int]", values: list[int]) -> "array[int]":
    """Return a column with more values; a wider one if they do not fit."""
    try:
        column.extend(array(column.typecode, values))
    except OverflowError:
        return longer(array(_WIDER[column.typecode], column), values)
    return column


class Events(Kept[Event]):
    """The events of a body; the columns `codes` and `kinds` give type, id and retry.

    The data of an event are in `apart`, else where `span` says.
    """

    def __init__(self) -> None:
        self.first_line: array[int] = array("q")
        self.last_line: array[int] = array("q")
        self.codes: array[int] = array("b")  # index in `kinds`
        self.kinds: list[_Kind] = []
        self._codes: dict[_Kind, int] = {}
        self.apart: dict[int, str] = {}  # data that are not one stretch of the body
        self._latest: list[Event] = []
        self._body: Body = b""
        self._lines = Lines()

    def __len__(self) -> int:
        return len(self.last_line)

    def extend(self, found: list[Event], body: Body, lines: Lines) -> None:
        """Add the events that a framer has just found in `body`."""
        self._body, self._lines, self._latest = body, lines, found
        if found and len(found[0].data) > _PIECE:  # only the first began in another read
            self._latest = []  # it can be as long as the stream
        elif self._are_in_body(found):  # so no line sets a type, an id or a retry
            begin, end = found[0].first_line, found[-1].last_line + 1
            self.codes = longer(self.codes, [self._code(found[0])] * len(found))
            self.first_line.extend(range(begin, end, 2))
            self.last_line.extend(range(begin + 1, end, 2))
            return
        for event in found:
            if not self._is_in_body(event.data, event.first_line, event.last_line):
                self.apart[len(self)] = event.data
            self.codes = longer(self.codes, [self._code(event)])
            self.first_line.append(event.first_line)
            self.last_line.append(event.last_line)

    def _code(self, event: Event) -> int:
        kind = event.type, event.id, event.retry
        if (code := self._codes.setdefault(kind, len(self.kinds))) == len(self.kinds):
            self.kinds.append(kind)
        return code

    def since(self, number: int) -> Iterator[Event]:
        """Yield the events from a number on; fast if they were added last."""
        begin = len(self) - len(self._latest)
        latest = islice(self._latest, max(number - begin, 0), None)
        return chain(map(self._made, range(number, begin)), latest)

    def item(self, number: int, limit: int = _MOST) -> Event:
        """Make an event, of `limit` bytes of data at most; those added last are still there."""
        latest = number - len(self) + len(self._latest)
        return self._latest[latest] if latest >= 0 else self._made(number, limit)

    def _made(self, number: int, limit: int = _MOST) -> Event:
        type_, id_, retry = self.kinds[self.codes[number]]
        first, last = self.first_line[number], self.last_line[number]
        if (data := self.apart.get(number)) is None:
            start, end = self._span(last, last > first)
            data = str(self._body[start : min(end, start + limit)], "utf-8", "ignore")
        return _new(Event, (type_, data, id_, retry, first, last))

    def _span(self, last: int, is_block: bool) -> tuple[int, int]:
        """Return where data lie: in a line, or between the last ``data: `` and two LF."""
        start, end = self._start(last - is_block), self._lines.ends[last]
        return start + 6 * is_block, end - is_block - (self._body[end - 1] == _LF)

    def _start(self, line: int) -> int:
        return self._lines.ends[line - 1] if line else 0

    def _are_in_body(self, found: list[Event]) -> bool:
        # One comparison for all.  Every second line is blank, so no data have an LF,
        # and the bytes of each event are where `_span` finds them.
        if len(found) < 2 or found[-1].last_line - found[0].first_line != 2 * len(found) - 1:
            return False
        start, end = self._start(found[0].first_line), self._lines.ends[found[-1].last_line]
        block = bytes(self._body[start:end])
        data = "\n\ndata: ".join([event.data for event in found])
        return block == f"data: {data}\n\n".encode("utf-8", "replace")

    def _is_in_body(self, data: str, first: int, last: int) -> bool:
        # After a CR, an LF may still come and move the end of the line.
        if self._body[self._lines.ends[last] - 1] == _CR:
            return False
        (start, end), found = self._span(last, last > first), data.encode("utf-8", "replace")
        if isinstance(self._body, memoryview):
            return end - start == len(found) and self._body[start:end] == found
        return end - start == len(found) and self._body.startswith(found, start)  # no copy


class Deltas(Kept[Delta]):
    """The deltas of a stream; `choice`, `n_tokens` and `place` (the index) have `NONE`."""

    def __init__(self) -> None:
        self.codes = bytearray()  # index in `kinds`
        self.kinds: list[Kind] = []
        self.bounds: array[int] = array("q", [0])  # of the texts, in `text`
        self.text = bytearray()
        self.choice: array[int] = array("b")
        self.n_tokens: array[int] = array("b")
        self.place: array[int] = array("b")
        self._odd: dict[int, Delta] = {}

    def __len__(self) -> int:
        return len(self.n_tokens)

    def extend(self, found: list[Delta]) -> None:
        """Add deltas."""
        choices, counts, places = list[int](), list[int](), list[int]()
        for number, delta in enumerate(found, len(self)):
            kind, text, choice, n_tokens, index, id_, name, value = delta
            shown = text if text.isascii() else mended(text)
            fit = choice is None or 0 <= choice < _MOST
            fit = fit and (n_tokens is None or 0 <= n_tokens < _MOST)
            fit = fit and (index is None or 0 <= index < _MOST)
            is_plain = id_ is None and name is None and value is None
            if not (fit and is_plain) or (shown is not text and shown != text):
                self._odd[number] = delta
            self.codes.append(self._code(kind))
            for at in range(0, len(shown), _PIECE):
                self.text += shown[at : at + _PIECE].encode()
            self.bounds.append(len(self.text))
            choices.append(choice if fit and choice is not None else NONE)
            counts.append(n_tokens if fit and n_tokens is not None else NONE)
            places.append(index if fit and index is not None else NONE)
        self.choice = longer(self.choice, choices)
        self.n_tokens = longer(self.n_tokens, counts)
        self.place = longer(self.place, places)

    def think(self, choice: int | None) -> None:
        """Make the content of a choice reasoning."""
        code, number = self._code("reasoning"), NONE if choice is None else choice
        for row in self.of_kind("content"):
            self.codes[row] = code if self.choice[row] == number else self.codes[row]

    def _code(self, kind: Kind) -> int:
        if kind not in self.kinds:
            self.kinds.append(kind)
        return self.kinds.index(kind)

    def of_kind(self, kind: Kind) -> Iterator[int]:
        """Yield the numbers of the deltas of a kind."""
        code, at = self.kinds.index(kind) if kind in self.kinds else len(self.kinds), -1
        while (at := self.codes.find(code, at + 1)) >= 0:
            yield at

    def joined(self) -> Iterator[Delta]:
        """Yield the deltas; texts of one kind and choice that follow each other are one."""
        start, odd = 0, map(self._odd.__contains__, count())
        for (code, choice, is_odd), run in groupby(zip(self.codes, self.choice, odd)):  # noqa: B905
            end = start + sum(1 for _ in run)
            if is_odd or self.kinds[code] not in _TEXTS:
                yield from map(self.item, range(start, end))
            else:
                part = slice(self.bounds[start], self.bounds[end])
                text = str(memoryview(self.text)[part], "utf-8")  # in one copy
                yield Delta(self.kinds[code], text, None if choice == NONE else choice)
            start = end

    def item(self, number: int, limit: int = _MOST) -> Delta:
        """Make a delta; with `limit`, with only so many characters, below 0 with the last."""
        part = slice(limit) if limit >= 0 else slice(limit, None)
        if number in self._odd:
            delta = self._odd[number]
            return delta._replace(text=delta.text[part])
        start, end = self.bounds[number], self.bounds[number + 1]
        # A character has at most 4 bytes.
        near = (start, start + 4 * limit) if limit >= 0 else (end + 4 * limit, end)
        start, end = max(start, near[0]), min(end, near[1])
        choice, n_tokens, index = (
            None if column[number] == NONE else column[number]
            for column in (self.choice, self.n_tokens, self.place)
        )
        shown = str(memoryview(self.text)[start:end], "utf-8", "ignore")[part]
        return Delta(self.kinds[self.codes[number]], shown, choice, n_tokens, index)


_TEXTS = frozenset({"content", "reasoning", "refusal", "meta"})
