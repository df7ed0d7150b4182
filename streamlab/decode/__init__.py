"""What the bytes mean: content-encodings, lines, server-sent events, NDJSON.

Standard library only, sans-IO: bytes in, lines and events out.  This room has no socket and
no clock, and no bytes from a server make it raise.

To learn how server-sent events work, read `lines`, then `sse`.
"""

import re

# "import x as x" says that the name is public here.
from streamlab.decode.lines import LineSplitter as LineSplitter
from streamlab.decode.ndjson import NDJSONParser as NDJSONParser
from streamlab.decode.records import BLANK as BLANK
from streamlab.decode.records import DATA as DATA
from streamlab.decode.records import EVENT as EVENT
from streamlab.decode.records import JSON as JSON
from streamlab.decode.records import KINDS as KINDS
from streamlab.decode.records import OTHER as OTHER
from streamlab.decode.records import TAIL as TAIL
from streamlab.decode.records import Body as Body
from streamlab.decode.records import Comment as Comment
from streamlab.decode.records import Event as Event
from streamlab.decode.records import Framer as Framer
from streamlab.decode.records import Lines as Lines
from streamlab.decode.sse import SSEParser as SSEParser
from streamlab.decode.text import PlainParser as PlainParser
from streamlab.decode.text import TextParser as TextParser

# The framings by name.
FRAMERS: dict[str, type[Framer]] = {
    "sse": SSEParser,
    "ndjson": NDJSONParser,
    "plain": PlainParser,
    "text": TextParser,
}

_NDJSON_TYPE = re.compile(r"application/(x-)?(ndjson|jsonl|jsonlines|json-lines|stream\+json)")
_JSON_TYPES = ("application/json", "text/json")
_DOCUMENT_ENDS = ("/html", "/json", "+json", "+xml")  # such as application/problem+json
_VAGUE_TYPES = ("", "text/plain", "application/octet-stream")
_SSE_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")


def framing_of(content_type: str, start: bytes = b"", usual: str | None = None) -> str:
    """Return the name of the framing of a body.

    The media type decides between ``sse``, ``ndjson`` and, for one document (HTML, JSON),
    ``text``.  There are two exceptions.  A body of type JSON that begins with a field of SSE is
    SSE.  Without a type, or with ``text/plain`` or ``application/octet-stream``, the first
    bytes decide, then `usual`, the usual framing at the URL.  Without it, ``text/plain`` is
    ``plain``, a stream of lines; a line that begins with an object is NDJSON, all else is SSE.
    """
    # Both exceptions are from practice: relays that send SSE as application/json, and servers
    # that send no type.  SSE is a safe default: text that is not SSE has no events under the
    # rules of SSE, so a wrong guess invents none.
    media_type = content_type.partition(";")[0].strip().lower()
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if media_type in _VAGUE_TYPES:
        if _begins_sse(start):
            return "sse"
        if not start.startswith(b"{"):
            is_plain = start and media_type == "text/plain" and usual != "sse"
            return "plain" if is_plain else usual or "sse"
        is_pretty = start.startswith((b"{\n", b"{\r"))  # one object over many lines
        return usual or ("sse" if is_pretty else "ndjson")
    if _NDJSON_TYPE.fullmatch(media_type):
        return "ndjson"
    if media_type in _JSON_TYPES and _begins_sse(start):
        return "sse"
    return "text" if media_type.endswith(_DOCUMENT_ENDS) else "sse"


def _begins_sse(start: bytes) -> bool:
    """Return True if text begins with a field of SSE, or with a part of one."""
    return bool(start) and any(
        start[: len(field)] == field[: len(start)] for field in _SSE_STARTS
    )
