"""Who says it how: one file a provider's shape, the same script in each.

To add one, write a file with a class that satisfies `Shape` and name it in `SHAPES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamlab.server.play import Call, Play, Write, document
from streamlab.server.script import Script
from streamlab.server.shapes.anthropic import Anthropic
from streamlab.server.shapes.base import Asked, Shape
from streamlab.server.shapes.cohere import Cohere
from streamlab.server.shapes.gemini import Gemini
from streamlab.server.shapes.lmstudio_native import LMStudioNative
from streamlab.server.shapes.ollama import Ollama
from streamlab.server.shapes.openai_chat import OpenAIChat
from streamlab.server.shapes.openai_responses import OpenAIResponses
from streamlab.server.shapes.plain_ndjson import PlainNDJSON
from streamlab.server.shapes.plain_sse import PlainSSE

__all__ = ["SHAPES", "asked", "render", "writes"]

_ALL: tuple[type[Shape], ...] = (
    OpenAIChat,
    OpenAIResponses,
    Anthropic,
    Gemini,
    Ollama,
    Cohere,
    LMStudioNative,
    PlainSSE,
    PlainNDJSON,
)

SHAPES: dict[str, type[Shape]] = {shape.name: shape for shape in _ALL}
"""The shapes by the name of their dialect."""


def asked(path: str, body: Mapping[str, Any]) -> tuple[str, Asked] | None:
    """Return the dialect that answers `path` and what is asked of it."""
    for name, shape in SHAPES.items():
        found = shape.asked(path, body)
        if found is not None:
            return name, found
    return None


def render(script: Script, call: Call) -> Play:
    """Return the answer to `call`: a stream, or the whole of it once all has been said."""
    shape = SHAPES[call.dialect](call)
    if not call.stream:
        return document(shape.whole(script), "application/json", at_ns=script.closes_ns)
    return Play(writes(script, shape), shape.content_type)


def writes(script: Script, shape: Shape) -> Iterator[Write]:
    """Say a script, lazily: rendering 2,000 events at once would hold the others up."""
    if opening := shape.opening(script):
        yield Write(script.opens_ns, opening)
    for at_ns, texts in script.beats:
        yield Write(at_ns, b"".join(map(shape.piece, texts)))
    if closing := shape.closing(script):
        yield Write(script.closes_ns, closing)
