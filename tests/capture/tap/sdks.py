"""The SDKs of the tests: how each streams one answer, and what it yields.

A driver gets the URL, the model, and the HTTP client to use; it returns the values that the SDK
yielded, as plain values that can be compared.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import anthropic
import httpx
import httpx2
import mistralai.client
import ollama
import openai

KEY = "sk-a-very-secret-key"
ASKED: Any = [{"role": "user", "content": "Count to 10"}]


class SDK(NamedTuple):
    """One package, one API of it, sync and async."""

    package: str
    api: str
    model: str  # the transcript that pages play for it
    library: Any  # httpx or httpx2: whose clients it takes
    sync: Callable[[str, str, Any], list[Any]]
    asynchronous: Callable[[str, str, Any], Any]  # a coroutine

    @property
    def name(self) -> str:
        return f"{self.package} {self.api}".strip()

    def client(self, is_async: bool, **options: Any) -> Any:
        """Return a client of the library that this package sits on."""
        options = {"timeout": 10, "trust_env": False, **options}
        kind = self.library.AsyncClient if is_async else self.library.Client
        return kind(**options)

    def run(self, url: str, model: str, http: Any) -> list[Any]:
        """Stream once; return what the SDK yields."""
        if inspect.iscoroutinefunction(getattr(http, "aclose", None)):
            return asyncio.run(self._run(url, model, http))
        with http:
            return self.sync(url, model, http)

    async def _run(self, url: str, model: str, http: Any) -> list[Any]:
        async with http:
            found: list[Any] = await self.asynchronous(url, model, http)
            return found


def openai_chat(url: str, model: str, http: Any) -> list[Any]:
    client = openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", http_client=http, max_retries=0)
    stream = client.chat.completions.create(model=model, messages=ASKED, stream=True)
    return [chunk.model_dump() for chunk in stream]


async def aopenai_chat(url: str, model: str, http: Any) -> list[Any]:
    client = openai.AsyncOpenAI(
        api_key=KEY, base_url=f"{url}/v1", http_client=http, max_retries=0
    )
    stream = await client.chat.completions.create(model=model, messages=ASKED, stream=True)
    return [chunk.model_dump() async for chunk in stream]


def openai_responses(url: str, model: str, http: Any) -> list[Any]:
    client = openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", http_client=http, max_retries=0)
    stream = client.responses.create(model=model, input="Count to 10", stream=True)
    return [event.model_dump(warnings=False) for event in stream]


async def aopenai_responses(url: str, model: str, http: Any) -> list[Any]:
    client = openai.AsyncOpenAI(
        api_key=KEY, base_url=f"{url}/v1", http_client=http, max_retries=0
    )
    stream = await client.responses.create(model=model, input="Count to 10", stream=True)
    return [event.model_dump(warnings=False) async for event in stream]


def anthropic_messages(url: str, model: str, http: Any) -> list[Any]:
    client = anthropic.Anthropic(api_key=KEY, base_url=url, http_client=http, max_retries=0)
    stream = client.messages.create(model=model, max_tokens=99, messages=ASKED, stream=True)
    return [event.model_dump(warnings=False) for event in stream]


async def aanthropic_messages(url: str, model: str, http: Any) -> list[Any]:
    client = anthropic.AsyncAnthropic(
        api_key=KEY, base_url=url, http_client=http, max_retries=0
    )
    stream = await client.messages.create(
        model=model, max_tokens=99, messages=ASKED, stream=True
    )
    return [event.model_dump(warnings=False) async for event in stream]


def mistral(url: str, model: str, http: Any) -> list[Any]:
    client = mistralai.client.Mistral(api_key=KEY, server_url=url, client=http)
    stream = client.chat.stream(model=model, messages=ASKED)
    return [event.data.model_dump() for event in stream]


async def amistral(url: str, model: str, http: Any) -> list[Any]:
    client = mistralai.client.Mistral(api_key=KEY, server_url=url, async_client=http)
    stream = await client.chat.stream_async(model=model, messages=ASKED)
    return [event.data.model_dump() async for event in stream]


def ollama_chat(url: str, model: str, http: Any) -> list[Any]:
    client = ollama.Client(host=url, verify=False)
    client._client.close()
    client._client = http  # it takes options for a client, and no client
    http.base_url = url
    return [part.model_dump() for part in client.chat(model, ASKED, stream=True)]


async def aollama_chat(url: str, model: str, http: Any) -> list[Any]:
    client = ollama.AsyncClient(host=url, verify=False)
    await client._client.aclose()
    client._client = http
    http.base_url = url
    return [part.model_dump() async for part in await client.chat(model, ASKED, stream=True)]


def plain(url: str, model: str, http: Any) -> list[Any]:
    body = {"model": model, "stream": True}
    with http.stream("POST", f"{url}/v1/chat/completions", json=body) as response:
        return list(response.iter_lines())


async def aplain(url: str, model: str, http: Any) -> list[Any]:
    body = {"model": model, "stream": True}
    async with http.stream("POST", f"{url}/v1/chat/completions", json=body) as response:
        return [line async for line in response.aiter_lines()]


CHAT, RESPONSES = "openai_chat_text", "openai_responses_text"
SDKS = (
    SDK("openai", "chat", CHAT, httpx2, openai_chat, aopenai_chat),
    SDK("openai", "responses", RESPONSES, httpx2, openai_responses, aopenai_responses),
    SDK("anthropic", "", "anthropic_text", httpx2, anthropic_messages, aanthropic_messages),
    SDK("mistralai", "", "mistral_chat", httpx2, mistral, amistral),
    SDK("ollama", "", "ollama_plain", httpx, ollama_chat, aollama_chat),
    SDK("httpx", "", CHAT, httpx, plain, aplain),
    SDK("httpx2", "", CHAT, httpx2, plain, aplain),
)
