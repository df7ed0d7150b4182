"""OpenAI's responses: ``POST /v1/responses``."""

from streamlab.server.completion import Completion
from streamlab.server.response import Request
from streamlab.server.shapes.base import CREATED, Shape, compact, typed_event


class OpenAIResponses(Shape):
    """Named, numbered events, from ``response.created`` to ``response.completed``."""

    name = "openai_responses"
    path = "/v1/responses"
    other_paths = ("/openai/v1/responses",)  # Groq
    base_path = "/v1"

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._item = f"msg_{self.identifier(12)}"
        self._number = -1
        self._response = {
            "id": f"resp_{self.identifier(12)}",
            "object": "response",
            "created_at": CREATED,
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": request.scenario,
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": None,
        }

    def opening(self, completion: Completion) -> bytes:
        """Return the events that open the response, its item and its part."""
        item = {**self._message(None), "status": "in_progress", "content": []}
        return (
            self._event("response.created", response=self._response)
            + self._event("response.in_progress", response=self._response)
            + self._event("response.output_item.added", output_index=0, item=item)
            + self._event("response.content_part.added", **self._here, part=_part(""))
        )

    def piece(self, text: str) -> bytes:
        """Return one ``response.output_text.delta``."""
        return self._event("response.output_text.delta", **self._here, delta=text, logprobs=[])

    def closing(self, completion: Completion) -> bytes:
        """Return the events that repeat the text and complete the response."""
        text, done = completion.text, self._message(completion.text)
        return (
            self._event("response.output_text.done", **self._here, text=text, logprobs=[])
            + self._event("response.content_part.done", **self._here, part=_part(text))
            + self._event("response.output_item.done", output_index=0, item=done)
            + self._event("response.completed", response=self._completed(completion))
        )

    def whole(self, completion: Completion) -> bytes:
        """Return the response as one document."""
        return compact(self._completed(completion))

    @property
    def _here(self) -> dict[str, object]:
        return {"item_id": self._item, "output_index": 0, "content_index": 0}

    def _completed(self, completion: Completion) -> dict[str, object]:
        usage = {
            "input_tokens": completion.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": completion.n_texts,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": completion.prompt_tokens + completion.n_texts,
        }
        output = [self._message(completion.text)]
        return {**self._response, "status": "completed", "output": output, "usage": usage}

    def _message(self, text: str | None) -> dict[str, object]:
        return {
            "id": self._item,
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [] if text is None else [_part(text)],
        }

    def _event(self, kind: str, **fields: object) -> bytes:
        self._number += 1
        return typed_event(kind, **fields, sequence_number=self._number)


def _part(text: str) -> dict[str, object]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
