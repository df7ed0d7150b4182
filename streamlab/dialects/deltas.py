"""The deltas that an event adds; they are the same for all dialects.

Rules:

- an empty string is no delta, except in the opening of a tool call, and in a part of Gemini's
  arguments before the last;
- ``role`` comes once a choice; ``finish`` comes once a choice, and again only if the reason
  changes, so the last one counts;
- ``usage`` comes with each usage object; its ``value`` is the usage as known then, already
  merged where the API splits it, so the last one counts;
- text that a closing event repeats is not counted again;
- an event that adds nothing is one ``meta``, never an error; only an event for text whose text
  is empty gives no delta at all;
- what may be a part of the answer and is not read is ``unread``, and its text names the key.
"""

import json
from collections.abc import Collection
from typing import Literal, NamedTuple

from streamlab.dialects.failures import MESSAGES
from streamlab.dialects.reading import JSONObject, a_text

# The answer, its end, what comes beside it, and what is no answer.
_Said = Literal["role", "content", "reasoning", "tool_call", "refusal", "finish"]
_Beside = Literal["usage", "error", "done", "ping", "comment", "signature", "annotation"]
Kind = Literal[_Said, _Beside, "unread", "meta"]

# The kinds that the model generated.  The first token is in the first delta of these.
GENERATED: frozenset[str] = frozenset({"content", "reasoning", "tool_call", "refusal"})


class Delta(NamedTuple):
    """What one event adds."""

    kind: Kind
    text: str = ""
    choice: int | None = None
    n_tokens: int | None = None  # only where the server reports it for this very delta
    index: int | None = None  # type: ignore[assignment]  # which tool call of the choice
    id: str | None = None  # of a tool call, in its opening
    name: str | None = None  # of the tool, in the opening of its call
    value: JSONObject | None = None  # the object of ``usage`` and ``error``


def encoded(text: str) -> bytes:
    """Return a piece of a text that is kept to its end: strings take more, and are copied."""
    return text.encode("utf-8", "surrogatepass")


def decoded(said: bytearray) -> str:
    """Return the text of `encoded` pieces."""
    return said.decode("utf-8", "surrogatepass")


def text_delta(kind: Kind, value: object, choice: int | None = None) -> list[Delta]:
    """Return a delta with a text; none if `value` is empty, ``unread`` if it is no text."""
    if value and not isinstance(value, str) and kind in GENERATED:
        return [Delta("unread", f"{kind} that is no text", choice)]
    text = a_text(value)
    return [Delta(kind, text, choice)] if text else []


def tool_call(
    arguments: object,
    index: int | None,
    call_id: object = None,
    name: object = None,
    choice: int = 0,
) -> Delta:
    """Return a piece of a tool call; its opening also has an id or a name.

    Some APIs send the arguments as text, in pieces, and others as one object.
    """
    opening = a_text(call_id) or None, a_text(name) or None
    return Delta("tool_call", _as_text(arguments), choice, None, index, *opening)


def unread(found: JSONObject, known: Collection[str], path: str) -> list[Delta]:
    """Return a delta for each key of `found` that is not known and has a text or an object."""
    parts = (key for key, value in found.items() if value and type(value) in (str, list, dict))
    return [Delta("unread", path + key) for key in parts if key not in known]


def meta(name: str) -> list[Delta]:
    """Return the delta of an event that adds nothing; its text is the event's name."""
    return [Delta("meta", "" if name == "message" else name)]


def error(value: object) -> Delta:
    """Return the delta of an error, which may be an object or a sentence."""
    found = value if isinstance(value, dict) else {"message": _as_text(value)}
    named = (found.get(key) for key in (*MESSAGES, "type", "code", "status"))
    return Delta("error", next((_as_text(name) for name in named if name), ""), value=found)


def _as_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
