"""The message in an error that a server sent, in any known shape."""

import json
import re
from collections.abc import Mapping

from streamlab.decode.content import content_decoder
from streamlab.dialects.failures import MESSAGES
from streamlab.dialects.reading import parse
from streamlab.follow.text import one_line

_KEYS = ("error", *MESSAGES)
_DEPTH = 4  # objects within objects: deeper ones are printed as JSON


def message_of(value: object) -> str:
    """Return the message of an error object, a list of them, or a sentence."""
    for _ in range(_DEPTH):
        if isinstance(value, list) and value:
            value = value[0]
        if not isinstance(value, Mapping):
            break
        inner = next((value[key] for key in _KEYS if value.get(key)), None)
        if inner is None:
            return sentence(json.dumps(dict(value), ensure_ascii=False))
        value = inner
    return sentence(str(value))


def message_of_body(body: bytes) -> str:
    """Return the message of a body that refuses the request; "" for a page or binary data."""
    if body.startswith(b"\x1f\x8b"):  # gzip without a header that says so
        body = content_decoder("gzip").feed(body)
    try:
        return message_of(json.loads(body))
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace").strip()
        is_binary = re.search("[\\0-\\x08]", text) or text.count("\ufffd") >= 4 + len(text) / 20
        return "" if is_binary or text.startswith("<") else sentence(text)


def message_in(text: str) -> str | None:
    """Return the message if text is an error object, bare or in a field of SSE; else None."""
    name, _, value = text.strip().partition(":")
    field = name if name in ("data", "error") else ""
    found = parse(value if field else text)
    found = found[0] if isinstance(found, list) and found else found
    named = isinstance(found, Mapping) and (field == "error" or found.get("error"))
    return message_of(found) if named else None


def sentence(text: str) -> str:
    """Return text as one line of at most 400 characters, without a full stop."""
    return one_line(" ".join(text.split()), 400).rstrip(".")
