"""What most providers have in common: a key in a header, a base URL, nothing else."""

from __future__ import annotations

from typing import Literal

from streamlab.dialects.reading import a_dict, a_text, parse


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
    """Return what a named event calls itself: in its JSON, or in its ``event:`` line."""
    return a_text(a_dict(parse(data)).get("type")) or type
