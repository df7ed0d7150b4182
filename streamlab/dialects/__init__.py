"""Who says it how: one file a dialect, its request and its deltas.

Standard library only.  To add a dialect, write a class that is a `Dialect` in a
file of its own and name it in `DIALECTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from streamlab.dialects.answer import Answer, Choice, answer
from streamlab.dialects.anthropic import Anthropic
from streamlab.dialects.base import GENERATED, Ask, Delta, Dialect, Kind, Reader
from streamlab.dialects.cohere import Cohere
from streamlab.dialects.gemini import Gemini
from streamlab.dialects.lmstudio_native import LMStudioNative
from streamlab.dialects.ollama import Ollama
from streamlab.dialects.openai_chat import OpenAIChat
from streamlab.dialects.openai_responses import OpenAIResponses
from streamlab.dialects.plain import Plain
from streamlab.dialects.usage import Tokens, tokens
from streamlab.errors import UnknownNameError

__all__ = [
    "DIALECTS",
    "GENERATED",
    "Answer",
    "Ask",
    "Choice",
    "Delta",
    "Dialect",
    "Kind",
    "Reader",
    "Tokens",
    "answer",
    "choose",
    "dialect_named",
    "tokens",
]

_ALL: tuple[Dialect, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    Anthropic(),
    Gemini(),
    Ollama(),
    Cohere(),
    LMStudioNative(),
    Plain("sse"),
    Plain("ndjson"),
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType({each.name: each for each in _ALL})
"""All there are, by name; ``auto`` is none of them, but `choose`."""


def dialect_named(name: str) -> Dialect:
    """Return the dialect of this name.

    Raises
    ------
    UnknownNameError
        If there is none; ``auto`` is no dialect either, but a choice among them.
    """
    if name not in DIALECTS:
        raise UnknownNameError("dialect", name, DIALECTS)
    return DIALECTS[name]


def choose(path: str, content_type: str, type: str, data: str) -> str:  # noqa: A002
    """Return the name of the dialect that a stream is in.

    The first event decides, by its shape.  Where it has none that anybody knows (an
    error, a lone ``[DONE]``) the path of the URL does, provided that the content type
    agrees: many a web page has its own ``/api/chat``.  Else it is ``sse`` or ``ndjson``.

    Parameters
    ----------
    path : str
        Of the URL, without the query.
    content_type : str
        As the response gave it; ``""`` if it gave none.
    type, data : str
        Of the first event.
    """
    for each in _ALL:
        if each.recognises("", type, data):
            return each.name
    framing = _framing(content_type)
    for each in _ALL:
        if each.recognises(path, "", "") and framing in (None, each.framing):
            return each.name
    return framing or "sse"


def _framing(content_type: str) -> str | None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/event-stream":
        return "sse"
    return "ndjson" if "json" in kind else None
