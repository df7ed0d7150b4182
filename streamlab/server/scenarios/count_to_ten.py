"""The first transcript of this project: gpt-4o-mini counts to ten, 7,957 bytes.

The bytes are exact.  The times were never recorded, so they are modelled here.  The usage is
not in the transcript either.  A request that asks for the usage gets 28 completion tokens, one
for each piece that OpenAI sent, and the lab's own prompt of 14.
"""

import json
from functools import lru_cache
from pathlib import Path
from random import Random

from streamlab.server.completion import Completion, decode_steps
from streamlab.server.response import MS, Request, Response, Scenario, Write
from streamlab.server.shapes import render
from streamlab.server.shapes.base import compact, sse
from streamlab.server.shapes.openai_chat import usage, wants_usage

TRANSCRIPT = Path(__file__).parent.parent / "data" / "openai_chat_count_to_ten.sse"
TEXTS = [piece for i in range(1, 11) for piece in (str(i), ",", " ")][:-2]


@lru_cache(maxsize=256)
def completion(seed: int) -> Completion:
    """Return the 28 pieces: the first after about 300 ms, then one each 25 ms or so."""
    rng = Random(f"count-to-ten {seed}")
    opens_ns = int(rng.uniform(250, 350) * MS)
    steps_ns = list(decode_steps(rng, len(TEXTS), median_ms=25))
    return Completion(opens_ns, lambda: zip(([text] for text in TEXTS), steps_ns, strict=True))


@lru_cache(maxsize=1)
def events() -> list[bytes]:
    """Return the transcript's 31 events: the role, 28 pieces, the finish, ``[DONE]``."""
    return [event + b"\n\n" for event in TRANSCRIPT.read_bytes().split(b"\n\n") if event]


@lru_cache(maxsize=1)
def events_with_usage() -> list[bytes]:
    """Return the events as OpenAI sends them to a request that asks for the usage.

    Each chunk has ``"usage":null``, and one more without choices comes before ``[DONE]``.
    """
    *chunks, done = events()
    frame = json.loads(chunks[-1].removeprefix(b"data: "))
    counted = {**frame, "choices": [], "usage": usage(completion(seed=0))}
    asked = [chunk.removesuffix(b"}\n\n") + b',"usage":null}\n\n' for chunk in chunks]
    return [*asked, sse(compact(counted)), done]


def respond(request: Request) -> Response:
    """Return the transcript's bytes for OpenAI's chat and plain SSE, else the same text."""
    timed = completion(request.seed)
    if not request.stream or request.dialect not in ("openai_chat", "sse"):
        return render(timed, request)
    is_chat = request.dialect == "openai_chat"
    asked = is_chat and wants_usage(request.body.get("stream_options"))
    role, *rest = events_with_usage() if asked else events()
    pieces, closing = rest[: len(TEXTS)], rest[len(TEXTS) :]
    writes = [Write(timed.opens_ns, role)]
    steps = zip(timed.steps, pieces, strict=True)
    writes += [Write(step.at_ns, event) for step, event in steps]
    writes += [Write(timed.closes_ns + i * MS, event) for i, event in enumerate(closing)]
    return Response(writes)


SCENARIO = Scenario(
    "count-to-ten",
    "the answer of gpt-4o-mini to 'Count to 10', byte for byte; its times are modelled",
    "modelled",
    respond,
    ("seed",),
)
