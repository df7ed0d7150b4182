"""What every shape is: one provider's path, and how it says a script.

A shape is one file with one class that satisfies `Shape`, named in ``SHAPES`` of this
room's ``__init__``.  An instance says one answer, so it may number its events.

Rule: bytes come from the call's seed and the script alone; the same request
gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from streamlab.server.play import Call
from streamlab.server.script import Script

CREATED = 1_760_000_000
"""The Unix time that every answer claims; fixed, so that bytes can be compared."""


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Asked(NamedTuple):
    """What a request asks for."""

    scenario: str
    stream: bool


class Shape(Protocol):
    """One provider's format of an answer."""

    name: str  # the dialect's
    content_type: str

    def __init__(self, call: Call) -> None: ...

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, or None if this shape does not answer `path`."""
        ...

    def opening(self, script: Script) -> bytes:
        """Return the events before the text; may be empty."""
        ...

    def piece(self, text: str) -> bytes:
        """Return the event that adds `text`."""
        ...

    def closing(self, script: Script) -> bytes:
        """Return the events after the text; may be empty."""
        ...

    def whole(self, script: Script) -> bytes:
        """Return the answer as one JSON document, for a request without a stream."""
        ...


def compact(value: Any) -> bytes:
    """Return JSON without spaces, as UTF-8."""
    return _encode(value).encode()


def sse(data: bytes, event: bytes = b"") -> bytes:
    """Return one server-sent event."""
    head = b"event: " + event + b"\n" if event else b""
    return head + b"data: " + data + b"\n\n"
