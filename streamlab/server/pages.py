"""The responses that are not streams: the first page, the list of models, errors."""

from collections.abc import Iterable
from dataclasses import replace
from html import escape
from string import Template

from streamlab.server.parameters import PARAMETERS, parameters_of
from streamlab.server.response import Response, Scenario, document
from streamlab.server.shapes.base import CREATED, compact

KINDS = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}


def error(
    status: int, message: str, code: str, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """Return an error in OpenAI's format."""
    kind = KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    detail = {"message": message, "type": kind, "param": None, "code": code}
    page = document(compact({"error": detail}), "application/json", status)
    return replace(page, headers=headers)


def models(names: Iterable[str]) -> Response:
    """Return the scenarios in OpenAI's format of a list of models."""
    entry = {"object": "model", "created": CREATED, "owned_by": "streamlab"}
    data = [{"id": name, **entry} for name in names]
    return document(compact({"object": "list", "data": data}), "application/json")


def home(scenarios: Iterable[Scenario], address: str) -> Response:
    """Return the first page: about the lab, its scenarios and their parameters.

    `address` is the ``host:port`` of the lab, for the commands that can be pasted.
    """
    rows = "\n".join(map(_scenario, scenarios))
    fields = "\n".join(_row(_code(name), escape(what)) for name, what in PARAMETERS.items())
    page = PAGE.substitute(address=escape(address), scenarios=rows, parameters=fields)
    return document(page.encode(), "text/html; charset=utf-8")


def _scenario(scenario: Scenario) -> str:
    parameters = ", ".join(map(_code, parameters_of(scenario)))
    return _row(_code(scenario.name), scenario.source, escape(scenario.summary), parameters)


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}' for cell in cells)}"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


PAGE = Template("""<!doctype html><meta charset=utf-8><title>streamlab: the lab</title>
<h1>The lab</h1>
<p>A local server that streams like the server of a language model, on time, and logs when it
sent each write. There is no model here: <b>it answers by scenario, whatever the prompt</b>.
The field <code>model</code> names the scenario.
<pre>curl -N $address/v1/chat/completions -d '{"model": "count-to-ten", "stream": true}'
curl -N '$address/sse/steady?n_events=100&amp;step_ms=5'</pre>
<table><tr><th>scenario<th>kind<th>what it plays<th>parameters
$scenarios
</table>
<p>A parameter is a field of the body or of the query. A scenario ignores a parameter that it
does not have.
<table><tr><th>parameter<th>what it does
$parameters
</table>
<p>The times of a stream: <code>GET /lab/log/ID</code>, where ID is the response's header
<code>x-streamlab-stream</code>.
""")
