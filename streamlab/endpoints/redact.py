"""Masks secrets: keys, cookies, and values with a name that looks like the name of a key.

Rule: all metadata of a recording passes through here first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

MASK = "***"

_SECRET_NAME = re.compile(
    r"(^|[-_.])(authorization|auth|cookie|secret|password|passwd|credentials?|signature|sig"
    r"|key|apikey|token|jwt|session)$|api[-_]?key|secret|set-cookie|authorization",
    re.IGNORECASE,
)
_SHORTEST_SECRET = 6
_SHORTEST_ELSEWHERE = 16
"""Characters.  A shorter value is not masked, so ``key=assistant`` masks no word of an
answer."""


def is_secret_name(name: str) -> bool:
    """Return whether a header, parameter or body field of this name has a secret value."""
    return _SECRET_NAME.search(name) is not None


def headers(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return headers as pairs, with the values of secret ones masked."""
    return [[name, MASK if is_secret_name(name) else value] for name, value in pairs]


def url(text: str) -> str:
    """Return a URL without user, password and the values of key-like parameters."""
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    masked = [(name, MASK if is_secret_name(name) else value) for name, value in pairs]
    query = urlencode(masked, quote_via=quote, safe="*:/") if masked else parts.query
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def body(value: object) -> object:
    """Return a JSON value with the values of secret-like fields masked, at any depth."""
    if isinstance(value, Mapping):
        return {
            str(name): MASK
            if is_secret_name(str(name)) and isinstance(item, str)
            else body(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [body(item) for item in value]
    return value


def secrets_asked(url: str, fields: object) -> tuple[str, ...]:
    """Return the secret values in a URL and a JSON body."""
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query) if is_secret_name(k)]
    values = [v for _, raw in query for v in (raw, quote(raw, safe=""))]
    values += [unquote(parts.password or ""), *_fields(fields)]
    return tuple(v for v in dict.fromkeys(values) if len(v) >= _SHORTEST_ELSEWHERE)


def _fields(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [
            found
            for name, item in value.items()
            for found in (
                [item] if isinstance(item, str) and is_secret_name(str(name)) else _fields(item)
            )
        ]
    if isinstance(value, list | tuple):
        return [found for item in value for found in _fields(item)]
    return []


def secrets_in(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the secret values in headers, each also without its scheme."""
    values = [value for name, value in pairs if is_secret_name(name)]
    bare = [value.partition(" ")[2] for value in values]
    return tuple(v for v in dict.fromkeys(values + bare) if len(v) >= _SHORTEST_SECRET)


def text(message: str, secrets: Iterable[str]) -> str:
    """Return a message with known secrets masked."""
    for secret in secrets:
        message = message.replace(secret, MASK)
    return message


def mask_bytes(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """Return bytes with known secrets overwritten by as many asterisks.

    A server may echo a key.  The length stays the same, so offsets and stamps stay true.
    """
    for secret in secrets:
        if secret in data:
            data = data.replace(secret, b"*" * len(secret))
    return data
