"""How a stream stands, or how it ended, in one word and in one sentence."""

from __future__ import annotations

from typing import Any

from streamlab.dialects import answer
from streamlab.follow import Follower, Log
from streamlab.follow.problem import problem
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


def end_of(log: Log) -> Any:
    """Return the `End` of a log, or None: a `Recorder` has it late, a `Tape` always."""
    return log.ended if hasattr(log, "ended") else getattr(log, "end", None)


def state_of(log: Log, follower: Follower) -> str:
    """Return ``waiting``, ``streaming``, ``done`` or ``failed``."""
    end = end_of(log)
    if end is None:
        return "streaming" if follower.lines_after else "waiting"
    return "failed" if _problem(log, end, follower) else "done"


def ending_of(log: Log, follower: Follower) -> str:
    """Say how the stream ended; nothing before it has."""
    end = end_of(log)
    if end is None:
        return ""
    if end.how == "eof" and (wrong := _problem(log, end, follower)):
        return picture(wrong)[:300].removesuffix(".")
    said = HOW.get(end.how, str(end.how))
    if _status(log) >= 400:
        said = f"HTTP {_status(log)}; {said}"
    if end.detail:
        said += f": {picture(end.detail)[:200]}"
    return said + _last_word(follower) if end.how == "eof" else said


def _problem(log: Log, end: Any, follower: Follower) -> str | None:
    """Say what went wrong, in the words of the recording that this will be."""
    return problem(log, end, answer(follower.deltas, follower.reader), follower)


def _last_word(follower: Follower) -> str:
    reader = follower.reader
    if reader is None or not reader.terminator:
        return ""
    return f", after {picture(reader.terminator)[:60]}"


def _status(log: Log) -> int:
    return int(log.meta.get("status") or 200)
