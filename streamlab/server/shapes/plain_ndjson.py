"""Plain NDJSON, nobody's API: ``GET`` or ``POST /ndjson/<scenario>``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamlab.server.play import Call
from streamlab.server.script import Script
from streamlab.server.shapes.base import Asked, compact


class PlainNDJSON:
    """One JSON object a piece of text, nothing before and nothing after."""

    name = "ndjson"
    content_type = "application/x-ndjson"

    def __init__(self, call: Call) -> None:
        self._call = call

    @staticmethod
    def asked(path: str, body: Mapping[str, Any]) -> Asked | None:
        """Say what is asked for, if this shape answers `path`."""
        scenario = path.removeprefix("/ndjson/")
        return None if scenario == path else Asked(scenario, stream=True)

    def opening(self, script: Script) -> bytes:
        """Return nothing."""
        return b""

    def piece(self, text: str) -> bytes:
        """Return one line."""
        return compact({"text": text}) + b"\n"

    def closing(self, script: Script) -> bytes:
        """Return nothing."""
        return b""

    def whole(self, script: Script) -> bytes:
        """Return the text in a JSON object."""
        return compact({"text": script.text})
