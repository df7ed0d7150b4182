"""Which request gets which answer: the providers' paths, and the lab's own.

Every answer is a `Play`; one that plays a scenario also says which, and how fast.
Errors have OpenAI's shape, whatever the path: all SDKs show its message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from streamlab.errors import UnknownNameError, UsageError
from streamlab.server.encodings import encoded
from streamlab.server.pages import error, home, models
from streamlab.server.play import Call, Play, Scenario, document
from streamlab.server.sendlog import SendLogs
from streamlab.server.shapes import asked
from streamlab.server.shapes.base import Asked, compact

JSON = "application/json"
SLOWEST = 1e-6  # of what can be asked for as ``speed``
PLAIN = ("sse", "ndjson")  # asked for by their path alone


class Request(NamedTuple):
    """One HTTP request, whole."""

    method: str
    target: str
    body: bytes


class Answer(NamedTuple):
    """What to send, and what to log it as."""

    play: Play
    scenario: str = ""  # "" is not logged
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Site:
    """What one lab has: its scenarios, its speed, its logs."""

    scenarios: Mapping[str, Scenario]
    speed: float
    logs: SendLogs

    def scenario(self, name: str) -> Scenario:
        """Return a scenario; raise `UnknownNameError` with what there is."""
        if name not in self.scenarios:
            raise UnknownNameError("scenario", name, self.scenarios)
        return self.scenarios[name]


def answer(site: Site, request: Request) -> Answer:
    """Return the answer to any request; a bad one gets a 4xx that says what to do."""
    try:
        path, query = _target(request.target)
        body = {**_json(request.body), **query}
        found = asked(path, body)
        if found is None:
            return Answer(_own(site, path))
        return _play(site, request.method, *found, body)
    except UnknownNameError as exc:
        return Answer(error(404, str(exc), "model_not_found"))
    except UsageError as exc:
        return Answer(error(400, str(exc), "bad_request"))


def _target(target: str) -> tuple[str, dict[str, str]]:
    try:
        url = urlsplit(target)
    except ValueError:
        raise UsageError(f"expected a path such as /sse/steady, and {target!r} came.") from None
    return unquote(url.path), dict(parse_qsl(url.query))


def _json(body: bytes) -> dict[str, Any]:
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


def _play(site: Site, method: str, dialect: str, what: Asked, body: dict[str, Any]) -> Answer:
    if method not in ("GET", "POST") or (method == "GET" and dialect not in PLAIN):
        return Answer(error(405, f"expected POST, and {method} came.", "method_not_allowed"))
    scenario = site.scenario(what.scenario)
    call = Call(what.scenario, dialect, what.stream, body)
    speed = site.speed * max(call.number("speed", 1.0), SLOWEST)
    play = encoded(scenario.play(call), str(body.get("encoding", "identity")))
    return Answer(play, scenario.name, speed)


def _own(site: Site, path: str) -> Play:
    """Answer the paths that are the lab's own."""
    if path in ("/", "/lab"):
        return home(site.scenarios.values())
    if path == "/v1/models":
        return models(site.scenarios)
    if path.startswith("/lab/log/"):
        log = site.logs.get(path.removeprefix("/lab/log/"))
        if log is not None:
            return document(compact(log.as_json()), JSON)
        return error(
            404, "no stream of this id is remembered; see x-streamlab-stream.", "no_log"
        )
    return error(404, f"nothing is served at {path}; GET / lists what is.", "not_found")
