"""LM Studio's own API, ``/api/v1/chat``.

Named events, which also tell how far the model is loaded and the prompt processed.
``chat.end`` repeats the answer and adds the server's own statistics, its time to the
first token among them.  There are no finish reasons: ``chat.end`` is the terminal signal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from streamlab.dialects.base import Ask, Delta, Message
from streamlab.dialects.provider import Provider, event_name, text_of, without_system
from streamlab.dialects.reading import Handler, NamedReader, a_dict, a_text, arguments


class LMStudioReader(NamedReader):
    """Reads the events of one chat."""

    def __init__(self) -> None:
        super().__init__()
        self._call_number = -1

    def _content(self, event: dict[str, Any], name: str) -> list[Delta]:
        text = a_text(event.get("content"))
        return [Delta("content", text)] if text else []

    def _reasoning(self, event: dict[str, Any], name: str) -> list[Delta]:
        text = a_text(event.get("content"))
        return [Delta("reasoning", text)] if text else []

    def _call(self, event: dict[str, Any], name: str) -> list[Delta]:
        self._call_number += 1
        tool = a_text(event.get("tool")) or None
        return [Delta("tool_call", "", 0, None, self._call_number, name=tool)]

    def _arguments(self, event: dict[str, Any], name: str) -> list[Delta]:
        text = arguments(event.get("arguments"))
        number = max(self._call_number, 0)
        return [Delta("tool_call", text, 0, None, number)] if text else []

    def _end(self, event: dict[str, Any], name: str) -> list[Delta]:
        self.finished = True
        stats = a_dict(event.get("result")).get("stats")
        out = [Delta("usage", value=stats)] if isinstance(stats, dict) else []
        return out + self._done(name)

    handlers: ClassVar[Mapping[str, Handler]] = {
        "message.delta": _content,
        "reasoning.delta": _reasoning,
        "tool_call.start": _call,
        "tool_call.arguments": _arguments,
        "chat.end": _end,
    }


class LMStudioNative(Provider):
    """LM Studio's own API."""

    name = "lmstudio_native"
    base_url = "http://127.0.0.1:1234"

    def ask(self, model: str, messages: Sequence[Message], body: Mapping[str, Any]) -> Ask:
        """Return the request for `messages`; fields of `body` win.

        System messages become ``system_prompt``.  The API keeps conversations on its own
        side (``previous_response_id``), so the other messages are its input, one a part.
        """
        system, others = without_system(messages)
        said = [text_of(message.get("content")) for message in others]
        parts = [{"type": "message", "content": text} for text in said]
        asked: dict[str, Any] = {"model": model, "input": said[0] if len(said) == 1 else parts}
        if system:
            asked["system_prompt"] = system
        return Ask("/api/v1/chat", {**asked, "stream": True, **body})

    def reader(self) -> LMStudioReader:
        """Return a reader for one stream."""
        return LMStudioReader()

    def recognises(self, path: str, type: str, data: str) -> bool:  # noqa: A002
        """Say whether the path or the first event is that of LM Studio's own chat."""
        starts = ("chat.start", "model_load.start", "prompt_processing.start")
        return path.rstrip("/").endswith("/api/v1/chat") or event_name(type, data) in starts
