"""Endpoints of providers, one function each: ``sl.openai("gpt-4o-mini")``.

The base URL and the key come from the arguments, else from the provider's usual
environment variables.  Further options are those of ``httpx.Client``.
"""

from __future__ import annotations

from typing import Any

from streamlab.errors import UnknownNameError
from streamlab.transport.endpoint import Endpoint, provider

_OPENAI_APIS = {"chat": "openai_chat", "responses": "openai_responses"}


def openai(model: str, *, api: str = "chat", **options: Any) -> Endpoint:
    """Return an endpoint of OpenAI, or of whoever speaks its protocol at ``base_url``.

    Parameters
    ----------
    model : str
    api : {"chat", "responses"}
    **options
        ``base_url`` (else ``OPENAI_BASE_URL``), ``api_key`` (else ``OPENAI_API_KEY``),
        ``headers``, ``json`` (fields of every body), and options of ``httpx.Client``.

    Raises
    ------
    MissingKeyError
        If OpenAI's own address is asked without a key.
    """
    if api not in _OPENAI_APIS:
        raise UnknownNameError("api of OpenAI", api, _OPENAI_APIS)
    return provider(_OPENAI_APIS[api], model, **options)


def anthropic(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of Anthropic; ``ANTHROPIC_API_KEY``; options as `openai`."""
    return provider("anthropic", model, **options)


def gemini(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of Gemini; ``GEMINI_API_KEY``; options as `openai`."""
    return provider("gemini", model, **options)


def ollama(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of Ollama, by default on this machine; options as `openai`."""
    return provider("ollama", model, **options)


def cohere(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of Cohere v2; ``CO_API_KEY``; options as `openai`."""
    return provider("cohere", model, **options)


def lmstudio(model: str, **options: Any) -> Endpoint:
    """Return an endpoint of LM Studio's own API on this machine; options as `openai`."""
    return provider("lmstudio_native", model, **options)
