"""The formats of the providers: one file a dialect, with its request and its deltas.

Standard library only.  To add a dialect, write a subclass of `Dialect` in its own file and
add it to `_ALL`.
"""

from collections.abc import Mapping
from types import MappingProxyType

# "import x as x" says that the name is public here.
from streamlab.dialects.answer import Answer as Answer
from streamlab.dialects.answer import answer as answer
from streamlab.dialects.anthropic import Anthropic
from streamlab.dialects.cohere import Cohere
from streamlab.dialects.custom import FUNCTION as FUNCTION
from streamlab.dialects.custom import EventReader as EventReader
from streamlab.dialects.custom import Reading as Reading
from streamlab.dialects.custom import checked as checked
from streamlab.dialects.deltas import GENERATED as GENERATED
from streamlab.dialects.deltas import Delta as Delta
from streamlab.dialects.deltas import Kind as Kind
from streamlab.dialects.dialect import Dialect as Dialect
from streamlab.dialects.gemini import Gemini
from streamlab.dialects.lmstudio_native import LMStudioNative
from streamlab.dialects.ollama import Ollama
from streamlab.dialects.openai_chat import OpenAIChat
from streamlab.dialects.openai_completions import OpenAICompletions
from streamlab.dialects.openai_responses import OpenAIResponses
from streamlab.dialects.plain import Plain
from streamlab.dialects.reader import Reader as Reader
from streamlab.dialects.times import server_times as server_times
from streamlab.dialects.usage import tokens as tokens
from streamlab.errors import UnknownNameError

_ALL: tuple[Dialect, ...] = (
    OpenAIChat(),
    OpenAICompletions(),
    OpenAIResponses(),
    Anthropic(),
    Gemini(),
    Ollama(),
    Cohere(),
    LMStudioNative(),
    Plain("sse", "sse"),
    Plain("ndjson", "ndjson"),
    Plain("text", "plain"),
)

# Dialects of no provider: each event is one `meta`, whose text is its data.
PLAIN = ("sse", "ndjson", "text")

# All dialects by name.  `auto` is not among them: it means that `choose` decides.
DIALECTS: Mapping[str, Dialect] = MappingProxyType({each.name: each for each in _ALL})


def dialect_named(name: str) -> Dialect:
    """Return the dialect of this name; raise UnknownNameError if it is none, as ``auto``."""
    if name not in DIALECTS:
        raise UnknownNameError("dialect", name, DIALECTS)
    return DIALECTS[name]


def recognise(type: str, data: str) -> str | None:  # noqa: A002
    """Return the name of the dialect whose shape an event has, or None.

    A ping, an error, a message from a relay and a lone ``[DONE]`` have no known shape; then a
    later event may decide.
    """
    return next((each.name for each in _ALL if each.recognises_event(type, data)), None)


def framing_at(path: str) -> str | None:
    """Return the usual framing at a URL path; None if no dialect knows the path."""
    return next((each.framing for each in _ALL if each.recognises_path(path)), None)


def choose(path: str, framing: str, type: str, data: str) -> str:  # noqa: A002
    """Return the name of the dialect of a stream.

    The shape of an event decides.  If the shape is unknown, the path of the URL decides, but
    only for a dialect with the same framing.  Else the dialect is one of `PLAIN`.
    """
    if name := recognise(type, data):
        return name
    # A path alone is weak evidence: many web pages have their own `/api/chat`, which is rarely
    # Ollama's.  The framing distinguishes most of them.
    framed = (each for each in _ALL if each.framing == framing and each.recognises_path(path))
    plain = {"ndjson": "ndjson", "plain": "text"}.get(framing, "sse")
    return next((each.name for each in framed), plain)
