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
    "framing_at",
    "recognise",
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


def recognise(type: str, data: str) -> str | None:  # noqa: A002
    """Return the name of the dialect that an event has the shape of.

    None if it has none that anybody knows: a ping, an error, a relay's own words, a lone
    ``[DONE]``.  Then a later event may tell.
    """
    return next((each.name for each in _ALL if each.recognises("", type, data)), None)


def framing_at(path: str) -> str | None:
    """Return the framing that is usual at a path; None where no dialect knows it."""
    return next((each.framing for each in _ALL if each.recognises(path, "", "")), None)


def choose(path: str, framing: str, type: str, data: str) -> str:  # noqa: A002
    """Return the name of the dialect that a stream is in, whatever is known of it.

    An event decides, by its shape.  Where it has none that anybody knows the path of the
    URL does, provided that the framing agrees: many a web page has its own ``/api/chat``.
    Else it is ``sse`` or ``ndjson``.

    Parameters
    ----------
    path : str
        Of the URL, without the query.
    framing : {"sse", "ndjson"}
        In which the events came.
    type, data : str
        Of an event.
    """
    if name := recognise(type, data):
        return name
    for each in _ALL:
        if each.framing == framing and each.recognises(path, "", ""):
            return each.name
    return "ndjson" if framing == "ndjson" else "sse"
