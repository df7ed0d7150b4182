"""What went wrong with a stream, in one sentence, or nothing.

A truncated stream, an error after HTTP 200 and a web page in place of a stream all look
like success to a loop that only prints; here they do not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from streamlab.decode import DATA, OTHER, TAIL
from streamlab.dialects import Answer
from streamlab.follow import Follower, Log
from streamlab.tape import End

_BROKEN = {
    "connect": "there was no connection",
    "timeout": "the stream timed out",
    "reset": "the stream broke off",
    "error": "the stream failed",
    "cut": "the recording was cut off",
}
_HINTS = {
    401: "Check the key.",
    403: "Check what the key may do.",
    404: "Check the URL and the model.",
    429: "Wait, or ask for less.",
}
_STREAMS = ("text/event-stream", "application/x-ndjson")
_INCOMPLETE = (
    "the stream ended without the API's terminal signal, so the answer may be cut short."
)
_LAST_LINES = 100  # among which an error is looked for that is no event


def problem(log: Log, end: End, answer: Answer, follower: Follower) -> str | None:
    """Return what went wrong, in one sentence; None if nothing did.

    Leaving a stream early, by `break`, `max_bytes`, Ctrl-C or a cancellation, is no
    problem of the stream.

    Parameters
    ----------
    log : Tape or Recorder
        What arrived.
    end : End
        How it ended.
    answer : Answer
        What it adds up to.
    follower : Follower
        Of this log, closed: its lines tell what came outside of the events.
    """
    status = int(log.meta.get("status") or 0)
    if status >= 400:
        return _refusal(status, log)
    if end.how in _BROKEN:
        return _broken(log, end)
    if answer.error is not None:
        return f"the server sent an error in its stream: {_message(answer.error)}."
    if end.how != "eof" or not _asked_to_stream(log):
        return None
    if follower.events and answer.complete is not False:
        return None
    if (said := _unframed_error(follower)) is not None:
        where = "outside its events" if follower.events else "in place of a stream"
        return f"the server sent an error {where}: {said}."
    return _INCOMPLETE if follower.events else _no_events(log, len(follower.body))


def _refusal(status: int, log: Log) -> str:
    reason = str(log.meta.get("reason") or "").strip()
    said = _said(bytes(log.body[:4096]))
    hint = _HINTS.get(status, "All that it said is in the recording.")
    name = f"HTTP {status} {reason}".strip()
    return f"the server answered {name}{': ' + said if said else ''}. {hint}"


def _broken(log: Log, end: End) -> str:
    if end.how == "connect":
        where = urlsplit(str(log.meta.get("url") or "")).netloc
        to = f" to {where}" if where else ""
        return f"no connection{to}: {_line(end.detail)}. Start the server, or check the URL."
    n_reads = len(log.columns.ends)
    kept = {0: "", 1: " after 1 read, which is kept"}.get(
        n_reads, f" after {n_reads} reads, which are kept"
    )
    return f"{_BROKEN[end.how]}{kept}: {_line(end.detail)}."


def _no_events(log: Log, n_bytes: int) -> str:
    """Say what came in place of a stream."""
    if not n_bytes:
        return "the server closed the stream without a byte."
    media = _media(log)
    if media == "text/html":
        return "the server answered with a web page, not with a stream. Check the URL."
    if media == "application/json":
        what = "JSON in one piece, not with a stream"
        return f"the server answered with {what}. Ask it to stream."
    of = f"of {_line(media)}" if media else "without a content type"
    cut = "The stream may have been cut short."
    hint = cut if media in _STREAMS else "Check the URL, or name the dialect."
    return f"no event was found in {n_bytes:,} bytes {of}. {hint}"


def _unframed_error(follower: Follower) -> str | None:
    """Return the message of an error that no event brought.

    It may be the last line that is in none, as llama.cpp's ``error: {…}`` was, or all the
    lines that end with it: Gemini's JSON stands between its events, line by line.
    """
    last_of_event = follower.events[-1].last_line if follower.events else -1
    n_lines, kinds = len(follower.lines), follower.lines.kinds
    loose = [
        line
        for line in range(max(n_lines - _LAST_LINES, 0), n_lines)
        if kinds[line] in (OTHER, TAIL) or (line > last_of_event and kinds[line] == DATA)
    ]
    if not loose:
        return None
    first = last = loose.pop()
    while loose and loose[-1] == first - 1:
        first = loose.pop()
    return _error_in(_text(follower, last, last)) or _error_in(_text(follower, first, last))


def _text(follower: Follower, first: int, last: int) -> str:
    """Return lines as one text."""
    ends = follower.lines.ends
    begin = ends[first - 1] if first else 0
    return bytes(follower.body[begin : ends[last]]).decode("utf-8", "replace")


def _error_in(text: str) -> str | None:
    """Return the message of an error object, in a field of SSE or bare; else None."""
    name, _, value = text.strip().partition(":")
    field = name if name in ("data", "error") else ""
    try:
        found = json.loads(value if field else text)
    except (ValueError, RecursionError):
        return None
    found = found[0] if isinstance(found, list) and found else found
    named = isinstance(found, Mapping) and (field == "error" or found.get("error"))
    return _message(found) if named else None


def _asked_to_stream(log: Log) -> bool:
    """Say whether a stream was asked for; a tapped client may well want something else."""
    asked, path = log.meta.get("request"), urlsplit(str(log.meta.get("url") or "")).path
    if _media(log) in _STREAMS or asked is None:
        return log.meta.get("method", "GET") != "HEAD" and log.meta.get("status") != 204
    if not isinstance(asked, Mapping):
        return False
    return bool(asked.get("stream")) or "stream" in path.lower() or path.endswith("/api/chat")


def _media(log: Log) -> str:
    return str(log.meta.get("content_type") or "").partition(";")[0].strip().lower()


def _said(body: bytes) -> str:
    """Return the message of an error body, whatever shape it has."""
    try:
        value = json.loads(body)
    except ValueError:
        return (
            _line(body.decode("utf-8", "replace")) if not body.lstrip().startswith(b"<") else ""
        )
    return _message(value)


def _message(value: Any) -> str:
    for _ in range(4):
        if isinstance(value, list) and value:
            value = value[0]
        if not isinstance(value, Mapping):
            break
        inner = next(
            (value[k] for k in ("error", "message", "detail", "msg") if value.get(k)), None
        )
        if inner is None:
            return _line(json.dumps(dict(value), ensure_ascii=False))
        value = inner
    return _line(str(value))


def _line(text: str) -> str:
    """Return text as one printable line of at most 400 characters, without a full stop."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return (line if len(line) <= 400 else line[:399] + "…").rstrip(".")
