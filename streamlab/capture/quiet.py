"""Masks keys in the logs of httpx and of the packages below it, while we send."""

# At level INFO httpx logs the whole URL, with a key in its query; at level DEBUG httpcore logs
# all headers of the response, and hpack also those of the request.

import logging
import re

from streamlab.endpoints import redact
from streamlab.endpoints.echoes import Echoes

# A filter of a logger does not see the records of the loggers below it: each has its name here.
_PARTS = ("connection", "http11", "http2", "proxy", "socks")
_CORES = [f"{core}.{part}" for core in ("httpcore", "httpcore2") for part in _PARTS]
_LOGGERS = ("httpx", "httpx2", "hpack.hpack", "hpack.table", *_CORES)
_HEADER = re.compile(r"(\(b'([\w.-]+)', b')((?:[^'\\]|\\.)*)(?=')")
# The secrets of the requests that run, by the number of each request's session.
running: dict[int, Echoes] = {}


class _Masking(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the message of a record; every record passes."""
        if secrets := list(running.values()):
            message = _HEADER.sub(_header, record.getMessage())
            for known in secrets:
                message = redact.text(message, known)
            vars(record).update(msg=message, args=())
        return True


def _header(found: re.Match[str]) -> str:
    return found[1] + (redact.MASK if redact.is_secret_name(found[2]) else found[3])


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_Masking())
