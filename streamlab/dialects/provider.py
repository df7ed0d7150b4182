"""What the requests of most providers have in common.

Messages come as OpenAI has them (``role`` and ``content``), and each dialect turns
them into its provider's shape.  What it does not know it leaves as it is: whoever
writes a provider's own parts or fields gets them sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from streamlab.dialects.base import Message
from streamlab.dialects.reading import a_dict, a_list, a_text, parse


class Provider:
    """Base of the dialects: an unnamed provider that takes a bearer key."""

    name: str
    framing: Literal["sse", "ndjson"] = "sse"
    base_url: str = ""
    key_variables: tuple[str, ...] = ()
    base_url_variable: str | None = None

    def key_header(self, key: str) -> dict[str, str]:
        """Return the header that carries the key."""
        return {"Authorization": f"Bearer {key}"}

    def root(self, value: str) -> str:
        """Return the base URL that a user's setting stands for, without a last slash."""
        return value.strip().rstrip("/")


def event_name(type: str, data: str) -> str:  # noqa: A002
    """Return what an event calls itself: in its JSON, else in its ``event:`` line."""
    return a_text(a_dict(parse(data)).get("type")) or type


def text_of(content: Any) -> str:
    """Return the text of a message's content, a string or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(a_text(a_dict(part).get("text")) for part in a_list(content))


def without_system(messages: Sequence[Message]) -> tuple[str, list[dict[str, Any]]]:
    """Return the system messages as one text, and the others."""
    said = [m for m in messages if m.get("role") in ("system", "developer")]
    others = [dict(m) for m in messages if m not in said]
    return "\n\n".join(text_of(m.get("content")) for m in said), others


def gathered(body: Mapping[str, Any], names: Mapping[str, str], into: str) -> dict[str, Any]:
    """Move the sampling fields that providers share to the object where one wants them.

    At the top level they would mean nothing there; what already stands in the
    object wins.
    """
    moved = {names[key]: value for key, value in body.items() if key in names}
    rest = {key: value for key, value in body.items() if key not in names}
    return {**rest, into: {**moved, **a_dict(rest.get(into))}} if moved else rest
