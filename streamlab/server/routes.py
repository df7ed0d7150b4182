"""The response to each request: the providers' paths, and the lab's own.

Errors have OpenAI's format on every path, because every SDK shows the message in it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from streamlab.errors import UnknownNameError, UsageError
from streamlab.server.encodings import encoded
from streamlab.server.pages import error, home, models
from streamlab.server.response import Request, Response, Scenario, document
from streamlab.server.sendlog import SendLogs
from streamlab.server.shapes import asked
from streamlab.server.shapes.base import Asked, compact

JSON = "application/json"
SLOWEST = 1e-6  # the smallest ``speed``, where a request asks for 0
PLAIN = ("sse", "ndjson")  # the dialects that take GET
_LOOPBACK = re.compile(
    r"(?:https?://)?(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?",
    re.I | re.A,
)


class HTTPRequest(NamedTuple):
    """One HTTP request, whole."""

    method: str
    target: str
    body: bytes
    host: str = ""
    origin: str = ""


class Reply(NamedTuple):
    """A response, and what its connection needs to send and log it."""

    response: Response
    scenario: str = ""  # "" is not logged
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Site:
    """The state of one lab: its scenarios, its address, its speed, its logs."""

    scenarios: Mapping[str, Scenario]
    address: str  # ``host:port``
    speed: float
    logs: SendLogs = field(default_factory=SendLogs)

    def scenario(self, name: str) -> Scenario:
        """Return a scenario; raise `UnknownNameError` with all names if it does not exist."""
        if name not in self.scenarios:
            raise UnknownNameError("scenario", name, self.scenarios)
        return self.scenarios[name]


def reply_to(site: Site, request: HTTPRequest) -> Reply:
    """Return the reply to a request; a bad request gets a 4xx with a message that helps."""
    # Else a web page of another site could read from the lab: by a name that it lets resolve to
    # 127.0.0.1, which its browser sends as the host.
    for name in filter(None, (request.host, request.origin)):
        if not _LOOPBACK.fullmatch(name):
            said = f"the lab answers to names such as 127.0.0.1 and localhost, not to {name!r}."
            return Reply(error(403, said, "forbidden"))
    if request.method == "OPTIONS" and request.origin:
        return Reply(document(b"", "text/plain"))
    try:
        path, query = _target(request.target)
        body = {**_json(request.body), **query}
        found = asked(path, body)
        if found is None:
            return Reply(_own(site, path))
        return _scenario(site, request.method, *found, body)
    except UnknownNameError as exc:
        return Reply(error(404, str(exc), "model_not_found"))
    except UsageError as exc:
        return Reply(error(400, str(exc), "bad_request"))
    except RecursionError:
        return Reply(error(400, "the JSON has too many levels. Send fewer.", "bad_request"))


def _target(target: str) -> tuple[str, dict[str, str]]:
    try:
        url = urlsplit(target)
    except ValueError:
        raise UsageError(f"expected a path such as /sse/steady, and {target!r} came.") from None
    return unquote(url.path), dict(parse_qsl(url.query))


def _json(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body) if body else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UsageError(
            "the request's body must be a JSON object, and something else came. "
            'Send for example {"model": "count-to-ten", "stream": true}.'
        )
    return value


def _scenario(
    site: Site, method: str, dialect: str, what: Asked, body: Mapping[str, object]
) -> Reply:
    if method not in ("GET", "POST") or (method == "GET" and dialect not in PLAIN):
        return Reply(error(405, f"expected POST, and {method} came.", "method_not_allowed"))
    scenario = site.scenario(what.scenario)
    request = Request(what.scenario, dialect, what.stream, body)
    speed = site.speed * max(request.number("speed", 1.0), SLOWEST)
    response = encoded(scenario.respond(request), str(body.get("encoding", "identity")))
    return Reply(response, scenario.name, speed)


def _own(site: Site, path: str) -> Response:
    if path in ("/", "/lab"):
        return home(site.scenarios.values(), site.address)
    if path == "/v1/models":
        return models(site.scenarios)
    if path == "/health":
        return document(compact({"status": "ok"}), JSON)
    if path.startswith("/lab/log/"):
        log = site.logs.get(path.removeprefix("/lab/log/"))
        if log is not None:
            return document(compact(log.as_json()), JSON)
        return error(
            404, "the lab has no log of this id; see the header x-streamlab-stream.", "no_log"
        )
    return error(404, f"there is nothing at {path}; GET / describes the lab.", "not_found")
