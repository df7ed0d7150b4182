"""The providers' own packages: how each streams an answer, sync and async.

A client is given the URL of a server and the model, and returns what its user would print, and
the number of tokens that the package says the answer has.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import anthropic
import cohere
import ollama
import openai
from google import genai
from mistralai.client import Mistral

ASKED: Any = [{"role": "user", "content": "Count to 10"}]
USAGE: Any = {"include_usage": True}


class Heard(NamedTuple):
    """An answer, as a package hands it over."""

    pieces: list[str]
    n_tokens: int | None  # None if the package was told nothing

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Client(NamedTuple):
    """One package and one of its APIs, and the dialect which that is."""

    name: str
    dialect: str
    stream: Callable[[str, str], Heard]
    astream: Callable[[str, str], Coroutine[Any, Any, Heard]]


def chat(url: str, model: str) -> Heard:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        create = client.chat.completions.create
        return _chunks(
            list(create(model=model, messages=ASKED, stream=True, stream_options=USAGE))
        )


async def achat(url: str, model: str) -> Heard:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:
        create = client.chat.completions.create
        chunks = await create(model=model, messages=ASKED, stream=True, stream_options=USAGE)
        return _chunks([chunk async for chunk in chunks])


def responses(url: str, model: str) -> Heard:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        return _responses(list(client.responses.create(model=model, input="Hi", stream=True)))


async def aresponses(url: str, model: str) -> Heard:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:
        events = await client.responses.create(model=model, input="Hi", stream=True)
        return _responses([event async for event in events])


def messages(url: str, model: str) -> Heard:
    with (
        anthropic.Anthropic(base_url=url, api_key="none") as client,
        client.messages.stream(model=model, max_tokens=99, messages=ASKED) as stream,
    ):
        pieces = list(stream.text_stream)
        return Heard(pieces, stream.get_final_message().usage.output_tokens)


async def amessages(url: str, model: str) -> Heard:
    async with (
        anthropic.AsyncAnthropic(base_url=url, api_key="none") as client,
        client.messages.stream(model=model, max_tokens=99, messages=ASKED) as stream,
    ):
        pieces = [piece async for piece in stream.text_stream]
        return Heard(pieces, (await stream.get_final_message()).usage.output_tokens)


def generate(url: str, model: str) -> Heard:
    with genai.Client(api_key="none", http_options={"base_url": url}) as client:
        return _generated(
            list(client.models.generate_content_stream(model=model, contents="Hi"))
        )


async def agenerate(url: str, model: str) -> Heard:
    client = genai.Client(api_key="none", http_options={"base_url": url})
    async with client.aio as aio:
        chunks = await aio.models.generate_content_stream(model=model, contents="Hi")
        found = _generated([chunk async for chunk in chunks])
    client.close()
    return found


def local(url: str, model: str) -> Heard:
    client = ollama.Client(host=url)
    parts = list(client.chat(model=model, messages=ASKED, stream=True))
    client._client.close()  # it has no way of its own
    return _parts(parts)


async def alocal(url: str, model: str) -> Heard:
    client = ollama.AsyncClient(host=url)
    stream = await client.chat(model=model, messages=ASKED, stream=True)
    parts = [part async for part in stream]
    await client._client.aclose()
    return _parts(parts)


def v2(url: str, model: str) -> Heard:
    with cohere.ClientV2(api_key="none", base_url=url) as client:
        return _v2(list(client.chat_stream(model=model, messages=ASKED)))


async def av2(url: str, model: str) -> Heard:
    async with cohere.AsyncClientV2(api_key="none", base_url=url) as client:
        return _v2([event async for event in client.chat_stream(model=model, messages=ASKED)])


def mistral(url: str, model: str) -> Heard:
    with Mistral(api_key="none", server_url=url) as client:
        return _chunks([e.data for e in client.chat.stream(model=model, messages=ASKED)])


async def amistral(url: str, model: str) -> Heard:
    async with Mistral(api_key="none", server_url=url) as client:
        events = await client.chat.stream_async(model=model, messages=ASKED)
        return _chunks([event.data async for event in events])


def _chunks(chunks: list[Any]) -> Heard:
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    usage = chunks[-1].usage
    return _heard(pieces, usage and usage.completion_tokens)


def _responses(events: list[Any]) -> Heard:
    pieces = [e.delta for e in events if e.type == "response.output_text.delta"]
    return _heard(pieces, events[-1].response.usage.output_tokens)


def _generated(chunks: list[Any]) -> Heard:
    usage = chunks[-1].usage_metadata
    return _heard([chunk.text for chunk in chunks], usage.candidates_token_count)


def _parts(parts: list[Any]) -> Heard:
    return _heard([part.message.content for part in parts], parts[-1].eval_count)


def _v2(events: list[Any]) -> Heard:
    pieces = [e.delta.message.content.text for e in events if e.type == "content-delta"]
    (end,) = [event for event in events if event.type == "message-end"]
    return _heard(pieces, int(end.delta.usage.tokens.output_tokens))


def _heard(pieces: list[str | None], n_tokens: int | None) -> Heard:
    return Heard([piece for piece in pieces if piece], n_tokens)


CLIENTS = (
    Client("openai chat", "openai_chat", chat, achat),
    Client("openai responses", "openai_responses", responses, aresponses),
    Client("anthropic", "anthropic", messages, amessages),
    Client("google-genai", "gemini", generate, agenerate),
    Client("ollama", "ollama", local, alocal),
    Client("cohere", "cohere", v2, av2),
    Client("mistralai", "openai_chat", mistral, amistral),
)
