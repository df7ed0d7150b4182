"""How a stream stands, or how it ended, in one word and in one sentence."""

from __future__ import annotations

from typing import Any

from streamlab.follow import Follower, Log
from streamlab.live.tail import picture

HOW = {
    "eof": "the body came to its end",
    "closed": "closed before its end",
    "limit": "stopped at max_bytes",
    "timeout": "timed out",
    "reset": "broken off by the other side",
    "connect": "no connection",
    "error": "the transport failed",
    "cancelled": "cancelled",
    "interrupted": "interrupted",
    "cut": "cut off: its process was killed",
}
_ORDERLY = ("eof", "closed", "limit", "cancelled", "interrupted")
_NO_LAST_WORD = ("auto", "sse", "ndjson")  # formats that have none to miss


def end_of(log: Log) -> Any:
    """Return the `End` of a log, or None: a `Recorder` has it late, a `Tape` always."""
    return log.ended if hasattr(log, "ended") else getattr(log, "end", None)


def state_of(log: Log, follower: Follower) -> str:
    """Return ``waiting``, ``streaming``, ``done`` or ``failed``."""
    end, reader = end_of(log), follower.reader
    if end is None:
        return "streaming" if follower.lines_after else "waiting"
    told = _status(log) >= 400 or (reader is not None and reader.failed)
    return "failed" if told or end.how not in _ORDERLY else "done"


def ending_of(log: Log, follower: Follower) -> str:
    """Say how the stream ended; nothing before it has."""
    end, reader = end_of(log), follower.reader
    if end is None:
        return ""
    said = HOW.get(end.how, str(end.how))
    if _status(log) >= 400:
        said = f"HTTP {_status(log)}; {said}"
    if end.detail:
        said += f": {picture(end.detail)[:200]}"
    if reader is None or end.how != "eof":
        return said
    return said + _last_word(follower)


def _last_word(follower: Follower) -> str:
    reader = follower.reader
    if reader is None:
        return ""
    if reader.failed:
        return ", after an error in the stream"
    if reader.terminator:
        return f", after {picture(reader.terminator)[:60]}"
    if reader.finished or follower.dialect in _NO_LAST_WORD:
        return ""
    return ", without a last word of the model"


def _status(log: Log) -> int:
    return int(log.meta.get("status") or 200)
