"""Plain server-sent events, nobody's API: ``GET`` or ``POST /sse/<scenario>``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamlab.server.play import SSE, Call
from streamlab.server.script import Script
from streamlab.server.shapes.base import Asked, compact, sse


class PlainSSE:
    """One event a piece of text, nothing before and nothing after."""

    name = "sse"
    content_type = SSE

    def __init__(self, call: Call) -> None:
        self._call = call

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, if this shape answers `path`."""
        scenario = path.removeprefix("/sse/")
        return None if scenario == path else Asked(scenario, stream=True)

    def opening(self, script: Script) -> bytes:
        """Return nothing."""
        return b""

    def piece(self, text: str) -> bytes:
        """Return one event; the space after the colon is the format's, text keeps its own."""
        return sse(text.encode())

    def closing(self, script: Script) -> bytes:
        """Return nothing."""
        return b""

    def whole(self, script: Script) -> bytes:
        """Return the text in a JSON object."""
        return compact({"text": script.text})
