"""What the readers share: JSON that may be anything, errors in every shape.

Whatever a server sends, reading it never raises.  So every value is asked for
with the type it should have (`a_dict`, `a_list`, `a_text`, `whole`), and what
has another type is treated as if it were not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamlab.dialects.base import Delta
from streamlab.dialects.counting import Counts

__all__ = [
    "DONE",
    "BaseReader",
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

_loads = json.JSONDecoder().decode


def parse(data: str) -> Any:
    """Return the JSON value that `data` is, or None where it is none.

    Lone surrogates (a pair of ``\\ud83d`` escapes cut in two) become U+FFFD: no
    encoder, table or terminal downstream takes them.
    """
    try:
        value = _loads(data)
        if "\\ud" in data or "\\uD" in data:
            return _mended(value)
    except (ValueError, RecursionError):
        return None
    return value


def _mended(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return _loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


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
        self._reasons: dict[int, str] = {}
        self._roles: set[int] = set()

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
        if not a_text(reason):
            return []
        self.finished = True
        if self._reasons.get(choice) == reason:
            return []
        self._reasons[choice] = reason
        return [Delta("finish", reason, choice, value=value)]

    def _error(self, value: Any) -> list[Delta]:
        if not value:
            return []
        self.failed = True
        return [error(value)]

    def _done(self, word: str) -> list[Delta]:
        self.terminator = self.terminator or word
        return [Delta("done", word)]
