"""Anthropic's messages: ``POST /v1/messages``."""

from streamlab.server.completion import Completion
from streamlab.server.shapes.base import Shape, compact, typed_event


class Anthropic(Shape):
    """Named events: ``message_start``, one block of text, a ping, ``message_stop``."""

    name = "anthropic"
    path = "/v1/messages"

    @property
    def _message(self) -> dict[str, object]:
        return {
            "model": self._request.scenario,
            "id": f"msg_{self.identifier(12)}",
            "type": "message",
            "role": "assistant",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }

    def opening(self, completion: Completion) -> bytes:
        """Return the start of the message and of its block, and a ping."""
        message = {**self._message, "usage": _usage(completion, 1)}
        block = {"type": "text", "text": ""}
        return (
            typed_event("message_start", message=message)
            + typed_event("content_block_start", index=0, content_block=block)
            + typed_event("ping")
        )

    def piece(self, text: str) -> bytes:
        """Return one ``content_block_delta``."""
        delta = {"type": "text_delta", "text": text}
        return typed_event("content_block_delta", index=0, delta=delta)

    def closing(self, completion: Completion) -> bytes:
        """Return the end of the block and of the message, with the usage."""
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        usage = {"output_tokens": completion.n_texts}
        return (
            typed_event("content_block_stop", index=0)
            + typed_event("message_delta", delta=delta, usage=usage)
            + typed_event("message_stop")
        )

    def whole(self, completion: Completion) -> bytes:
        """Return the message as one document."""
        content = [{"type": "text", "text": completion.text}]
        message = {**self._message, "content": content, "stop_reason": "end_turn"}
        return compact({**message, "usage": _usage(completion, completion.n_texts)})


def _usage(completion: Completion, output_tokens: int) -> dict[str, int]:
    return {"input_tokens": completion.prompt_tokens, "output_tokens": output_tokens}
