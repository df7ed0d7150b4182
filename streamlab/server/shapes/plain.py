"""Plain streams, of no provider: ``/sse/<scenario>`` and ``/ndjson/<scenario>``.

Both take ``GET`` and ``POST``, and always stream.
"""

from collections.abc import Mapping

from streamlab.server.completion import Completion
from streamlab.server.shapes.base import Asked, Shape, compact, sse


class PlainSSE(Shape):
    """One event a piece of text, nothing before and nothing after."""

    name = "sse"
    path = "/sse/"
    base_path = "/sse/{scenario}"

    @classmethod
    def asked(cls, path: str, body: Mapping[str, object]) -> Asked | None:
        """Return the details that a request names; the scenario is in the path."""
        scenario = path.removeprefix(cls.path)
        return None if scenario == path else Asked(scenario, stream=True)

    def piece(self, text: str) -> bytes:
        """Return one event; text that begins with a space has two after the colon."""
        return sse(text.encode())

    def whole(self, completion: Completion) -> bytes:
        """Return the text in a JSON object."""
        return compact({"text": completion.text})


class PlainNDJSON(PlainSSE):
    """One JSON object a piece of text, nothing before and nothing after."""

    name = "ndjson"
    path = "/ndjson/"
    base_path = "/ndjson/{scenario}"
    content_type = "application/x-ndjson"

    def piece(self, text: str) -> bytes:
        """Return one line."""
        return compact({"text": text}) + b"\n"
