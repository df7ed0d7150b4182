"""LM Studio's own API, ``/api/v1/chat``.

Events have names; some report how far the model is loaded and the prompt is processed.
``chat.end`` is the terminal signal, because there are no finish reasons.
"""

# Source of the shapes: lmstudio-ai/docs (2_rest/streaming-events.md).  `chat.end` repeats the
# whole answer, which is not counted again, and has the server's own statistics, including its
# time to first token.

from collections.abc import Mapping, Sequence
from typing import ClassVar

from streamlab.dialects.deltas import Delta, Kind, decoded, encoded, text_delta, tool_call
from streamlab.dialects.dialect import Dialect, Message, text_of, without_system
from streamlab.dialects.reader import Handler, NamedReader
from streamlab.dialects.reading import JSONObject, a_dict, a_list, a_text, text_in

TEXTS: Mapping[str, Kind] = {"reasoning": "reasoning", "message": "content"}


class LMStudioReader(NamedReader):
    """Reads the events of one chat."""

    def __init__(self) -> None:
        super().__init__()
        self._call_number = -1
        self._said = {kind: bytearray() for kind in TEXTS}

    def _text(self, event: JSONObject, name: str) -> list[Delta]:
        kind = name.removesuffix(".delta")
        self._said[kind] += encoded(a_text(event.get("content")))
        return text_delta(TEXTS[kind], event.get("content"))

    def _call(self, event: JSONObject, name: str) -> list[Delta]:
        self._call_number += 1
        return [tool_call("", self._call_number, name=event.get("tool"))]

    def _arguments(self, event: JSONObject, name: str) -> list[Delta]:
        delta = tool_call(event.get("arguments"), max(self._call_number, 0))
        return [delta] if delta.text else []

    def _end(self, event: JSONObject, name: str) -> list[Delta]:
        self.finished = True
        result = a_dict(event.get("result"))
        out, items = list[Delta](), [*map(a_dict, a_list(result.get("output")))]
        for kind, said in zip(TEXTS, map(decoded, self._said.values()), strict=True):
            # What no delta had.
            whole = text_in([item for item in items if item.get("type") == kind])
            out += text_delta(TEXTS[kind], whole[len(said) :] if whole.startswith(said) else "")
        calls = [item for item in items if item.get("type") == "tool_call"]
        for number, item in enumerate(calls if self._call_number < 0 else ()):
            out.append(tool_call(item.get("arguments"), number, name=item.get("tool")))
        return out + self._used(result.get("stats")) + self._done(name)

    handlers: ClassVar[Mapping[str, Handler]] = {
        "message.delta": _text,
        "reasoning.delta": _text,
        "tool_call.start": _call,
        "tool_call.arguments": _arguments,
        "chat.end": _end,
    }


class LMStudioNative(Dialect):
    """LM Studio's own API."""

    name = "lmstudio_native"
    base_url = "http://127.0.0.1:1234"
    paths = ("/api/v1/chat",)
    reader = LMStudioReader
    names = ("chat.start", "model_load.start", "prompt_processing.start")

    def asked(self, messages: Sequence[Message]) -> dict[str, object]:
        """Return the messages as one input; those of the system become ``system_prompt``."""
        # The server keeps the conversation (``previous_response_id``).
        system, others = without_system(messages)
        texts = [text_of(message.get("content")) for message in others]
        parts = [{"type": "message", "content": text} for text in texts]
        given = {"system_prompt": system} if system else {}
        return {"input": texts[0] if len(texts) == 1 else parts, **given}
