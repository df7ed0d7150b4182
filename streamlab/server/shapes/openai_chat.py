"""OpenAI's chat completions: ``POST /v1/chat/completions``."""

from collections.abc import Mapping

from streamlab.errors import UsageError
from streamlab.server.completion import Completion
from streamlab.server.response import Request
from streamlab.server.shapes.base import CREATED, DONE, Shape, compact, random_of, sse

LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" * 2


class OpenAIChat(Shape):
    """Chunks of about 280 bytes: role, content, finish, usage if asked for, ``[DONE]``."""

    name = "openai_chat"
    path = "/v1/chat/completions"
    other_paths = ("/openai/v1/chat/completions",)  # Groq
    base_path = "/v1"
    kind = "chat.completion.chunk"

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._rng = random_of(request)
        self._usage = wants_usage(request.body.get("stream_options"))
        self._frame = {
            "id": f"chatcmpl-{self._rng.randbytes(14).hex()}",
            "object": self.kind,
            "created": CREATED,
            "model": request.scenario,
            "service_tier": "default",
            "system_fingerprint": "fp_streamlab",
        }
        self._before, self._after = self._template()

    def opening(self, completion: Completion) -> bytes:
        """Return the chunk with the role."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def piece(self, text: str) -> bytes:
        """Return one chunk of content."""
        padding = self._padding()
        return b"".join((self._before, compact(text), self._after, padding, b'"}\n\n'))

    def closing(self, completion: Completion) -> bytes:
        """Return the finish, the usage if asked for, and ``[DONE]``."""
        events = self._chunk({}, "stop")
        if self._usage:
            events += sse(compact({**self._frame, "choices": [], "usage": usage(completion)}))
        return events + DONE

    def whole(self, completion: Completion) -> bytes:
        """Return the completion as one document."""
        message = {"role": "assistant", "content": completion.text, "refusal": None}
        frame = {**self._frame, "object": self.kind.removesuffix(".chunk")}
        choices = [self._choice("message", message, "stop")]
        return compact({**frame, "choices": choices, "usage": usage(completion)})

    def _chunk(self, delta: Mapping[str, object], finish: str | None = None) -> bytes:
        choices = [self._choice("delta", delta, finish)]
        chunk: dict[str, object] = {**self._frame, "choices": choices}
        if self._usage:
            chunk["usage"] = None
        chunk["obfuscation"] = self._padding().decode()
        return sse(compact(chunk))

    def _choice(self, key: str, said: Mapping[str, object], finish: str | None) -> object:
        return {"index": 0, key: said, "logprobs": None, "finish_reason": finish}

    def _template(self) -> tuple[bytes, bytes]:
        """Return the bytes before and after the text of a chunk of content."""
        # Only the text and the padding differ from chunk to chunk.  A load asks for tens of
        # thousands of chunks, and encoding the rest each time would make the lab late.
        before, _, rest = self._chunk({"content": "\0"}).partition(compact("\0"))
        after, padding, _ = rest.partition(b'"obfuscation":"')
        return before, after + padding

    def _padding(self) -> bytes:
        # OpenAI sends these letters so that the size of an encrypted chunk does not reveal its
        # token.  One random() gives place and length: a randint() takes longer than all other
        # steps.
        at = int(self._rng.random() * 930)
        return LETTERS[at // 15 : at // 15 + 2 + at % 15]


def wants_usage(options: object) -> bool:
    """Return whether `stream_options` ask for the usage."""
    if options is None:
        return False
    if not isinstance(options, Mapping):
        raise UsageError(
            f"stream_options must be an object, and {options!r} came. "
            'Send {"include_usage": true}, or leave it out.'
        )
    return bool(options.get("include_usage"))


def usage(completion: Completion) -> dict[str, int]:
    """Return the usage object."""
    prompt, completed = completion.prompt_tokens, completion.n_texts
    counts = {"prompt_tokens": prompt, "completion_tokens": completed}
    return {**counts, "total_tokens": prompt + completed}
