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
    "framing_of",
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
_JSON_TYPES = ("application/json", "text/json")
_DOCUMENT_TYPES = ("text/html", "application/xhtml+xml", *_JSON_TYPES)
_DOCUMENT_SUFFIXES = ("+json", "+xml")  # such as application/problem+json
_VAGUE_TYPES = ("", "text/plain", "application/octet-stream")
_SSE_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")


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
        As `framing_of` says, where no `framing` is given.

    Raises
    ------
    UnknownNameError
        If there is no such `framing`.
    """
    framing = framing_of(content_type) if framing is None else framing
    if framing not in FRAMERS:
        raise UnknownNameError("framing", framing, FRAMERS)
    return FRAMERS[framing]()


def framing_of(content_type: str, start: bytes = b"", usual: str | None = None) -> str:
    """Return the name of the framing that a body is in.

    The media type decides: SSE, NDJSON, or lines only where it names one document (HTML,
    JSON).  Two kinds of it are not believed.  JSON that begins as no JSON can, with a field
    of SSE, is SSE, for there are relays that mislabel it.  No type, ``text/plain`` and
    ``application/octet-stream`` say nothing, and the bytes do, then `usual`.

    Parameters
    ----------
    content_type : str
        The value of the header, parameters and all; ``""`` if there was none.
    start : bytes
        What there is of the body, and be it one byte: nothing is waited for.
    usual : {"sse", "ndjson"}, optional
        What is usual at the URL.  Where nothing is, an object at the start of a line that
        goes on is NDJSON, and all else SSE: text that is not SSE has no events under its
        rules, so nothing need be guessed.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if media_type in _VAGUE_TYPES:
        return "sse" if _begins_sse(start) else usual or _framing_of_text(start)
    if media_type in _NDJSON_TYPES:
        return "ndjson"
    if media_type in _JSON_TYPES and _begins_sse(start):
        return "sse"
    document = media_type in _DOCUMENT_TYPES or media_type.endswith(_DOCUMENT_SUFFIXES)
    return "text" if document else "sse"


def _begins_sse(start: bytes) -> bool:
    """Say whether text begins with a field of SSE, as far as it goes."""
    return bool(start) and any(
        start[: len(field)] == field[: len(start)] for field in _SSE_STARTS
    )


def _framing_of_text(start: bytes) -> str:
    pretty = start.startswith((b"{\n", b"{\r"))  # one object over many lines
    return "ndjson" if start.startswith(b"{") and not pretty else "sse"
