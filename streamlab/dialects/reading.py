"""Typed access to JSON that may be anything.

No data from a server makes these functions raise.  A reader asks for every value with the type
that it should have (`a_dict`, `a_list`, `a_text`, `whole`); a value of another type is treated
as missing.
"""

import json
import re
from collections.abc import Mapping

# A JSON object; the functions below give its values their types.
JSONObject = Mapping[str, object]

_decoder = json.JSONDecoder()
_HALF = re.compile("[\ud800-\udfff]")


def parse(data: str) -> object:
    """Return the JSON value in `data`, or None if it is not JSON.

    A text in it may begin or end with half a surrogate pair; see `halves`.
    """
    try:
        value, end = _decoder.raw_decode(data)  # `decode` would also search for white space
        if end != len(data):
            value = _decoder.decode(data)
    except (ValueError, RecursionError):
        # `raw_decode` does not accept white space before the data.
        return parse(data.strip()) if data != data.strip() else None
    return value


def mended(text: str) -> str:
    """Return text that every encoding takes: halves of a surrogate pair are joined.

    A lone half is U+FFFD.
    """
    # JSON can escape a character above U+FFFF as two surrogates (RFC 8259, section 7).  A
    # server that cuts its text by UTF-16 units sends the halves in two events, so they meet
    # only after the pieces were joined.  UTF-16 is the one codec that joins them.
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def a_dict(value: object) -> dict[str, object]:
    """Return `value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def a_list(value: object) -> list[object]:
    """Return `value` if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def a_text(value: object) -> str:
    """Return `value` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """Return a whole number from 0 to 2**31 - 1, else None; 3.0 and "3" are 3."""
    if isinstance(value, str) and value.isascii() and value[:10].isdigit():
        value = int(value[:11]) if value.isdigit() else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**31:
        return int(value) if value == int(value) else None
    return None


def text_in(value: object) -> str:
    """Return the text of a value that may be text, a part with a text, or a list of parts."""
    if isinstance(value, list):
        return "".join(map(text_in, value))
    keys = ("text", "thinking", "summary", "content")
    inner = [value[key] for key in keys if value.get(key)] if isinstance(value, dict) else []
    return text_in(inner[0]) if inner else a_text(value)
