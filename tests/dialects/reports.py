"""Inputs that readers of streams get wrong, and what is right: ``tests/data/reports``.

A case has its events (objects, words, or a name with an object) or its body, and what a
recording of it must say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamlab.dialects import dialect_named
from streamlab.recording import Recording

HERE = Path(__file__).parents[1] / "data" / "reports"
CASES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(HERE.glob("*.json"))
}


def body_of(case: dict[str, Any]) -> bytes:
    """Return the body of a case, as a server sends it."""
    if "body" in case:
        return str(case["body"]).encode()
    return b"".join(map(_event, case["events"]))


def _event(event: Any) -> bytes:
    name, data = event if isinstance(event, list) else ("", event)
    text = data if isinstance(data, str) else json.dumps(data)
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {text}\n\n".encode()


def content_type_of(case: dict[str, Any]) -> str:
    is_sse = dialect_named(case["dialect"]).framing == "sse"
    return "text/event-stream" if is_sse else "application/x-ndjson"


def wrong(rec: Recording, right: dict[str, Any]) -> dict[str, Any]:
    """Return what a recording says that is not right, by name."""
    said = {name: _said(rec, name) for name in right if name != "cli_exit"}
    return {name: said[name] for name in said if not _fits(name, right[name], said[name])}


def _said(rec: Recording, name: str) -> Any:
    match name:
        case "tool_calls":
            return [[call["name"], json.loads(call["arguments"])] for call in rec.tool_calls]
        case "kinds":
            return rec.deltas["kind"].tolist()
        case "error":
            return rec.error and str(dict(rec.error))
        case "server_times":
            return rec.server_times.to_numpy().tolist()
        case "n_tokens" | "n_prompt_tokens" | "tok_s_user":
            value = rec.summary[name]
            return None if value != value else value
    return getattr(rec, name)


def _fits(name: str, want: Any, said: Any) -> bool:
    if name in ("problem", "error") and want is not None:
        return want in str(said)
    if name == "kinds":
        return set(want) <= set(said)
    if name in ("usage", "finish_detail") and want is not None:
        return said is not None and want.items() <= dict(said).items()
    return bool(want == said)
