"""Endpoints of providers, one function each: ``sl.openai("gpt-4o-mini")``.

The base URL and the key come from the arguments, else from the provider's usual
environment variables.  Further options are those of ``httpx.Client``.
"""

from typing import Any

from streamlab.endpoints.endpoint import Endpoint, provider
from streamlab.errors import UnknownNameError

_OPENAI_APIS = ("chat", "responses", "completions")


def openai(model: str, *, api: str = "chat", **options: Any) -> Endpoint:
    """Return an endpoint of OpenAI, or of a server that speaks its protocol at ``base_url``.

    Parameters
    ----------
    model : str
    api : {"chat", "responses", "completions"}
        ``completions`` is the legacy API, whose prompt is one text.
    **options
        ``base_url`` (else ``OPENAI_BASE_URL``), ``api_key`` (else ``OPENAI_API_KEY``),
        ``headers``, ``json`` (fields of every body), and options of ``httpx.Client``.

    Raises
    ------
    MissingKeyError
        If there is no key for OpenAI's own address.
    """
    if api not in _OPENAI_APIS:
        raise UnknownNameError("api of OpenAI", api, _OPENAI_APIS)
    return provider(f"openai_{api}", model, **options)


def anthropic(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of Anthropic's messages; options as `openai`.

    ``ANTHROPIC_API_KEY`` and ``ANTHROPIC_BASE_URL``.
    """
    return provider("anthropic", model, **options)


def gemini(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of Google's Gemini; options as `openai`.

    ``GEMINI_API_KEY``, else ``GOOGLE_API_KEY``, and ``GOOGLE_GEMINI_BASE_URL``.
    """
    return provider("gemini", model, **options)


def ollama(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of Ollama, by default on this machine; options as `openai`.

    ``OLLAMA_HOST`` may be a URL, ``host:port``, a host or ``:port``.  No key is needed.
    """
    return provider("ollama", model, **options)


def cohere(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of Cohere's chat, version 2; options as `openai`.

    ``CO_API_KEY``, else ``COHERE_API_KEY``, and ``CO_API_URL``.
    """
    return provider("cohere", model, **options)


def lmstudio(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of LM Studio's own API on this machine; options as `openai`.

    No key is needed.  For its copy of OpenAI's API, use ``sl.openai(model, base_url=…)``.
    """
    return provider("lmstudio_native", model, **options)
