"""When the lab really sent what we received: the third clock."""

# The lab numbers its streams and logs its writes on CLOCK_MONOTONIC, which the processes of
# one machine share.  So the lab's times can be compared with ours directly.

import json
from array import array
from bisect import bisect_left
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from streamlab.tape import UNKNOWN, Sends, Tape

TIMEOUT_S = 2.0


def log_url(tape: Tape) -> str | None:
    """Return the URL of the log of this tape's stream, if a lab on this machine sent it."""
    stream = tape.meta.get("lab_stream")
    parts = urlsplit(str(tape.meta.get("url") or ""))
    if stream is None or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        return None
    return f"{parts.scheme}://{parts.netloc}/lab/log/{stream}"


def asked(url: str) -> bytes:
    """Return the lab's log as text; empty without an answer of the lab.

    The request has a connection of its own, because the client may be the user's.
    """
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().read()
    except (OSError, HTTPException, ValueError):  # the tape is whole without the log
        return b""
    finally:
        connection.close()


def with_log(tape: Tape, text: bytes) -> Tape:
    """Return the tape with the lab's log; unchanged if `text` is no log of this tape.

    The time of a read is that of the write with its last byte.
    """
    try:
        log = json.loads(text)
        due = {int(end): int(t_ns) for end, t_ns in log.get("due", ())}
        ends, times = (array("q", [int(row[i]) for row in log["sent"]]) for i in (0, 1))
        due_ns = array("q", [due.get(end, UNKNOWN) for end in ends])
        rows = (bisect_left(ends, end) for end in tape.columns.ends)
        column = array("q", [times[row] if row < len(times) else UNKNOWN for row in rows])
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        return tape  # another server may use our path, and answer anything
    return replace(tape, server_sent_ns=column, sends=Sends(ends, times, due_ns))
