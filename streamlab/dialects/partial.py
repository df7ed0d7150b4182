"""Gemini's tool calls in parts: ``partialArgs`` set the leaves of the arguments by path."""

from __future__ import annotations

from streamlab.dialects.deltas import Delta, tool_call
from streamlab.dialects.paths import put, steps, values_at
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text


class PartialCall:
    """One call, until its last part; ``willContinue`` shows whether another part comes.

    Attributes
    ----------
    opened : bool
        The name came.
    """

    # JSON's text cannot be streamed with these parts: a leaf may be set anywhere in the object.
    # So each part is a delta without text, which has the time, and the last one has the text.

    def __init__(self, number: int) -> None:
        self.opened = False
        self._number = number
        self._arguments: dict[str, object] = {}

    def add(self, call: JSONObject, choice: int) -> Delta:
        """Set the leaves of a part; return its delta."""
        self._arguments.update(a_dict(call.get("args")))
        for part in map(a_dict, a_list(call.get("partialArgs"))):
            self._set(part)
        self.opened = self.opened or bool(call.get("name"))
        return tool_call("", self._number, call.get("id"), call.get("name"), choice)

    def whole(self, choice: int) -> Delta:
        """Return the delta with all the arguments."""
        return tool_call(self._arguments, self._number, choice=choice)

    def _set(self, part: JSONObject) -> None:
        leaf = next((part[key] for key in part if key.endswith("Value")), None)
        try:
            path = steps(a_text(part.get("jsonPath")))
        except ValueError:
            return
        if isinstance(leaf, str) and "stringValue" in part:  # a text may come in pieces
            leaf = "".join(map(a_text, values_at(self._arguments, path))) + leaf
        put(self._arguments, path, None if "nullValue" in part else leaf)
