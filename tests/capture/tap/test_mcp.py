"""MCP over streamable HTTP: a server and a client of the ``mcp`` package, tapped."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

import streamlab as sl


async def called(url: str, http: httpx2.AsyncClient) -> tuple[str, list[tuple[float, Any]]]:
    """Call a tool that tells of its progress; return its answer and what it told."""
    told: list[tuple[float, Any]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, message))

    transport = streamable_http_client(url, http_client=http)
    async with Client(transport, mode="legacy") as client:
        result = await client.call_tool("count", {"n": 4}, progress_callback=progress)
    return result.content[0].text, told


async def tapped(url: str, with_tap: bool) -> tuple[Any, list[sl.Recording]]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        if not with_tap:
            return await called(url, http), []
        with sl.tap(http) as tap:
            found = await called(url, http)
    return found, tap.recordings


def test_every_event_of_a_tool_call_is_recorded_with_its_id_and_retry(
    mcp_url: str, tier: str
) -> None:
    without, _ = asyncio.run(tapped(mcp_url, with_tap=False))
    found, recordings = asyncio.run(tapped(mcp_url, with_tap=True))
    assert found == without == ("1 2 3 4", [(i, f"number {i}") for i in (1, 2, 3, 4)])
    call = next(rec for rec in recordings if asked(rec) == "tools/call")
    assert call.dialect == "sse"
    assert set(call.reads["stamp"]) == {tier}
    events = call.events
    assert events["retry"].dropna().tolist() == [1234]  # the event that makes it resumable
    numbers = [int(number) for number in events["id"]]
    assert numbers == list(range(numbers[0], numbers[0] + 6))
    messages = [json.loads(data) for data in events["data"] if data]
    progress = [each["params"]["message"] for each in messages if "params" in each]
    assert progress == ["number 1", "number 2", "number 3", "number 4"]
    assert messages[-1]["result"]["content"][0]["text"] == "1 2 3 4"


def test_every_request_of_a_session_is_a_recording_in_the_order_asked(mcp_url: str) -> None:
    _, recordings = asyncio.run(tapped(mcp_url, with_tap=True))
    methods = [rec.meta["method"] for rec in recordings]
    assert methods[:2] == ["POST", "POST"]
    assert sorted(methods) == ["DELETE", "GET", "POST", "POST", "POST", "POST"]
    assert {rec.label for rec in recordings} == {"/mcp"}
    assert asked(recordings[0]) == "initialize"
    ended = next(rec for rec in recordings if rec.meta["method"] == "DELETE")
    assert ended.problem is None
    assert all(rec.end.how in ("eof", "closed", "cancelled", "timeout") for rec in recordings)


def asked(recording: sl.Recording) -> Any:
    """Return the JSON-RPC method of a request, if it was one."""
    return (recording.meta["request"] or {}).get("method")
