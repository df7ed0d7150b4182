"""What goes wrong with streams, to be met on purpose.

The breaking ones begin like ``steady``: 40 words, 20 ms apart.  They wear the shape of
whatever path they are asked for at.  To add one, write a function `Call -> Play`
and name it in `FAULTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from streamlab.server.pages import error
from streamlab.server.play import MS, Call, Ending, Play, Scenario, Write, document
from streamlab.server.script import Script, say, words
from streamlab.server.shapes import SHAPES, render, writes
from streamlab.server.shapes.base import compact, sse

SAID: Script = say([[word] for word in words(40)], 100 * MS, [20 * MS] * 40)

BREAKS_AFTER = 12
"""So many writes leave before a breaking fault."""

PAUSE_NS = 30 * MS
"""Between the last write and the break: what was sent shall be read before."""


def refuse(status: int, code: str, message: str, **headers: str) -> Callable[[Call], Play]:
    """Return a fault that answers with an error in JSON and an HTTP status that says so."""
    page = error(status, message, code, tuple(headers.items()))
    return lambda _call: page


def html(_call: Call) -> Play:
    """Answer 200 with a web page, as a login page or a captive portal does."""
    page = b"<!doctype html><title>Sign in</title><h1>Sign in to continue</h1>\n"
    return document(page, "text/html; charset=utf-8")


def not_a_stream(call: Call) -> Play:
    """Answer with the whole completion in JSON, although a stream was asked for."""
    return render(SAID, call._replace(stream=False))


def breaking(ending: Ending, cut: bool = False) -> Callable[[Call], Play]:
    """Return a fault that ends in mid-stream; `cut` ends it in the middle of an event."""

    def play(call: Call) -> Play:
        begun = list(islice(_said(call), BREAKS_AFTER))
        if cut:
            begun[-1] = begun[-1]._replace(data=begun[-1].data[: len(begun[-1].data) // 2])
        at_ns = begun[-1].at_ns + PAUSE_NS
        return Play(begun, SHAPES[call.dialect].content_type, ending=ending, ending_at_ns=at_ns)

    return play


def silence(call: Call) -> Play:
    """Pause in mid-stream for `silence_s` seconds (10), which no timeout of 5 s survives."""
    pause_ns = int(call.number("silence_s", 10) * 1000 * MS)
    late = (
        write._replace(at_ns=write.at_ns + (pause_ns if i >= BREAKS_AFTER else 0))
        for i, write in enumerate(_said(call))
    )
    return Play(late, SHAPES[call.dialect].content_type)


def no_answer(_call: Call) -> Play:
    """Take the request and never answer."""
    return Play([], head_at_ns=None, ending="silence")


def crlf(call: Call) -> Play:
    """End all lines with CRLF, as Gemini does."""
    ended = (Write(at_ns, data.replace(b"\n", b"\r\n")) for at_ns, data in _said(call))
    return Play(ended, SHAPES[call.dialect].content_type)


def error_in_stream(call: Call) -> Play:
    """Answer 200, stream a little, then send an error as an event, and end properly."""
    detail = {"message": "The server had an error", "type": "server_error", "code": None}
    last = sse(compact({"error": {**detail, "param": None}}))
    begun = list(islice(_said(call), BREAKS_AFTER))
    return Play([*begun, Write(begun[-1].at_ns + 20 * MS, last)])


def _said(call: Call) -> Iterator[Write]:
    return writes(SAID, SHAPES[call.dialect](call))


_KINDS: dict[str, tuple[str, Callable[[Call], Play]]] = {
    "error-401": (
        "401: the key is wrong",
        refuse(401, "invalid_api_key", "Incorrect API key provided."),
    ),
    "error-404": (
        "404: there is no such model",
        refuse(404, "model_not_found", "The model 'error-404' does not exist."),
    ),
    "error-429": (
        "429 with retry-after: too many requests",
        refuse(429, "rate_limit_exceeded", "Rate limit reached.", **{"retry-after": "2"}),
    ),
    "error-500": (
        "500: the server failed",
        refuse(500, "internal_error", "The server had an error."),
    ),
    "html": ("200 with a web page", html),
    "not-a-stream": (
        "the whole completion in JSON, though a stream was asked for",
        not_a_stream,
    ),
    "error-in-stream": ("200, then an error as an event", error_in_stream),
    "reset": ("the connection is reset in mid-stream", breaking("reset")),
    "truncated": ("closed in mid-event, without HTTP's end", breaking("close", cut=True)),
    "early-end": ("ends properly for HTTP, but in the middle of the answer", breaking("eof")),
    "silence": ("a pause of 10 s between two events; knob silence_s", silence),
    "no-answer": ("takes the request and never answers", no_answer),
    "crlf": ("all lines end with CRLF; no fault of the server's", crlf),
}

FAULTS: dict[str, Scenario] = {
    name: Scenario(name, summary, "fault", play) for name, (summary, play) in _KINDS.items()
}
"""The faults by name; a lab lists them apart from its scenarios."""
