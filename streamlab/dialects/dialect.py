"""The base of all dialects, with the parts that the requests of most providers share.

A dialect is one file with one subclass of `Dialect`, listed in this room's ``__init__``.  It
has no socket, no clock and no decoder: it takes the type and the data of events, as text, and
returns deltas.

Messages come in OpenAI's form (``role`` and ``content``), and each dialect converts them to its
provider's form.  Parts and fields that a dialect does not know stay unchanged, so the user can
send a provider's own fields.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, parse

Message = JSONObject

SAMPLING = ("temperature", "top_p", "top_k", "max_tokens", "seed")


class Ask(NamedTuple):
    """A request without its host."""

    path: str  # after the base URL, for example ``/chat/completions``
    json: dict[str, object]
    headers: dict[str, str] = {}  # noqa: RUF012  # never the key
    params: dict[str, str] = {}  # noqa: RUF012


class Dialect:
    """A provider's event format, request and response."""

    name: str
    framing: Literal["sse", "ndjson", "plain"] = "sse"
    base_url: str = ""  # the provider's own, without a slash at the end
    key_variables: tuple[str, ...] = ()  # of the environment
    key_header_name = ""  # "" for a bearer token
    base_url_variable: str | None = None
    paths: tuple[str, ...] = ()  # the ends of the URL paths; requests go to the first
    headers: Mapping[str, str] = {}
    sampling_field = ""  # of the body, for `SAMPLING`; "" where they stay
    renamed: Mapping[str, str] = {}  # the provider's names of `SAMPLING`, where they differ
    reader: type[Reader]  # makes the reader of one stream
    names: Collection[str] = ()  # of events that no other dialect has

    def ask(self, model: str, messages: Sequence[Message], body: JSONObject) -> Ask:
        """Return the request for `messages`; the fields in `body` replace others.

        Sampling fields move to where the API expects them.
        """
        asked = {"model": model, **self.asked(messages), "stream": True}
        return Ask(self.paths[0], {**asked, **self.gathered(body)}, dict(self.headers))

    def asked(self, messages: Sequence[Message]) -> dict[str, object]:
        """Return the fields of a request that hold the messages."""
        return {"messages": [dict(m) for m in messages]}

    def gathered(self, body: JSONObject) -> dict[str, object]:
        """Move the sampling fields of a body into its `sampling_field`; what is there stays."""
        into, names = self.sampling_field, SAMPLING if self.sampling_field else ()
        moved = {self.renamed.get(key, key): body[key] for key in body if key in names}
        rest = {key: value for key, value in body.items() if key not in names}
        return {**rest, into: {**moved, **a_dict(rest.get(into))}} if moved else rest

    def recognises_event(self, type: str, data: str) -> bool:  # noqa: A002
        """Return True if an event has the shape of this dialect."""
        return event_name(type, data) in self.names

    def recognises_path(self, path: str) -> bool:
        """Return True if a URL path ends with one of `paths`."""
        return path.rstrip("/").endswith(self.paths)

    def key_header(self, key: str) -> dict[str, str]:
        """Return the header that carries the key."""
        name = self.key_header_name
        return {name: key} if name else {"Authorization": f"Bearer {key}"}

    def root(self, value: str) -> str:
        """Return the base URL for a user's setting (variable, argument)."""
        return value.strip().rstrip("/")


def event_name(type: str, data: str) -> str:  # noqa: A002
    """Return the name of an event, from its JSON or else from its ``event:`` line."""
    return a_text(a_dict(parse(data)).get("type")) or type


def text_of(content: object) -> str:
    """Return the text of a message's content: a string, or a list of parts."""
    parts = (a_text(a_dict(part).get("text")) for part in a_list(content))
    return content if isinstance(content, str) else "".join(parts)


def without_system(messages: Sequence[Message]) -> tuple[str, list[dict[str, object]]]:
    """Return the system messages as one text, and the other messages."""
    system = [m for m in messages if m.get("role") in ("system", "developer")]
    others = [dict(m) for m in messages if m not in system]
    return "\n\n".join(text_of(m.get("content")) for m in system), others
