"""What went wrong with a stream, in one sentence, and how it ended, in words.

A truncated stream, an error after HTTP 200 and a web page in place of a stream all look
like success to a loop that only prints.  This module finds them.
"""

from collections.abc import Mapping

from streamlab.decode import DATA, OTHER, TAIL
from streamlab.dialects import Answer, answer
from streamlab.follow.follower import Follower, Log, url_path
from streamlab.follow.message import message_in, message_of, message_of_body, sentence
from streamlab.follow.network import LOGIN, no_connection, through
from streamlab.follow.text import counted, one_line
from streamlab.follow.unread import json_lines, unread
from streamlab.tape import End

_BROKEN = {
    "timeout": "the stream timed out",
    "reset": "the stream broke off",
    "error": "the stream failed",
    "cut": "the recording was cut off",
}
_ENDED = {
    "eof": "the body came to its end",
    "closed": "closed before its end",
    "limit": "stopped at a limit",
    "left_open": "left after the API's last word",
}
_HINTS = {
    401: "Check the key.",
    403: "Check what the key may do.",
    404: "Check the URL and the model.",
    429: "Wait, or ask for less.",
}
_OF_PROXIES = (403, 407, 502, 503, 504)  # the answers of proxies that do not hand on
_STREAMS = ("text/event-stream", "application/x-ndjson")
_LONGEST = 1 << 16  # bytes of a line that is looked at
_LAST_LINES = 100  # the search of `_unframed_error` is bounded, in a long stream too


def state(follower: Follower) -> str:
    """Return ``waiting``, ``streaming``; after its close ``done``, ``stopped``, ``failed``."""
    if follower.end is None:
        return "streaming" if follower.lines_after else "waiting"
    ended = "done" if follower.end.how == "eof" else "stopped"
    return "failed" if problem(follower) else ended


def problem(follower: Follower) -> str | None:
    """Return what went wrong, in one sentence; None if nothing did, and before its `close`.

    Leaving a stream early, by `break`, `max_bytes`, Ctrl-C or a cancellation, is no
    problem of the stream.
    """
    if follower.end is None:
        return None
    follower.interpret()
    # The errors are enough here: folding all deltas of a long stream into its text would cost a
    # live view milliseconds, several times a second.
    errors = map(follower.deltas.item, follower.deltas.of_kind("error"))
    return _problem(follower, follower.end, answer(errors, follower.reader))


def _problem(framed: Follower, end: End, answer: Answer) -> str | None:
    # The order ranks causes before their consequences.  The body of a refusal is no stream,
    # and a broken connection leaves an answer without its terminator: a later check would
    # name the consequence.  A server's own error explains a missing terminator, too.
    log, undecoded = framed.log, framed.undecoded
    if _status(log) >= 400:
        # A relay may decode a body and leave the header that says it is encoded.
        is_plain = undecoded and bytes(log.body[:1]) in (b"{", b"[")
        body = log.body if is_plain else framed.body or log.body
        also = f" Besides, {undecoded}" if undecoded else ""
        return _refusal(log, bytes(body[:4096])) + also
    if end.how == "connect":
        return no_connection(log, end)
    if end.how in _BROKEN:
        return _broken(log, end, answer.complete)
    if answer.error is not None:
        return f"the server sent an error in its stream: {message_of(answer.error)}."
    if undecoded:
        return undecoded
    if end.how not in ("eof", "left_open") or not _asked_to_stream(log):
        return None
    if framed.events and answer.complete is not False:
        return unread(framed) or _cut_line(framed)
    if (said := _unframed_error(framed)) is not None:
        where = "outside its events" if framed.events else "in place of a stream"
        return f"the server sent an error {where}: {said}."
    if not framed.events:
        return json_lines(framed) or _no_events(log, bytes(framed.body[:100]), len(framed.body))
    unsigned = "the stream ended without the API's terminal signal"
    cut = f"{unsigned}, so the answer may be cut short."
    return unread(framed) or cut


def ending(follower: Follower) -> str:
    """Return how a stream ended, in words, without a full stop; "" before its `close`."""
    end = follower.end
    if end is None:
        return ""
    if wrong := problem(follower):
        return one_line(wrong, 300).removesuffix(".")
    terminator = follower.reader.terminator if follower.reader else None
    said = _ENDED.get(end.how, end.how)
    if end.detail:
        said += f": {one_line(end.detail, 200)}"
    last_word = f", after {one_line(terminator, 60)}" if terminator else ""
    return said + last_word if end.how == "eof" else said


def _refusal(log: Log, body: bytes) -> str:
    reason, said = sentence(_text(log, "reason")), message_of_body(body)
    hint = _HINTS.get(_status(log), "The rest of its answer is in the recording.")
    # Over https a proxy only hands bytes on; over http it may answer by itself.
    via = through(log) if _text(log, "url").startswith("http:") else ""
    if via and _status(log) in _OF_PROXIES:
        login = f" {LOGIN}" if _status(log) == 407 else ""
        hint = f"The request went through {via}, which may have answered itself.{login}"
    name = f"HTTP {_status(log)} {reason}".strip()
    return f"the server answered {name}{': ' + said if said else ''}. {hint}"


def _broken(log: Log, end: End, complete: bool | None) -> str:
    detail = f": {sentence(end.detail)}" if end.detail else ""
    if complete:
        return f"{_BROKEN[end.how]} after the complete answer{detail}."
    n_reads = len(log.columns.ends)
    kept = f" after {counted(n_reads, 'read')}, which {'is' if n_reads == 1 else 'are'} kept"
    # Before the head of the answer, the proxy may have failed as well as the server.
    via = "" if _status(log) else through(log)
    also = f" The request went through {via}." if via else ""
    return f"{_BROKEN[end.how]}{kept if n_reads else ''}{detail}.{also}"


def _no_events(log: Log, start: bytes, n_bytes: int) -> str:
    if not n_bytes:
        return "the stream came to its end, and its body has no byte."
    media = _media(log)
    if media == "text/html" or start.lstrip()[:5].lower() in (b"<html", b"<!doc"):
        return "the server answered with a web page, not with a stream. Check the URL."
    if media == "application/json":
        return (
            "the server answered with JSON in one piece, not with a stream. Ask it to stream."
        )
    of = f"of {sentence(media)}" if media else "without a content type"
    hint = "Check the URL, or name the dialect."
    if media in _STREAMS:
        begins = f"The body begins with {one_line(start.decode('utf-8', 'replace'), 40)!r}."
        is_gzip = start.startswith(b"\x1f\x8b")
        hint = "It is gzip, and no header says so." if is_gzip else begins
    return f"no event was found in {counted(n_bytes, 'byte')} {of}. {hint}"


def _cut_line(framed: Follower) -> str | None:
    # A lost `[DONE]` is no loss.
    last = len(framed.lines) - 1
    ended = framed.end is not None and framed.end.how == "eof"
    if not ended or last < 0 or framed.lines.kinds[last] not in (TAIL, DATA):
        return None
    text = framed.line(last, _LONGEST).strip()
    if not text or text.startswith(":") or text.endswith("[DONE]"):
        return None
    if framed.lines.kinds[last] == DATA:
        return f"the body ended before the blank line after line {last}, so its event is lost."
    return f"the body ended within line {last}, so what came last may be missing."


def _unframed_error(framed: Follower) -> str | None:
    # The error may be the last line that is in no event, as llama.cpp's `error: {…}` was, or
    # all lines that end with it: Gemini's JSON is between its events, over several lines.
    last_of_event = framed.events.last_line[-1] if framed.events else -1
    n_lines, kinds = len(framed.lines), framed.lines.kinds
    lines = range(max(n_lines - _LAST_LINES, 0), n_lines)
    odd = (OTHER, TAIL)
    loose = [n for n in lines if kinds[n] in odd or (n > last_of_event and kinds[n] == DATA)]
    if not loose:
        return None
    first = last = loose.pop()
    while loose and loose[-1] == first - 1:
        first = loose.pop()
    texts = [framed.line(line, _LONGEST) for line in range(first, last + 1)]
    return message_in(texts[-1]) or message_in("\n".join(texts))


def _asked_to_stream(log: Log) -> bool:
    # The requests of a tapped client may not ask for a stream.
    asked, path = log.meta.get("request"), url_path(log)
    if _media(log) in _STREAMS or asked is None or "reader" in log.meta:
        return log.meta.get("method", "GET") in ("GET", "POST") and _status(log) != 204
    if not isinstance(asked, Mapping):
        return False
    return bool(asked.get("stream")) or "stream" in path.lower() or path.endswith("/api/chat")


def _media(log: Log) -> str:
    return _text(log, "content_type").partition(";")[0].strip().lower()


def _status(log: Log) -> int:
    status = log.meta.get("status")
    return status if isinstance(status, int) else 0


def _text(log: Log, key: str) -> str:
    return str(log.meta.get(key) or "")
