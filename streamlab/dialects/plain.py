"""Plain server-sent events and plain NDJSON: for whatever has no dialect.

Each event is one ``meta`` whose text is its data.  Such a stream has no terminal
signal that anybody agreed on, so nobody can say whether it is complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from streamlab.dialects.base import Ask, Delta, Message
from streamlab.dialects.provider import Provider
from streamlab.dialects.reading import BaseReader


class PlainReader(BaseReader):
    """Passes the data of each event on."""

    decides = False

    def feed(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return one ``meta`` with the data as its text."""
        return [Delta("meta", data)]


class Plain(Provider):
    """Events of any kind; the request is the user's own."""

    def __init__(self, framing: Literal["sse", "ndjson"]) -> None:
        self.name = self.framing = framing

    def ask(self, model: str, messages: Sequence[Message], body: Mapping[str, Any]) -> Ask:
        """Return a request that is `body` and nothing else."""
        return Ask("", dict(body))

    def reader(self) -> PlainReader:
        """Return a reader for one stream."""
        return PlainReader()

    def recognises(self, path: str, type: str, data: str) -> bool:  # noqa: A002
        """Return False: this is what remains when no dialect recognises a stream."""
        return False
