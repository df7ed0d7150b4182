"""The faults of streams, made on purpose.

The faults that break a stream begin like ``steady``: 40 words, 20 ms apart, in the format of
the path that the request names.  To add one, write a function `Request -> Response` and name
it in `_KINDS`.
"""

from collections.abc import Callable, Iterator
from itertools import islice, repeat

from streamlab.server.completion import Completion, singly
from streamlab.server.pages import error
from streamlab.server.response import MS, Ending, Request, Response, Scenario, Write, document
from streamlab.server.shapes import SHAPES, render, writes
from streamlab.server.shapes.base import compact, sse

WHOLE = Completion(100 * MS, lambda: zip(singly(40), repeat(20 * MS)))

BREAKS_AFTER = 12  # writes before a breaking fault
# A reset discards the bytes that the kernel has not yet sent, and on some systems those that
# the client has not yet read.  The pause lets the client read every write first.
PAUSE_NS = 30 * MS  # between the last write and the break


def refuse(
    status: int, code: str, message: str, **headers: str
) -> Callable[[Request], Response]:
    """Return a fault that answers with this HTTP status and an error in JSON."""
    page = error(status, message, code, tuple(headers.items()))
    return lambda _request: page


def html(_request: Request) -> Response:
    """Answer 200 with a web page, as a login page or a captive portal does."""
    page = b"<!doctype html><title>Sign in</title><h1>Sign in to continue</h1>\n"
    return document(page, "text/html; charset=utf-8")


def not_a_stream(request: Request) -> Response:
    """Answer with the whole completion in JSON, although a stream was asked for."""
    return render(WHOLE, request._replace(stream=False))


def breaking(ending: Ending, cut: bool = False) -> Callable[[Request], Response]:
    """Return a fault that ends in the middle of a stream; with `cut`, within an event."""

    def respond(request: Request) -> Response:
        begun = list(islice(_writes(request), BREAKS_AFTER))
        if cut:
            begun[-1] = begun[-1]._replace(data=begun[-1].data[: len(begun[-1].data) // 2])
        at_ns = begun[-1].at_ns + PAUSE_NS
        content_type = SHAPES[request.dialect].content_type
        return Response(begun, content_type, ending=ending, ending_at_ns=at_ns)

    return respond


def silence(request: Request) -> Response:
    """Pause for `silence_s` seconds in the middle (10): longer than a timeout of 5 s."""
    pause_ns = int(request.number("silence_s", 10) * 1000 * MS)
    late = (
        write._replace(at_ns=write.at_ns + (pause_ns if i >= BREAKS_AFTER else 0))
        for i, write in enumerate(_writes(request))
    )
    return Response(late, SHAPES[request.dialect].content_type)


def no_answer(_request: Request) -> Response:
    """Take the request and never answer."""
    return Response([], head_at_ns=None, ending="silence")


def crlf(request: Request) -> Response:
    """End all lines with CRLF, as Gemini does."""
    ended = (Write(at_ns, data.replace(b"\n", b"\r\n")) for at_ns, data in _writes(request))
    return Response(ended, SHAPES[request.dialect].content_type)


def error_in_stream(request: Request) -> Response:
    """Answer 200, stream 12 writes, then send an error as an event, and end properly."""
    detail = {"message": "The server had an error", "type": "server_error", "code": None}
    last = sse(compact({"error": {**detail, "param": None}}))
    begun = list(islice(_writes(request), BREAKS_AFTER))
    return Response([*begun, Write(begun[-1].at_ns + 20 * MS, last)])


def _writes(request: Request) -> Iterator[Write]:
    return writes(WHOLE, SHAPES[request.dialect](request))


_KINDS: dict[str, tuple[str, Callable[[Request], Response]]] = {
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
    "reset": ("the connection is reset in the middle of the stream", breaking("reset")),
    "truncated": ("closed within an event, without HTTP's end", breaking("close", cut=True)),
    "early-end": ("a complete response for HTTP, but half an answer", breaking("eof")),
    "silence": ("a pause of 10 s between two events; parameter silence_s", silence),
    "no-answer": ("takes the request and never answers", no_answer),
    "crlf": ("all lines end with CRLF, which is no fault of the server", crlf),
}

_PARAMETERS = {"silence": ("silence_s",)}
# By name; a lab has a list of its own for them.
FAULTS: dict[str, Scenario] = {
    name: Scenario(name, summary, "fault", respond, _PARAMETERS.get(name, ()))
    for name, (summary, respond) in _KINDS.items()
}
