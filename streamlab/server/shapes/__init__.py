"""The shapes, one file a provider: the path of its requests, the format of its responses.

To add one, write a file with a subclass of `Shape` and name it in `_ALL`.
"""

from collections.abc import Iterator, Mapping

from streamlab.server.completion import Completion
from streamlab.server.response import Request, Response, Write, document
from streamlab.server.shapes.anthropic import Anthropic
from streamlab.server.shapes.base import Asked, Shape
from streamlab.server.shapes.cohere import Cohere
from streamlab.server.shapes.gemini import Gemini
from streamlab.server.shapes.lmstudio_native import LMStudioNative
from streamlab.server.shapes.ollama import Ollama
from streamlab.server.shapes.openai_chat import OpenAIChat
from streamlab.server.shapes.openai_completions import OpenAICompletions
from streamlab.server.shapes.openai_responses import OpenAIResponses
from streamlab.server.shapes.plain import PlainNDJSON, PlainSSE

__all__ = ["SHAPES", "asked", "render", "writes"]

_ALL: tuple[type[Shape], ...] = (
    OpenAIChat,
    OpenAICompletions,
    OpenAIResponses,
    Anthropic,
    Gemini,
    Ollama,
    Cohere,
    LMStudioNative,
    PlainSSE,
    PlainNDJSON,
)

# By the name of their dialect.
SHAPES: dict[str, type[Shape]] = {shape.name: shape for shape in _ALL}


def asked(path: str, body: Mapping[str, object]) -> tuple[str, Asked] | None:
    """Return the dialect whose shape serves `path`, and the details that the request names."""
    for name, shape in SHAPES.items():
        found = shape.asked(path, body)
        if found is not None:
            return name, found
    return None


def render(completion: Completion, request: Request) -> Response:
    """Return a completion as a stream, or as one document at the time when it closes."""
    shape = SHAPES[request.dialect](request)
    if not request.stream:
        whole = shape.whole(completion)
        return document(whole, "application/json", at_ns=completion.closes_ns)
    return Response(writes(completion, shape), shape.content_type)


def writes(completion: Completion, shape: Shape) -> Iterator[Write]:
    """Yield the writes of a completion."""
    # Lazily, because one thread serves all streams: rendering 2,000 events at once would delay
    # the writes that are due in this time.
    if opening := shape.opening(completion):
        yield Write(completion.opens_ns, opening)
    for at_ns, texts in completion.steps:
        yield Write(at_ns, b"".join(map(shape.piece, texts)))
    if closing := shape.closing(completion):
        yield Write(completion.closes_ns, closing)
