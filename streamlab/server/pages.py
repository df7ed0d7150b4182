"""The answers that are no streams: the first page, the list of models, errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html import escape
from string import Template

from streamlab.server.knobs import KNOBS, knobs_of
from streamlab.server.play import Play, Scenario, document
from streamlab.server.shapes.base import CREATED, compact

KINDS = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}


def error(
    status: int, message: str, code: str, headers: tuple[tuple[str, str], ...] = ()
) -> Play:
    """Return an error as OpenAI shapes it."""
    kind = KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    detail = {"message": message, "type": kind, "param": None, "code": code}
    page = document(compact({"error": detail}), "application/json", status)
    return replace(page, headers=headers)


def models(names: Iterable[str]) -> Play:
    """Return the scenarios as OpenAI lists models."""
    entry = {"object": "model", "created": CREATED, "owned_by": "streamlab"}
    data = [{"id": name, **entry} for name in names]
    return document(compact({"object": "list", "data": data}), "application/json")


def home(scenarios: Iterable[Scenario]) -> Play:
    """Return a page that says what this is, what it plays, and what a request may turn."""
    page = PAGE.substitute(
        address=escape(address),
        scenarios="\n".join(map(_scenario, scenarios)),
        knobs="\n".join(_row(_code(name), escape(what)) for name, what in KNOBS.items()),
    )
    return document(page.encode(), "text/html; charset=utf-8")


def _scenario(scenario: Scenario) -> str:
    knobs = ", ".join(map(_code, knobs_of(scenario)))
    return _row(_code(scenario.name), scenario.source, escape(scenario.summary), knobs)


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}' for cell in cells)}"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


address = "127.0.0.1:PORT"
"""Where this process serves, known once it listens; a process has one lab."""

PAGE = Template("""<!doctype html><meta charset=utf-8><title>streamlab: the lab</title>
<h1>The lab</h1>
<p>A local server that streams like a language model's, on time, and logs when it really
sent each write. There is no model here: <b>it answers by scenario, whatever the prompt</b>.
The field <code>model</code> names the scenario.
<pre>curl -N $address/v1/chat/completions -d '{"model": "count-to-ten", "stream": true}'
curl -N '$address/sse/steady?n_events=100&amp;step_ms=5'</pre>
<table><tr><th>scenario<th>kind<th>what it plays<th>knobs
$scenarios
</table>
<p>A knob is a field of the body, or of the query. One that a scenario does not have is ignored.
<table><tr><th>knob<th>what it turns
$knobs
</table>
<p>The times of a stream: <code>GET /lab/log/ID</code>, where ID is the response's header
<code>x-streamlab-stream</code>.
""")
