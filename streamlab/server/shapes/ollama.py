"""Ollama's chat and completion: one JSON object a line, a stream by default.

``POST /api/chat`` has messages.  ``POST /api/generate`` has a prompt, and its text comes in
``response``.
"""

from streamlab.server.completion import Completion
from streamlab.server.shapes.base import Shape, compact

CREATED_AT = "2025-10-09T08:53:20.000000Z"


class Ollama(Shape):
    """Lines of NDJSON; the last one has ``"done": true`` and the server's own times."""

    name = "ollama"
    path = "/api/chat"
    other_paths = ("/api/generate",)
    content_type = "application/x-ndjson"
    streams_by_default = True

    def piece(self, text: str) -> bytes:
        """Return one line with a piece of content."""
        return compact({**self._message(text), "done": False}) + b"\n"

    def closing(self, completion: Completion) -> bytes:
        """Return the last line."""
        return self._done(completion, "")

    def whole(self, completion: Completion) -> bytes:
        """Return the response as one document, which is one line."""
        return self._done(completion, completion.text)

    def _message(self, text: str) -> dict[str, object]:
        model, body = self._request.scenario, self._request.body
        said: dict[str, object] = {"message": {"role": "assistant", "content": text}}
        if "prompt" in body and "messages" not in body:
            said = {"response": text}
        return {"model": model, "created_at": CREATED_AT, **said}

    def _done(self, completion: Completion, text: str) -> bytes:
        counts = {
            "total_duration": completion.closes_ns,
            "load_duration": 0,
            "prompt_eval_count": completion.prompt_tokens,
            "prompt_eval_duration": completion.opens_ns,
            "eval_count": completion.n_texts,
            "eval_duration": completion.closes_ns - completion.opens_ns,
        }
        done = {"done": True, "done_reason": "stop"}
        return compact({**self._message(text), **done, **counts}) + b"\n"
