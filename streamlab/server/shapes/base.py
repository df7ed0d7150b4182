"""The base of all shapes: a path, and the format of a completion.

An instance renders one response, so it may number its events.

Rule: bytes depend on the request's seed and the completion alone, so the same request gives the
same bytes.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from random import Random
from typing import ClassVar, NamedTuple

from streamlab.server.completion import Completion
from streamlab.server.response import SSE, Request

# The Unix time of every response; fixed, so that bytes can be compared.
CREATED = 1_760_000_000
DONE = b"data: [DONE]\n\n"  # the last event of OpenAI's and Cohere's streams
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Asked(NamedTuple):
    """The scenario that a request names, and whether the response is to be a stream."""

    scenario: str
    stream: bool


class Shape(ABC):
    """One provider's format of a response."""

    name: ClassVar[str]  # the dialect's
    path: ClassVar[str]  # where requests are sent
    other_paths: ClassVar[tuple[str, ...]] = ()  # more paths with this format
    base_path: ClassVar[str] = ""  # between the lab's URL and the path that the dialect adds
    content_type: ClassVar[str] = SSE
    # Whether a request without the field ``stream`` gets a stream.
    streams_by_default: ClassVar[bool] = False

    def __init__(self, request: Request) -> None:
        self._request = request

    def identifier(self, n_bytes: int) -> str:
        """Return an identifier, the same for the same request."""
        return random_of(self._request).randbytes(n_bytes).hex()

    @classmethod
    def asked(cls, path: str, body: Mapping[str, object]) -> Asked | None:
        """Return the details that a request names; None if this shape does not serve `path`."""
        if path not in (cls.path, *cls.other_paths):
            return None
        stream = body.get("stream", cls.streams_by_default)
        return Asked(str(body.get("model", "")), bool(stream))

    def opening(self, completion: Completion) -> bytes:
        """Return the events before the text; may be empty."""
        return b""

    @abstractmethod
    def piece(self, text: str) -> bytes:
        """Return the event that adds `text`."""

    def closing(self, completion: Completion) -> bytes:
        """Return the events after the text; may be empty."""
        return b""

    @abstractmethod
    def whole(self, completion: Completion) -> bytes:
        """Return the completion as one JSON document, for a request without a stream."""


def random_of(request: Request) -> Random:
    """Return the source of a response's identifiers."""
    # The seed is text, which `Random` hashes in the same way in every process.  A hash() of the
    # two would differ between two labs.
    return Random(f"{request.scenario} {request.seed}")


def compact(value: object) -> bytes:
    """Return JSON without spaces, as UTF-8."""
    return _encode(value).encode()


def sse(data: bytes, event: bytes = b"") -> bytes:
    """Return one server-sent event."""
    head = b"event: " + event + b"\n" if event else b""
    return head + b"data: " + data + b"\n\n"


def typed_event(kind: str, **fields: object) -> bytes:
    """Return one server-sent event of JSON, whose name is repeated as its ``type``."""
    return sse(compact({"type": kind, **fields}), kind.encode())
