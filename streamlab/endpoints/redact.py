"""Masks secrets: keys, cookies, and values with a name that looks like the name of a key.

Rule: all metadata of a recording passes through here first.  `echoes` finds the same secrets in
bodies.
"""

import re
import warnings
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from inspect import currentframe
from urllib.parse import unquote, urlsplit, urlunsplit

from streamlab.endpoints.echoes import Echoes
from streamlab.errors import UsageError

MASK = "***"
NONE = Echoes(())
_SECRET_NAME = re.compile(
    r"(^|[-_.])(auth|bearer|cookies?|credentials?|jwt|key|pass|passphrase|passwd|passwords?|pwd"
    r"|sess(ion)?([-_]?id)?|(hmac|sig|signature)([-_]?sha)?[-_]?\d*|token|t?otp|pin|passcode|sas"
    r"|assertion|dsn)$"
    r"|(access|api|private)[-_]?key|authorization|secret|set-cookie|connection[-_]?string|saml"
    r"|(access|auth|bearer|csrf|id|refresh|sas|security|session)[-_]?token$|sessid$"
    r"|code[-_]?verifier$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")  # of accessToken
# Fields of JSON schema whose own fields are names of a user's parameters, without values.
_SCHEMA_NAMES = ("properties", "patternProperties", "$defs", "definitions")

_QUERY = re.compile(r"([?&;])([^?=&;#\s\"'<>]{1,100})=([^&;#\s\"'<>]*)")
_USERINFO = re.compile(r"(://)([^\s/?#\"'<>]*)@")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # a tab is allowed within a header's value
_SCHEME = re.compile(r"[A-Za-z][\w-]* +(?=\S+$)")
_SHORTEST_SECRET = 6
# Characters.  A shorter value is not masked, so ``key=assistant`` masks no word of an answer.
_SHORTEST_ELSEWHERE = 16
# The most secrets of a body: every piece of the response is searched for each of them.
_MOST_FIELDS = 100


def is_secret_name(name: str) -> bool:
    """Return whether a header, parameter or body field of this name has a secret value."""
    return _SECRET_NAME.search(_WORDS.sub("_", name)) is not None


def headers(pairs: Iterable[tuple[str, str]], known: Echoes = NONE) -> list[list[str]]:
    """Return headers as pairs, with the values of secret ones and known secrets masked."""
    return [
        [text(name, known), MASK if is_secret_name(name) else text(value, known)]
        for name, value in pairs
    ]


def url(address: str) -> str:
    """Return a URL without user, password, fragment and the values of key-like parameters."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return _masked(urlunsplit((parts.scheme, host, parts.path, parts.query, "")))


def body(value: object, known: Echoes = NONE, are_names: bool = False) -> object:
    """Return a JSON value with secret-like fields and known secrets masked, at any depth.

    `are_names`: the fields are a schema's properties.
    """
    if isinstance(value, Mapping):
        return {
            text(str(name), known): MASK
            if _is_secret_field(str(name), item, are_names)
            else body(item, known, name in _SCHEMA_NAMES)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [body(item, known) for item in value]
    return text(value, known) if isinstance(value, str) else value


def _is_secret_field(name: str, value: object, are_names: bool) -> bool:
    is_schema = are_names and isinstance(value, Mapping)
    return not (value is None or isinstance(value, bool) or is_schema) and is_secret_name(name)


def secrets_asked(url: str, fields: object) -> tuple[str, ...]:
    """Return the secret values in a URL and a JSON body."""
    values = dict.fromkeys([*_in_text(url), *_fields(fields)])
    return tuple(v for v in values if len(v) >= _SHORTEST_ELSEWHERE)[:_MOST_FIELDS]


def _fields(value: object, is_secret: bool = False, are_names: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            secret = is_secret or _is_secret_field(str(name), item, are_names)
            yield from _cookies(item) if secret and "cookie" in str(name).lower() else ()
            yield from _fields(item, secret, name in _SCHEMA_NAMES)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _fields(item, is_secret)
    elif is_secret and value is not None:
        yield str(value)
    elif isinstance(value, str):
        yield from _in_text(value)


def _in_text(message: str) -> Iterator[str]:
    for found in _USERINFO.finditer(message) if "@" in message else ():
        yield unquote(found[2].partition(":")[2] or found[2])
    for found in _QUERY.finditer(message) if "=" in message else ():
        if _is_secret_parameter(found[2]):
            yield unquote(found[3])


def _cookies(value: object) -> Iterator[str]:
    for pair in str(value).split(";"):
        yield pair.partition("=")[2].strip()


def secrets_in(
    pairs: Iterable[tuple[str, str]], shortest: int = _SHORTEST_SECRET
) -> tuple[str, ...]:
    """Return the secret values in headers, without their scheme; of cookies, each value."""
    found = dict[str, None]()
    for name, value in pairs:
        if is_secret_name(name):
            bare = _SCHEME.sub("", value, count=1) if "auth" in name.lower() else value
            long = [v for v in _cookies(value) if len(v) >= _SHORTEST_ELSEWHERE]
            found |= dict.fromkeys([bare, _password(bare), *long])
    return tuple(v for v in found if len(v) >= shortest)


def _password(credentials: str) -> str:
    # Of `Basic` credentials, RFC 7617.
    try:
        return b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def text(message: str, known: Echoes = NONE) -> str:
    """Return a message with known secrets masked, and those of the URLs in it."""
    data = _masked(message).encode("utf-8", "surrogatepass")
    return known.masked(data).decode("utf-8", "surrogatepass")


def _masked(message: str) -> str:
    if "://" in message and "@" in message:
        message = _USERINFO.sub(rf"\1{MASK}@", message)
    return _QUERY.sub(_parameter, message) if "=" in message else message


def _parameter(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}={MASK}" if _is_secret_parameter(found[2]) else found[0]


def _is_secret_parameter(name: str) -> bool:
    # `code` is OAuth's: in a URL it is a key that works once, in JSON it is mostly a number.
    name = unquote(name)
    return name.lower() == "code" or is_secret_name(name)


def clean(name: str, value: object) -> str:
    """Return a key or a header's value without whitespace around it; warn if there was some.

    A key that was read from a file often ends with a line feed.  A UsageError, which does not
    show the value, says that it is not text, or has a control character.
    """
    if not isinstance(value, str):
        raise UsageError(f"{name} must be text, and {type(value).__name__} came. Pass a str.")
    bare = value.strip()
    if _CONTROL.search(bare):
        raise UsageError(
            f"{name} has a control character or a line end inside. "
            "Copy it again; it must be one line."
        )
    if bare != value:
        message = f"{name} has whitespace or a line end around it, which is left out."
        warnings.warn(message, stacklevel=_depth_of_caller())
    return bare


def _depth_of_caller() -> int:
    # The `stacklevel` of the user's line: endpoints are made in several ways.
    frame, depth = currentframe(), 0
    while frame is not None and frame.f_globals["__name__"].startswith("streamlab."):
        frame, depth = frame.f_back, depth + 1
    return depth
