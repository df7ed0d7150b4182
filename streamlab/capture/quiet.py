"""Masks keys in the logs of httpx and of the packages below it, while we send.

At level INFO httpx logs the whole URL, with a key in its query; at level DEBUG httpcore logs
all headers of the response, and hpack also those of the request.
"""

from __future__ import annotations

import logging
import re

from streamlab.endpoints import redact
from streamlab.endpoints.echoes import Echoes

# A filter of a logger does not see the records of the loggers below it: each has its name here.
_LOGGERS = (
    *(f"httpcore{n}{part}" for n in ("", "2") for part in ("", ".connection", ".http11")),
    *(f"httpcore{n}{part}" for n in ("", "2") for part in (".http2", ".proxy", ".socks")),
    *("httpx", "httpx2", "hpack.hpack", "hpack.table"),
)
_HEADER = re.compile(r"(\(b'([\w.-]+)', b')((?:[^'\\]|\\.)*)(?=')")
_sending: dict[int, Echoes] = {}
"""The secrets of the requests that run, by the number of each request's session."""


def begin(session: int, known: Echoes) -> None:
    """Mask the secrets of a request from now on."""
    _sending[session] = known


def end(session: int) -> None:
    """The request is over."""
    _sending.pop(session, None)


class _Masking(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the message of a record; every record passes."""
        if running := list(_sending.values()):
            message = _HEADER.sub(_header, record.getMessage())
            for known in running:
                message = redact.text(message, known)
            vars(record).update(msg=message, args=())
        return True


def _header(found: re.Match[str]) -> str:
    return found[1] + (redact.MASK if redact.is_secret_name(found[2]) else found[3])


_masking = _Masking()
for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_masking)
