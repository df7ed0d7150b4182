"""Google's Gemini: ``POST /v1beta/models/<scenario>:streamGenerateContent?alt=sse``."""

from collections.abc import Mapping

from streamlab.server.completion import Completion
from streamlab.server.response import Request
from streamlab.server.shapes.base import Asked, Shape, compact

STREAM, WHOLE = ":streamGenerateContent", ":generateContent"


class Gemini(Shape):
    """Unnamed events with CRLF and the usage in each; none marks the beginning or the end."""

    name = "gemini"
    path = "/models/"  # after any version
    content_type = "text/event-stream"

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._frame = {"modelVersion": request.scenario, "responseId": self.identifier(8)}
        self._n_texts = 0

    @classmethod
    def asked(cls, path: str, body: Mapping[str, object]) -> Asked | None:
        """Return the details that a request names, in its path after ``v1`` or ``v1beta``."""
        scenario, colon, method = path.rpartition(cls.path)[2].partition(":")
        if not path.startswith("/v1") or colon + method not in (STREAM, WHOLE):
            return None
        return Asked(scenario, colon + method == STREAM)

    def piece(self, text: str) -> bytes:
        """Return one response with the text, and the usage so far."""
        self._n_texts += 1
        return _event(self._response(text))

    def closing(self, completion: Completion) -> bytes:
        """Return a last response with the reason of the finish."""
        return _event(self._response("", finishReason="STOP"))

    def whole(self, completion: Completion) -> bytes:
        """Return the response as one document."""
        self._n_texts = completion.n_texts
        return compact(self._response(completion.text, finishReason="STOP"))

    def _response(self, text: str, **more: str) -> dict[str, object]:
        content = {"parts": [{"text": text}], "role": "model"}
        usage = {
            "promptTokenCount": Completion.prompt_tokens,
            "candidatesTokenCount": self._n_texts,
            "totalTokenCount": Completion.prompt_tokens + self._n_texts,
        }
        candidate = {"content": content, **more, "index": 0}
        return {"candidates": [candidate], "usageMetadata": usage, **self._frame}


def _event(response: Mapping[str, object]) -> bytes:
    return b"data: " + compact(response) + b"\r\n\r\n"
