"""Finds the secrets of a request in the bytes that a server sends, however they are cut.

A server may repeat a key: in an error, in a log, in a tool's answer.  `Echoes` overwrites the
key by as many asterisks, so that offsets and stamps stay true.  A key is found as it is, with
JSON's escapes (``\\u0073k``) and with those of a URL (``%73k``), in any mixture.

Not found: a key that is encoded in another way, such as base64, or cut by other text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote_to_bytes

# Bytes.  A longer secret is found part by part, so that little is held and read again.
_LONGEST_PART = 256
# Bytes.  A shorter beginning of a secret at the end of a body is not masked: many answers end
# with a letter that also begins a key.
_LONGEST_BEGINNING = 12
# An escape that the end of the data may have cut; a later read brings the rest.
_CUT_ESCAPE = re.compile(rb"(?:\\(?:u(?:0(?:0[0-7]?)?)?)?|%[2-7]?)\Z")


class Echoes:
    """Masks secrets in a body that comes piece by piece; the bytes before `at` are final."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = _parts(secrets)
        self._escape = _escapes(self._secrets)
        self._tail = b""  # true bytes from `at` on, which may be the beginning of a secret
        self._shown = b""  # the same bytes as they are on tape: an earlier secret may overlap
        self.at = 0  # an offset in the body
        self.n_found = 0  # echoes that were masked

    def __bool__(self) -> bool:
        return bool(self._secrets)

    @property
    def is_held(self) -> bool:
        """Whether the last bytes may be the beginning of a secret."""
        return bool(self._tail)

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the bytes from `at` on as they must now be, and `data` as it must be."""
        n_before, window = len(self._tail), self._tail + data if self._tail else data
        cut = None if data.endswith(b"\n") else _CUT_ESCAPE.search(window, len(window) - 5)
        plain, begins = self._unescaped(window[: cut.start()] if cut else window)
        shown = self._shown + data if self._shown else data
        spans = list(_found(plain, self._secrets))
        if spans:
            shown = _overwritten(shown, spans, begins)
            self.n_found += len(spans)
        # A secret has no line feed, so the end of an event needs no second look.
        settled = len(plain)
        if not data.endswith(b"\n"):
            settled = min(_begun(plain, secret) for secret in self._secrets)
        settled = settled if begins is None else begins[settled]
        before, self.at = shown[:n_before], self.at + settled
        self._tail, self._shown = window[settled:], shown[settled:]
        return before, shown[n_before:]

    def masked(self, data: bytes) -> bytes:
        """Return whole data with its secrets masked; the state stays as it is."""
        plain, begins = self._unescaped(data)
        return _overwritten(data, _found(plain, self._secrets), begins)

    def close(self) -> bytes:
        """Return the bytes from `at` on, masked, if the body has ended within a secret."""
        return b"*" * len(self._tail) if len(self._tail) >= _LONGEST_BEGINNING else b""

    def _unescaped(self, data: bytes) -> tuple[bytes, Sequence[int] | None]:
        """Return data without escapes, and where each of its bytes began; None: in place."""
        if not (b"\\" in data or b"%" in data) or not self._escape.search(data):
            return data, None
        plain, begins, at = bytearray(), list[int](), 0
        for escape in self._escape.finditer(data):
            plain += data[at : escape.start()]
            begins += range(at, escape.start() + 1)
            code = escape[1] or escape[2]
            plain += bytes([int(code, 16)]) if code else escape[0][1:]
            at = escape.end()
        return bytes(plain + data[at:]), [*begins, *range(at, len(data) + 1)]


def _parts(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """Return the bytes to look for, without control characters."""
    found = set[bytes]()
    for secret in secrets:
        whole = unquote_to_bytes(secret)
        for line in re.split(rb"[\x00-\x1f\x7f]+", whole):  # of a key in many lines, as PEM is
            last = max(len(line) - _LONGEST_PART, 0)
            starts = (*range(0, last, _LONGEST_PART), last)
            found.update(line[at : at + _LONGEST_PART] for at in starts)
    return tuple(sorted(part for part in found if len(part) >= 6))


def _escapes(secrets: Iterable[bytes]) -> re.Pattern[bytes]:
    # Only those: the \u003c of many servers then costs nothing.
    chars = sorted({char for secret in secrets for char in secret if char < 128})
    codes = b"|".join(b"%02x" % char for char in chars) or b"(?!)"
    short = rb'|\\[/"\\]' if {*b'/"\\'} & {*chars} else b""
    return re.compile(rb"\\u00((?i:" + codes + rb"))|%((?i:" + codes + rb"))" + short)


def _found(data: bytes, secrets: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    for secret in secrets:
        at = data.find(secret)
        while at >= 0:
            yield at, at + len(secret)
            at = data.find(secret, at + 1)


def _begun(data: bytes, secret: bytes) -> int:
    """Return where a secret begins that the end of `data` cuts; else its length."""
    # Searching for four bytes skips nearly every place, unlike a comparison at each place.
    head = secret[:4]
    at = data.find(head, max(len(data) - len(secret) + 1, 0))
    while at >= 0:
        if secret.startswith(data[at:]):
            return at
        at = data.find(head, at + 1)
    n = next((n for n in (3, 2, 1) if data.endswith(head[:n])), 0)
    return len(data) - n


def _overwritten(
    data: bytes, spans: Iterable[tuple[int, int]], begins: Sequence[int] | None
) -> bytes:
    out = bytearray(data)
    for first, end in spans:
        a, b = (first, end) if begins is None else (begins[first], begins[end])
        out[a:b] = b"*" * (b - a)
    return bytes(out)
