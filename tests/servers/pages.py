"""What the starlette servers serve, under uvicorn and under hypercorn.

Every event of ``/numbers`` has the time it was made, on the clock that all processes of a
machine share, and the name of its client, so that a test can match bytes and clients.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

STREAMS = Path(__file__).parents[1] / "data/streams"


async def numbers(request: Request) -> Response:
    """Stream ``n`` events ``gap_ms`` apart, each with the ``who`` of the query."""
    asked = request.query_params
    n, gap_s = int(asked.get("n", 5)), float(asked.get("gap_ms", 5)) / 1e3

    async def events() -> AsyncIterator[dict[str, Any]]:
        for i in range(n):
            data = {"who": asked.get("who", ""), "i": i, "sent_ns": time.monotonic_ns()}
            yield {"id": f"{i}", "event": "number", "retry": 1000, "data": json.dumps(data)}
            await asyncio.sleep(gap_s)

    return EventSourceResponse(events(), ping=3600)


def transcript(name: str) -> bytes:
    """Return a file of tests/data/streams; ``ollama_plain`` is ``ollama_chat`` without U+2028.

    httpx ends a line at U+2028, and then ollama's client cannot parse the line.
    """
    path = next(STREAMS.glob(f"{name.replace('_plain', '_chat')}.[sn]*"))
    body = path.read_bytes()
    return body.replace("\u2028".encode(), b"") if name.endswith("_plain") else body


def played(name: str) -> Response:
    """Play a transcript in small pieces, cut anywhere."""
    body = transcript(name)
    kind = "application/x-ndjson" if name.startswith("ollama") else "text/event-stream"

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 150):
            yield body[at : at + 150]
            await asyncio.sleep(0.002)

    return StreamingResponse(pieces(), media_type=kind)


async def zipped(request: Request) -> Response:
    """Answer compressed, in one piece."""
    del request
    headers = {"content-encoding": "gzip", "content-type": "text/event-stream"}
    return Response(gzip.compress(b"data: small\n\n" * 200), headers=headers)


async def moved(request: Request) -> Response:
    """Redirect the client to ``/numbers``."""
    return RedirectResponse(f"/numbers?{request.url.query}", 307)


async def nothing(request: Request) -> Response:
    """Answer without a body."""
    del request
    return Response(status_code=204)


async def completion(request: Request) -> Response:
    """Play the transcript that ``model`` names; refuse a wrong key, and quote it."""
    key = request.headers.get("authorization", "")
    if "wrong" in key:
        return JSONResponse({"error": {"message": f"wrong key: {key}", "code": "bad"}}, 401)
    return played((await request.json())["model"])


async def echo(request: Request) -> Response:
    """Answer with the request as it arrived: method, headers and body."""
    body = (await request.body()).decode()
    headers = [[name, value] for name, value in request.headers.items()]
    return JSONResponse({"method": request.method, "headers": headers, "body": body})


EITHER = ["GET", "POST"]
PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages", "/api/chat")
app = Starlette(
    routes=[
        Route("/numbers", numbers, methods=EITHER),
        Route("/zipped", zipped),
        Route("/moved", moved, methods=EITHER),
        Route("/nothing", nothing),
        *(Route(path, completion, methods=["POST"]) for path in PATHS),
        Route("/echo", echo, methods=EITHER),
    ]
)
