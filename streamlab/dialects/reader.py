"""The base of the readers: the state of one stream, and events that have names."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from streamlab.dialects.counting import Counts
from streamlab.dialects.deltas import Delta, error, meta, text_delta
from streamlab.dialects.failures import failure_of
from streamlab.dialects.pieces import Pieces
from streamlab.dialects.reading import JSONObject, a_dict, a_text, parse
from streamlab.dialects.usage import merged

DONE = "[DONE]"
# Words that some servers send in place of a finish reason, in lower case.
NO_REASONS = frozenset({"", "null", "none", "undefined", "finish_reason_unspecified"})
# The text of the `unread` of an event that should be JSON.
NOT_JSON = "not JSON"
KEEP_ALIVES = frozenset({"ping", "heartbeat", "keepalive", "keep-alive", "keep_alive"})


class Reader(ABC):
    """Reads the events of one stream, in order."""

    decides = True  # the format has a terminal signal

    def __init__(self) -> None:
        self.terminator: str | None = None  # the API's, once it came
        self.finished = False  # the terminal signal came: a finish, ``response.completed``, …
        self.failed = False  # an error came, or a finish reason that means a failure
        self.counts = Counts()
        self.timings: JSONObject | None = None  # the server's own, beside the usage
        self.summarised = False  # the reasoning is a summary: the server counts other tokens
        self._usage: JSONObject = {}
        self.pieces = Pieces()
        self._climbs = False
        self._choices: set[int] = set()
        self._reasons: dict[int, str] = {}
        self._roles: set[int] = set()

    @abstractmethod
    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what an event adds; no data make it raise."""

    def feed(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what an event adds, in whole characters."""
        out = self.read(type, data)
        return self.pieces.feed(out) if self.pieces.concern(data) else out

    def close(self) -> list[Delta]:
        """Return what waited for a next event, at the end of the stream."""
        return self.pieces.close()

    def split_think_tags(self) -> None:
        """Read content in ``<think>`` tags as reasoning from now on."""
        self.pieces = Pieces(split_tags=True)

    @property
    def is_one_answer(self) -> bool:
        """Whether the numbers of the choices only grow, and so count tokens, not answers."""
        enough = 1 if self.terminator else 2  # two choices that were cut off look the same
        return self._climbs and len(self._reasons) <= 1 and len(self._choices) > enough

    @property
    def complete(self) -> bool | None:
        """True if the terminal signal came and no error; None if the format has no signal."""
        finished = self.finished or (self.is_one_answer and bool(self._reasons))
        return finished and not self.failed if self.decides or self.failed else None

    def _open(self, choice: int) -> None:
        # The stream finishes only after all choices that exist.
        if choice not in self._choices:
            self._choices.add(choice)
            self.finished = False

    def _role(self, role: object, choice: int) -> list[Delta]:
        out = [] if choice in self._roles else text_delta("role", role, choice)
        if out:
            self._roles.add(choice)
        return out

    def _finish(
        self, reason: object, choice: int = 0, value: JSONObject | None = None
    ) -> list[Delta]:
        """Return the finish reason, once a choice and again only if it changes."""
        word = a_text(reason)
        if word.strip().lower() in NO_REASONS or word == self._reasons.get(choice):
            return []
        self._reasons[choice] = word
        self.finished = self._reasons.keys() >= self._choices
        return [Delta("finish", word, choice, value=value or None)]

    def _used(self, usage: object) -> list[Delta]:
        if not isinstance(usage, dict):
            return []
        self._usage = merged(self._usage, usage)
        return [Delta("usage", value=self._usage)]

    def _error(self, value: object) -> list[Delta]:
        self.failed = self.failed or bool(value)
        return [error(value)] if value else []

    def _done(self, word: str) -> list[Delta]:
        self.terminator = self.terminator or word
        return [Delta("done", word)]

    def _bare(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        said = data.strip()
        word = said[:20].lower()
        if word.strip('"') == DONE.lower():
            return self._done(DONE)
        # A gateway's error may be glued to an event that was cut.
        glued = failure_of(a_dict(parse(said.rpartition("\n")[2])))
        if type == "error" or glued:
            return self._error(glued or data or type)
        if type == "ping" or word in KEEP_ALIVES:
            return [Delta("ping")]
        # A relay's own events have names, and their data may be any text.
        if said and (type == "message" or said[0] in "{[") and said != "null":
            return [Delta("unread", NOT_JSON)]
        return meta(type)


# The ends of names of events that have a piece of the answer.
_PIECES = ("delta", "partial_image")

# A method of a `NamedReader`: takes the reader, an event and the event's name.
Handler = Callable[[Any, JSONObject, str], list[Delta]]


class NamedReader(Reader):
    """Reads events that have names, in their JSON or else in the ``event:`` line.

    A subclass lists its methods in `handlers`.  An event without a handler is one ``meta``.
    """

    handlers: ClassVar[Mapping[str, Handler]] = {}

    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
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
        if name == "error" or ("type" not in event and failure_of(event)):
            return self._failure(event)
        if name.endswith(_PIECES):
            return [Delta("unread", name)]
        return [Delta("ping")] if name == "ping" else meta(name)

    def _failure(self, event: JSONObject) -> list[Delta]:
        # OpenAI documents the flat shape for its Responses API and sends the nested one
        # (openai/openai-python#2487, openai/openai-dotnet#881).
        flat = {key: event[key] for key in event if key not in ("type", "sequence_number")}
        return self._error(failure_of(flat) or flat or event)
