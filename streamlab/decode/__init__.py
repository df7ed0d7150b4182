"""What the bytes mean: content-encodings, lines, server-sent events, NDJSON.

Standard library only, sans-IO: bytes in, lines and events out.  Nothing in this room
knows a socket or a clock, and nothing raises over what a server sent.

To learn how server-sent events work, read `lines`, then `sse`.
"""

from __future__ import annotations

from streamlab.decode.lines import LineSplitter
from streamlab.decode.ndjson import NDJSONParser
from streamlab.decode.records import (
    BLANK,
    COMMENT,
    DATA,
    EVENT,
    ID,
    JSON,
    KINDS,
    OTHER,
    RETRY,
    TAIL,
    Comment,
    Event,
    Framer,
    Lines,
)
from streamlab.decode.sse import SSEParser
from streamlab.decode.text import TextParser
from streamlab.errors import UnknownNameError

__all__ = [
    "BLANK",
    "COMMENT",
    "DATA",
    "EVENT",
    "FRAMERS",
    "ID",
    "JSON",
    "KINDS",
    "OTHER",
    "RETRY",
    "TAIL",
    "Comment",
    "Event",
    "Framer",
    "LineSplitter",
    "Lines",
    "NDJSONParser",
    "SSEParser",
    "TextParser",
    "framer_for",
]

FRAMERS: dict[str, type[Framer]] = {
    "sse": SSEParser,
    "ndjson": NDJSONParser,
    "text": TextParser,
}
"""The framings by name."""

_NDJSON_TYPES = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/json-lines",
)
_DOCUMENT_TYPES = ("text/html", "application/xhtml+xml", "application/json", "text/json")
_DOCUMENT_SUFFIXES = ("+json", "+xml")  # such as application/problem+json


def framer_for(content_type: str, framing: str | None = None) -> Framer:
    """Return a new framer for a body.

    Parameters
    ----------
    content_type : str
        The value of the header, parameters and all; ``""`` if there was none.
    framing : {"sse", "ndjson", "text"}, optional
        Wins over the content type.

    Returns
    -------
    Framer
        By the media type: SSE, NDJSON, or lines only where it names one document
        (HTML, JSON).  Of no type, ``text/plain`` and all else nothing is certain, and
        they are read as SSE: text that is not SSE has no events under its rules, so
        nothing need be guessed, and no byte waited for.

    Raises
    ------
    UnknownNameError
        If there is no such `framing`.
    """
    if framing is None:
        framing = _framing_of(content_type.partition(";")[0].strip().lower())
    if framing not in FRAMERS:
        raise UnknownNameError("framing", framing, FRAMERS)
    return FRAMERS[framing]()


def _framing_of(media_type: str) -> str:
    if media_type in _NDJSON_TYPES:
        return "ndjson"
    if media_type in _DOCUMENT_TYPES or media_type.endswith(_DOCUMENT_SUFFIXES):
        return "text"
    return "sse"
