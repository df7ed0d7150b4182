"""Cohere's chat, version 2: ``POST /v2/chat``."""

from streamlab.server.completion import Completion
from streamlab.server.shapes.base import DONE, Shape, compact, typed_event


class Cohere(Shape):
    """Named events from ``message-start`` to ``message-end``, then ``[DONE]``."""

    name = "cohere"
    path = "/v2/chat"

    def opening(self, completion: Completion) -> bytes:
        """Return the start of the message and of its content."""
        empty: dict[str, list[object]] = {"content": [], "tool_calls": [], "citations": []}
        message = {"role": "assistant", "tool_plan": "", **empty}
        content = _content({"type": "text", "text": ""})
        return typed_event(
            "message-start", id=self.identifier(16), delta={"message": message}
        ) + typed_event("content-start", index=0, delta=content)

    def piece(self, text: str) -> bytes:
        """Return one ``content-delta``."""
        return typed_event("content-delta", index=0, delta=_content({"text": text}))

    def closing(self, completion: Completion) -> bytes:
        """Return the ends of the content and the message, with the usage, and ``[DONE]``."""
        delta = {"finish_reason": "COMPLETE", "usage": _usage(completion)}
        ends = typed_event("content-end", index=0) + typed_event("message-end", delta=delta)
        return ends + DONE

    def whole(self, completion: Completion) -> bytes:
        """Return the response as one document."""
        content = [{"type": "text", "text": completion.text}]
        message = {"role": "assistant", "content": content}
        ending = {"finish_reason": "COMPLETE", "message": message, "usage": _usage(completion)}
        return compact({"id": self.identifier(16), **ending})


def _content(content: dict[str, str]) -> dict[str, object]:
    return {"message": {"content": content}}


def _usage(completion: Completion) -> dict[str, dict[str, int]]:
    counts = {"input_tokens": completion.prompt_tokens, "output_tokens": completion.n_texts}
    return {"billed_units": counts, "tokens": counts}
