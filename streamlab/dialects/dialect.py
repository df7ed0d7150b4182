"""The base of all dialects, with the parts that the requests of most providers share.

A dialect is one file with one subclass of `Dialect`, listed in this room's ``__init__``.  It
has no socket, no clock and no decoder: it takes the type and the data of events, as text, and
returns deltas.

Messages come in OpenAI's form (``role`` and ``content``), and each dialect converts them to its
provider's form.  Parts and fields that a dialect does not know stay unchanged, so the user can
send a provider's own fields.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, parse

Message = JSONObject


class Ask(NamedTuple):
    """A request without its host."""

    path: str  # after the base URL, for example ``/chat/completions``
    json: dict[str, object]
    headers: dict[str, str] = {}  # noqa: RUF012  # never the key
    params: dict[str, str] = {}  # noqa: RUF012


class Dialect(ABC):
    """A provider's event format, request and response.

    Attributes
    ----------
    name : str
    framing : {"sse", "ndjson", "plain"}
    base_url : str
        The provider's own, without a slash at the end; ``""`` if it has none.
    key_variables : tuple of str
        The environment variables that may hold the key.
    base_url_variable : str or None
    paths : tuple of str
        The ends of the URL paths of this API.
    reader : class
        Called without arguments, makes a `Reader` for one stream.
    """

    name: str
    framing: Literal["sse", "ndjson", "plain"] = "sse"
    base_url: str = ""
    key_variables: tuple[str, ...] = ()
    base_url_variable: str | None = None
    paths: tuple[str, ...] = ()
    reader: type[Reader]

    @abstractmethod
    def ask(self, model: str, messages: Sequence[Message], body: JSONObject) -> Ask:
        """Return the request for `messages`; the fields in `body` replace others."""

    @abstractmethod
    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an event has the shape of this dialect."""

    def recognises_path(self, path: str) -> bool:
        """Return True if a URL path ends with one of `paths`."""
        return path.rstrip("/").endswith(self.paths)

    def key_header(self, key: str) -> dict[str, str]:
        """Return the header that carries the key."""
        return {"Authorization": f"Bearer {key}"}

    def root(self, value: str) -> str:
        """Return the base URL for a user's setting (variable, argument)."""
        return value.strip().rstrip("/")


def event_name(type: str, data: str) -> str:  # noqa: A002
    """Return the name of an event, from its JSON or else from its ``event:`` line."""
    return a_text(a_dict(parse(data)).get("type")) or type


def text_of(content: object) -> str:
    """Return the text of a message's content: a string, or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(a_text(a_dict(part).get("text")) for part in a_list(content))


def without_system(messages: Sequence[Message]) -> tuple[str, list[dict[str, object]]]:
    """Return the system messages as one text, and the other messages."""
    system = [m for m in messages if m.get("role") in ("system", "developer")]
    others = [dict(m) for m in messages if m not in system]
    return "\n\n".join(text_of(m.get("content")) for m in system), others


def gathered(body: JSONObject, names: Mapping[str, str], into: str) -> dict[str, object]:
    """Move sampling fields such as ``temperature`` into the object ``body[into]``.

    `names` maps OpenAI's names to the provider's.  A field that the object already has is kept.
    """
    moved = {names[key]: value for key, value in body.items() if key in names}
    rest = {key: value for key, value in body.items() if key not in names}
    return {**rest, into: {**moved, **a_dict(rest.get(into))}} if moved else rest
