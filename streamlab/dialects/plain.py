"""Plain server-sent events, plain NDJSON, plain text: for streams of no other dialect.

Each event is one ``meta`` whose text is its data.  Such a stream has no terminal signal, so
``complete`` is None.
"""

from collections.abc import Sequence
from typing import Literal

from streamlab.dialects.deltas import Delta
from streamlab.dialects.dialect import Ask, Dialect, Message
from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, parse


class PlainReader(Reader):
    """Returns the data of each event."""

    decides = False

    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return one ``meta`` with the data as its text, or the error of a JSON-RPC reply."""
        out = list[Delta]()
        if '"jsonrpc"' in data and '"error"' in data:
            found = parse(data)
            for reply in a_list(found) or [found]:
                out += self._error(a_dict(reply).get("error"))
        return out or [Delta("meta", data)]


class Plain(Dialect):
    """Events of any kind; the user writes the whole request."""

    reader = PlainReader

    def __init__(self, name: str, framing: Literal["sse", "ndjson", "plain"]) -> None:
        self.name, self.framing = name, framing

    def ask(self, model: str, messages: Sequence[Message], body: JSONObject) -> Ask:
        """Return a request whose body is `body`."""
        return Ask("", dict(body))
