"""What the readers share: JSON that may be anything, errors in every shape.

Whatever a server sends, reading it never raises.  So every value is asked for
with the type it should have (`a_dict`, `a_list`, `a_text`, `whole`), and what
has another type is treated as if it were not there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from streamlab.dialects.base import Delta
from streamlab.dialects.counting import Counts

__all__ = [
    "BaseReader",
    "Handler",
    "NamedReader",
    "a_dict",
    "a_list",
    "a_text",
    "arguments",
    "error",
    "meta",
    "parse",
    "whole",
]

DONE = "[DONE]"

_decoder = json.JSONDecoder()


def parse(data: str) -> Any:
    """Return the JSON value that `data` is, or None where it is none.

    Lone surrogates (a pair of ``\\ud83d`` escapes cut in two) become U+FFFD: no
    encoder, table or terminal downstream takes them.
    """
    try:
        value, end = _decoder.raw_decode(data)  # spares two searches for white space
        if end != len(data):
            value = _decoder.decode(data)
        if "\\" in data and ("\\ud" in data or "\\uD" in data):
            value = _mended(value)
    except (ValueError, RecursionError):
        return _parse_padded(data)
    return value


def _parse_padded(data: str) -> Any:
    """Take what has white space before it, too."""
    return parse(data.strip()) if data != data.strip() else None


def _mended(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def a_dict(value: Any) -> dict[str, Any]:
    """Return `value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def a_list(value: Any) -> list[Any]:
    """Return `value` if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def a_text(value: Any) -> str:
    """Return `value` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """Return `value` if it is a whole number from 0 to 2**31 - 1, else None."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
    return value if fits else None


def arguments(value: Any) -> str:
    """Return the arguments of a tool call as text: some APIs send an object, whole."""
    return value if isinstance(value, str) else _compact(value) if value is not None else ""


def meta(name: str) -> list[Delta]:
    """Return what an event is that adds nothing, with the name it has, if any."""
    return [Delta("meta", "" if name == "message" else name)]


def error(value: Any) -> Delta:
    """Return the delta of an error, whether it came as an object or as a sentence."""
    found = value if isinstance(value, dict) else {"message": arguments(value)}
    named = (found.get(key) for key in ("message", "type", "code", "status"))
    return Delta("error", next((arguments(name) for name in named if name), ""), value=found)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class BaseReader:
    """What every reader remembers of its stream.

    Attributes
    ----------
    terminator : str or None
        The API's own last word, once it came.
    finished : bool
        Its terminal signal came: a finish reason, ``response.completed``, …
    failed : bool
        An error object was seen, or a finish reason that names a failure.
    decides : bool
        Whether this format has a terminal signal at all; without one nobody can
        say whether a stream is complete.
    counts : Counts
        Its ``source`` says what the ``n_tokens`` of deltas were taken from.
    timings : mapping or None
        What the server itself says it took, where that is not part of the usage.
    """

    decides = True

    def __init__(self) -> None:
        self.terminator: str | None = None
        self.finished = False
        self.failed = False
        self.counts = Counts()
        self.timings: Mapping[str, Any] | None = None
        self._choices: set[int] = set()
        self._reasons: dict[int, str] = {}
        self._roles: set[int] = set()

    def _open(self, choice: int) -> None:
        """Note that a choice exists: the stream has not finished before it has."""
        if choice not in self._choices:
            self._choices.add(choice)
            self.finished = False

    def _role(self, role: Any, choice: int) -> list[Delta]:
        """Once a choice."""
        if not a_text(role) or choice in self._roles:
            return []
        self._roles.add(choice)
        return [Delta("role", role, choice)]

    def _finish(
        self, reason: Any, choice: int = 0, value: Mapping[str, Any] | None = None
    ) -> list[Delta]:
        """Once a choice, and again only where the reason changes."""
        before = self._reasons.get(choice)
        if not a_text(reason) or reason == before:
            return []
        self._reasons[choice] = reason
        self.finished = self._reasons.keys() >= self._choices
        return [Delta("finish", reason, choice, value=value)]

    def _error(self, value: Any) -> list[Delta]:
        if not value:
            return []
        self.failed = True
        return [error(value)]

    def _done(self, word: str) -> list[Delta]:
        self.terminator = self.terminator or word
        return [Delta("done", word)]

    def _bare(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Read an event that is no JSON object."""
        if data.strip() == DONE:
            return self._done(DONE)
        if type == "error":
            return self._error(data or type)
        return [Delta("ping")] if type == "ping" else meta(type)


Handler = Callable[[Any, dict[str, Any], str], list[Delta]]


class NamedReader(BaseReader):
    """Reads events that say what they are: in their JSON, else in the ``event:`` line.

    A subclass names its methods in `handlers`; each takes the event and its name.
    An event that nobody handles is one ``meta``.
    """

    handlers: ClassVar[Mapping[str, Handler]] = {}

    def feed(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one event adds."""
        event = parse(data)
        if not isinstance(event, dict):
            return self._bare(type, data)
        name = a_text(event.get("type")) or type
        if name in self.handlers:
            return self.handlers[name](self, event, name)
        if name == "error" or (event.get("error") and "type" not in event):
            return self._failure(event)
        return [Delta("ping")] if name == "ping" else meta(name)

    def _failure(self, event: dict[str, Any]) -> list[Delta]:
        """Take an error nested under ``error``, or flat, as it is documented for some."""
        flat = {key: event[key] for key in event if key not in ("type", "sequence_number")}
        return self._error(event.get("error") or flat or event)
