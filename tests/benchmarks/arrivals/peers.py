"""The other clients, each used as its documentation shows, with one client for all streams.

They have no arrival time: the benchmark notes when the consumer's loop has the event.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from tests.benchmarks.arrivals.rows import Rows, tasks, threads

TIMEOUT_S = 60
QUESTION: Any = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "stream": True,
}


def httpx_iter_lines(url: str, n_streams: int) -> list[Rows]:
    import httpx

    limits = httpx.Limits(max_connections=None)
    with httpx.Client(limits=limits, timeout=TIMEOUT_S) as client:

        def work(rows: Rows) -> None:
            with client.stream("GET", url) as response:
                for line in response.iter_lines():
                    rows.line(line)

        return threads(work, n_streams)


def httpx_aiter_lines(url: str, n_streams: int) -> list[Rows]:
    import httpx

    async def main() -> list[Rows]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(limits=limits, timeout=TIMEOUT_S) as client:

            async def work(rows: Rows) -> None:
                async with client.stream("GET", url) as response:
                    async for line in response.aiter_lines():
                        rows.line(line)

            return await tasks(work, n_streams)

    return asyncio.run(main())


def httpx2_event_source(url: str, n_streams: int) -> list[Rows]:
    import httpx2

    async def main() -> list[Rows]:
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(limits=limits, timeout=TIMEOUT_S) as client:

            async def work(rows: Rows) -> None:
                async with client.stream("GET", url) as response:
                    async for event in httpx2.EventSource(response):
                        rows.line(event.data)

            return await tasks(work, n_streams)

    return asyncio.run(main())


def aiohttp_content(url: str, n_streams: int) -> list[Rows]:
    import aiohttp

    async def main() -> list[Rows]:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None, sock_read=TIMEOUT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

            async def work(rows: Rows) -> None:
                async with session.get(url) as response:
                    async for line in response.content:
                        rows.line(line)

            return await tasks(work, n_streams)

    return asyncio.run(main())


def requests_iter_lines(url: str, n_streams: int) -> list[Rows]:
    import requests

    def work(rows: Rows) -> None:
        with requests.get(url, stream=True, timeout=TIMEOUT_S) as response:
            for line in response.iter_lines():
                rows.line(line)

    return threads(work, n_streams)


def openai_sync(url: str, n_streams: int) -> list[Rows]:
    import openai

    http = openai.DefaultHttpxClient(limits=_limits(openai))
    base_url = url.removesuffix("/chat/completions")
    with openai.OpenAI(api_key="none", base_url=base_url, http_client=http) as client:

        def work(rows: Rows) -> None:
            for event in client.chat.completions.create(**QUESTION):
                rows.content(event.choices[0].delta.content)

        return threads(work, n_streams)


def openai_async(url: str, n_streams: int) -> list[Rows]:
    import openai

    base_url = url.removesuffix("/chat/completions")

    async def main() -> list[Rows]:
        http = openai.DefaultAsyncHttpxClient(limits=_limits(openai))
        async with openai.AsyncOpenAI(
            api_key="none", base_url=base_url, http_client=http
        ) as client:

            async def work(rows: Rows) -> None:
                async for event in await client.chat.completions.create(**QUESTION):
                    rows.content(event.choices[0].delta.content)

            return await tasks(work, n_streams)

    return asyncio.run(main())


def _limits(openai: Any) -> Any:
    """Return limits of whichever httpx this SDK sits on, wide enough for all streams."""
    base = next(
        c for c in openai.DefaultHttpxClient.__mro__ if c.__module__.startswith("httpx")
    )
    return sys.modules[base.__module__.partition(".")[0]].Limits(max_connections=None)
