"""What every dialect is: how to ask, and what an event adds.

A dialect is one file with one class that satisfies `Dialect`, named in the
table of this room's ``__init__``.  It knows no socket, no clock and no decoder:
it takes the type and the data of events, as text, and returns deltas.

Rules for deltas, the same for all:

- empty strings are no deltas, except the opening of a tool call;
- ``role`` once a choice; ``finish`` once a choice, and again only where the reason
  changes, so the last one wins;
- ``usage`` each time a usage object arrives; its ``value`` is the usage as known
  then (a dialect that must merge has merged already), so the last one wins;
- text that a closing event repeats is not counted again;
- an event without anything to extract is one ``meta``, never an error; only a fragment
  whose text is empty (an event that could say nothing else) adds nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

Kind = Literal[
    "role",
    "content",
    "reasoning",
    "tool_call",
    "refusal",
    "finish",
    "usage",
    "error",
    "done",
    "ping",
    "comment",
    "signature",
    "annotation",
    "meta",
]

GENERATED: frozenset[str] = frozenset({"content", "reasoning", "tool_call", "refusal"})
"""The kinds that the model generated, where a first token may stand."""

Message = Mapping[str, Any]


class Delta(NamedTuple):
    """What one event adds."""

    kind: Kind
    text: str = ""
    choice: int | None = None
    n_tokens: int | None = None  # only where the server reports it for this very delta
    index: int | None = None  # type: ignore[assignment]  # which tool call of the choice
    id: str | None = None  # of a tool call, in its opening
    name: str | None = None  # of the tool, in the opening of its call
    value: Mapping[str, Any] | None = None  # of ``usage`` and ``error``: the object


class Ask(NamedTuple):
    """A request, but for the host: what a dialect makes of a prompt."""

    path: str  # after the base URL, for example ``/chat/completions``
    json: dict[str, Any]
    headers: dict[str, str] = {}  # noqa: RUF012  # never the key
    params: dict[str, str] = {}  # noqa: RUF012


class Reader(Protocol):
    """Reads the events of one stream, in order."""

    terminator: str | None  # the API's own last word, once it came: ``[DONE]``, …
    finished: bool  # finish_reason, stop_reason, response.completed, done:true … came
    failed: bool  # an error object was seen

    def feed(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what an event adds; never raises, whatever stands in it."""
        ...


class Dialect(Protocol):
    """A provider's event format, request and response."""

    name: str
    framing: Literal["sse", "ndjson"]
    base_url: str  # the provider's own, without a slash at the end; "" if it has none
    key_variables: tuple[str, ...]  # environment variables that may hold the key
    base_url_variable: str | None

    def ask(self, model: str, messages: Sequence[Message], body: Mapping[str, Any]) -> Ask:
        """Return the request for `messages`; `body` holds further fields, which win."""
        ...

    def key_header(self, key: str) -> dict[str, str]:
        """Return the header that carries the key."""
        ...

    def reader(self) -> Reader:
        """Return a reader for one stream."""
        ...

    def root(self, value: str) -> str:
        """Return the base URL that a user's setting (variable, argument) stands for."""
        ...

    def recognises(self, path: str, type: str, data: str) -> bool:  # noqa: A002
        """Say whether a URL path and its first event look like this dialect."""
        ...
