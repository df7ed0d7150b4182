"""An MCP server of the ``mcp`` package, whose events carry ids and retry."""

from __future__ import annotations

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.streamable_http import (
    EventCallback,
    EventId,
    EventMessage,
    EventStore,
    StreamId,
)
from mcp.types import JSONRPCMessage

from tests.servers.listening import end_with_stdin, listening

server = MCPServer("numbers")


@server.tool()
async def count(n: int, ctx: Context) -> str:
    """Count to n, and report the progress at every number."""
    for i in range(n):
        await ctx.report_progress(i + 1, n, f"number {i + 1}")
    return " ".join(str(i + 1) for i in range(n))


class Remembered(EventStore):
    """Numbers the events: with a store like this, the server sends ids."""

    def __init__(self) -> None:
        self._events: list[tuple[StreamId, JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(
        self, last_event_id: EventId, send_callback: EventCallback
    ) -> StreamId | None:
        at = int(last_event_id)
        stream_id = self._events[at - 1][0]
        for number, (stream, message) in enumerate(self._events[at:], at + 1):
            if stream == stream_id and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream_id


if __name__ == "__main__":
    end_with_stdin()
    app = server.streamable_http_app(event_store=Remembered(), retry_interval=1234)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening()])
