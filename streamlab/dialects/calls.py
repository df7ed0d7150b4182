"""Tool calls, put together from their pieces, however a server numbers and names them."""

from typing import TypedDict

from streamlab.dialects.deltas import Delta
from streamlab.dialects.reading import parse


class ToolCall(TypedDict):
    """A tool call; `id` and `name` are None if the API sends none."""

    id: str | None
    name: str | None
    arguments: str  # text, as it was streamed


class Calls:
    """The tool calls of one choice; `all` has them in the order in which they began."""

    # The index of a piece groups; a piece without an index belongs to the call with its id,
    # else to the latest call.  Some servers number all their calls 0, others send a fresh id
    # with every piece, an empty one, or the name in pieces: neither index nor id is enough.

    def __init__(self) -> None:
        self.all: list[ToolCall] = []
        self._indexes: list[int | None] = []

    def add(self, delta: Delta) -> int:
        """Add a piece to its call, or begin a new call; return the number of the call."""
        number = self._number_of(delta)
        if number is None or _begins(self.all[number], delta):
            number = len(self.all)
            self.all.append({"id": None, "name": None, "arguments": ""})
            self._indexes.append(delta.index)
        call, piece, name = self.all[number], delta.name or "", self.all[number]["name"] or ""
        # Pieces of a name are joined; a name that is repeated, or that grows, is not.
        joined = name if call["arguments"] else name + piece
        call["name"] = (piece if piece.startswith(name) else joined) or None
        call["id"] = call["id"] or delta.id
        # Gateways put an empty object before the pieces, or repeat all arguments at the end.
        replaced, arguments = ("{}", delta.name and delta.text), call["arguments"]
        call["arguments"] = ""  # a text with one reference grows in place, else it is copied
        if delta.text.startswith("{") and arguments in replaced:
            arguments = ""
        arguments += delta.text
        call["arguments"] = arguments
        return number

    def _number_of(self, delta: Delta) -> int | None:
        latest = range(len(self.all) - 1, -1, -1)
        of_id = (n for n in latest if delta.id and self.all[n]["id"] == delta.id)
        if delta.index is None:
            return next(of_id, next(iter(latest), None))
        of_index = next((n for n in latest if self._indexes[n] == delta.index), None)
        if of_index is not None or delta.name:
            return of_index
        # The rest of a call may have another index than its beginning.
        cut = not delta.id and self.all and not _is_whole(self.all[-1]["arguments"])
        return next(of_id, len(self.all) - 1 if cut else None)


def _begins(call: ToolCall, delta: Delta) -> bool:
    # A new id *and* a name begin a call, or a name after arguments that are complete JSON.
    unnamed = not (call["id"] or call["name"])
    if not delta.name or unnamed:
        return False
    if delta.id and delta.id == call["id"]:  # other arguments than those that it repeats
        others = _is_whole(delta.text) and call["arguments"] not in ("{}", delta.text)
        return others and _is_whole(call["arguments"])
    is_new = delta.id and (call["id"] or delta.name != call["name"])
    return bool(is_new) or _is_whole(call["arguments"])


def _is_whole(arguments: str) -> bool:
    return isinstance(parse(arguments), dict | list)
