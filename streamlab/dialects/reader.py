"""The base of the readers: the state of one stream, and events that have names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from streamlab.dialects.counting import Counts
from streamlab.dialects.deltas import Delta, error, meta, text_delta
from streamlab.dialects.reading import JSONObject, a_text, parse

DONE = "[DONE]"


class Reader(ABC):
    """Reads the events of one stream, in order.

    Attributes
    ----------
    terminator : str or None
        The API's terminator, once it came.
    finished : bool
        The terminal signal came: a finish reason, ``response.completed``, …
    failed : bool
        An error object came, or a finish reason that means a failure.
    decides : bool
        The format has a terminal signal.
    timings : mapping or None
        The server's own timings, where they are not part of the usage.
    """

    decides = True

    def __init__(self) -> None:
        self.terminator: str | None = None
        self.finished = False
        self.failed = False
        self.counts = Counts()
        self.timings: JSONObject | None = None
        self._choices: set[int] = set()
        self._reasons: dict[int, str] = {}
        self._roles: set[int] = set()

    @abstractmethod
    def feed(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what an event adds; no data make it raise."""

    @property
    def complete(self) -> bool | None:
        """True if the terminal signal came and no error; None if the format has no signal."""
        return self.finished and not self.failed if self.decides or self.failed else None

    @property
    def token_source(self) -> str | None:
        """The field that the ``n_tokens`` of deltas were taken from."""
        return self.counts.source

    def _open(self, choice: int) -> None:
        """Record that a choice exists; the stream finishes only after this choice."""
        if choice not in self._choices:
            self._choices.add(choice)
            self.finished = False

    def _role(self, role: object, choice: int) -> list[Delta]:
        """Return the role, once a choice."""
        out = [] if choice in self._roles else text_delta("role", role, choice)
        if out:
            self._roles.add(choice)
        return out

    def _finish(
        self, reason: object, choice: int = 0, value: JSONObject | None = None
    ) -> list[Delta]:
        """Return the finish reason, once a choice and again only if it changes."""
        word = a_text(reason)
        if not word or word == self._reasons.get(choice):
            return []
        self._reasons[choice] = word
        self.finished = self._reasons.keys() >= self._choices
        return [Delta("finish", word, choice, value=value)]

    def _error(self, value: object) -> list[Delta]:
        if not value:
            return []
        self.failed = True
        return [error(value)]

    def _done(self, word: str) -> list[Delta]:
        self.terminator = self.terminator or word
        return [Delta("done", word)]

    def _bare(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Read an event whose data are not a JSON object."""
        if data.strip() == DONE:
            return self._done(DONE)
        if type == "error":
            return self._error(data or type)
        return [Delta("ping")] if type == "ping" else meta(type)


Handler = Callable[[Any, JSONObject, str], list[Delta]]
"""A method of a `NamedReader`: takes the reader, an event and the event's name."""


class NamedReader(Reader):
    """Reads events that have names, in their JSON or else in the ``event:`` line.

    A subclass lists its methods in `handlers`.  An event without a handler is one ``meta``.
    """

    handlers: ClassVar[Mapping[str, Handler]] = {}

    def feed(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one event adds."""
        event = parse(data)
        if not isinstance(event, dict):
            return self._bare(type, data)
        # The JSON's name is used: OpenRouter sends no `event:` lines, and Bedrock sends them
        # after the data, so that a reader which remembers the last `event:` line mislabels
        # every event.
        name = a_text(event.get("type")) or type
        if name in self.handlers:
            return self.handlers[name](self, event, name)
        if name == "error" or (event.get("error") and "type" not in event):
            return self._failure(event)
        return [Delta("ping")] if name == "ping" else meta(name)

    def _failure(self, event: JSONObject) -> list[Delta]:
        """Read an error, nested under ``error`` or flat."""
        # OpenAI documents the flat shape for its Responses API and sends the nested one
        # (openai/openai-python#2487, openai/openai-dotnet#881).
        flat = {key: event[key] for key in event if key not in ("type", "sequence_number")}
        return self._error(event.get("error") or flat or event)
