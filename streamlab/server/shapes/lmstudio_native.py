"""LM Studio's own chat: ``POST /api/v1/chat``."""

from streamlab.server.completion import Completion
from streamlab.server.shapes.base import Shape, compact, typed_event


class LMStudioNative(Shape):
    """Named events from ``chat.start`` to ``chat.end``, which has the server's own times."""

    name = "lmstudio_native"
    path = "/api/v1/chat"

    def opening(self, completion: Completion) -> bytes:
        """Return the start of the chat, the reading of the prompt, the start of the message."""
        return (
            typed_event("chat.start", model_instance_id=self._request.scenario)
            + typed_event("prompt_processing.start")
            + typed_event("prompt_processing.progress", progress=0.5)
            + typed_event("prompt_processing.end")
            + typed_event("message.start")
        )

    def piece(self, text: str) -> bytes:
        """Return one ``message.delta``."""
        return typed_event("message.delta", content=text)

    def closing(self, completion: Completion) -> bytes:
        """Return the ends of the message and the chat."""
        result = self._result(completion)
        return typed_event("message.end") + typed_event("chat.end", result=result)

    def whole(self, completion: Completion) -> bytes:
        """Return the response as one document."""
        return compact(self._result(completion))

    def _result(self, completion: Completion) -> dict[str, object]:
        seconds = (completion.closes_ns - completion.opens_ns) / 1e9
        stats = {
            "input_tokens": completion.prompt_tokens,
            "total_output_tokens": completion.n_texts,
            "reasoning_output_tokens": 0,
            "tokens_per_second": round(completion.n_texts / seconds, 2),
            "time_to_first_token_seconds": round(next(completion.steps).at_ns / 1e9, 3),
        }
        output = [{"type": "message", "content": completion.text}]
        said = {"model_instance_id": self._request.scenario, "output": output, "stats": stats}
        return {**said, "response_id": f"resp_{self.identifier(12)}"}
