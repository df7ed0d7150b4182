"""What went wrong with a stream, in one sentence, or nothing.

A truncated stream, an error after HTTP 200 and a web page in place of a stream all look
like success to a loop that only prints; here they do not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from streamlab.dialects import Answer
from streamlab.tape import End, Tape

_BROKEN = {
    "connect": "no connection",
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


def problem(tape: Tape, answer: Answer) -> str | None:
    """Return what went wrong, in one sentence; None if nothing did.

    Leaving a stream early, by `break`, `max_bytes`, Ctrl-C or a cancellation, is no
    problem of the stream.
    """
    status = int(tape.meta.get("status") or 0)
    if status >= 400:
        return _refusal(status, tape)
    if tape.end.how in _BROKEN:
        return _broken(tape.end, len(tape))
    if answer.error is not None:
        return f"the server sent an error in its stream: {_message(answer.error)}."
    if tape.end.how != "eof" or not _asked_to_stream(tape):
        return None
    return _not_a_stream(tape) or _incomplete(tape, answer)


def _refusal(status: int, tape: Tape) -> str:
    reason = str(tape.meta.get("reason") or "").strip()
    said = _said(bytes(tape.body[:4096]))
    hint = _HINTS.get(status, "All that it said is in the recording.")
    name = f"HTTP {status} {reason}".strip()
    return f"the server answered {name}{': ' + said if said else ''}. {hint}"


def _broken(end: End, n_reads: int) -> str:
    kept = f" after {n_reads} reads, which are kept" if n_reads else ""
    return f"{_BROKEN[end.how]}{kept}: {_line(end.detail)}."


def _not_a_stream(tape: Tape) -> str | None:
    """Say what came in place of a stream."""
    what = {"text/html": "a web page", "application/json": "JSON in one piece"}.get(
        _media(tape)
    )
    if what is None:
        return None
    hint = "Check the URL" if _media(tape) == "text/html" else "Ask it to stream"
    return f"the server answered with {what}, not with a stream. {hint}."


def _asked_to_stream(tape: Tape) -> bool:
    """Say whether a stream was asked for; a tapped client may well want something else."""
    asked, path = tape.meta.get("request"), urlsplit(str(tape.meta.get("url") or "")).path
    if _media(tape) in ("text/event-stream", "application/x-ndjson") or asked is None:
        return tape.meta.get("method", "GET") != "HEAD" and tape.meta.get("status") != 204
    if not isinstance(asked, Mapping):
        return False
    return bool(asked.get("stream")) or "stream" in path.lower() or path.endswith("/api/chat")


def _media(tape: Tape) -> str:
    return str(tape.meta.get("content_type") or "").partition(";")[0].strip().lower()


def _incomplete(tape: Tape, answer: Answer) -> str | None:
    if answer.complete is not False:
        return None
    if not len(tape):
        return "the server closed the stream without a byte."
    return "the stream ended without the API's terminal signal, so the answer may be cut short."


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
