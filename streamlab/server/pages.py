"""The answers that are no streams: the first page, the list of models, errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html import escape

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
    """Return a page that says what this is."""
    rows = "\n".join(
        f"<tr><td><code>{escape(s.name)}</code><td>{s.source}<td>{escape(s.summary)}"
        for s in scenarios
    )
    return document(PAGE.replace("ROWS", rows).encode(), "text/html; charset=utf-8")


PAGE = """<!doctype html><meta charset=utf-8><title>streamlab: the lab</title>
<h1>The lab</h1>
<p>A local server that streams like a language model's, on time, and logs when it really
sent each write. There is no model here: <b>it answers by scenario, whatever the prompt</b>.
The field <code>model</code> names the scenario.
<pre>curl -N 127.0.0.1:PORT/v1/chat/completions -d '{"model": "count-to-ten", "stream": true}'
curl -N 127.0.0.1:PORT/sse/steady?speed=2</pre>
<table><tr><th>scenario<th>kind<th>what it plays
ROWS
</table>
<p>Knobs, in the body or the query: <code>seed</code>, <code>speed</code>,
<code>encoding</code> (gzip, gzip-unflushed).
The times of a stream: <code>GET /lab/log/ID</code>, where ID is the response's header
<code>x-streamlab-stream</code>.
"""
