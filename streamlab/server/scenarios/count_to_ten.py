"""The transcript this project began with: gpt-4o-mini counts to ten, 7,957 bytes.

Its bytes are exact.  Its times were never recorded: they are modelled here.  So is the
usage, which it has only where a request asks for it: 28 completion tokens, one a piece
as OpenAI sent them, and a prompt of 14, the lab's own for every script.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from random import Random

from streamlab.server.play import MS, Call, Play, Scenario, Write
from streamlab.server.script import Script, decode_steps, say
from streamlab.server.shapes import render
from streamlab.server.shapes.base import compact, sse
from streamlab.server.shapes.openai_chat import usage, wants_usage

TRANSCRIPT = Path(__file__).parent.parent / "data" / "openai_chat_count_to_ten.sse"
TEXTS = [piece for i in range(1, 11) for piece in (str(i), ",", " ")][:-2]


@lru_cache(maxsize=256)
def script(seed: int) -> Script:
    """Return the 28 pieces: a first token after about 300 ms, then one each 25 ms or so."""
    rng = Random(f"count-to-ten {seed}")
    opens_ns = int(rng.uniform(250, 350) * MS)
    steps_ns = decode_steps(rng, len(TEXTS), median_ms=25)
    return say([[text] for text in TEXTS], opens_ns, steps_ns)


@lru_cache(maxsize=1)
def events() -> list[bytes]:
    """Return the transcript's 31 events: the role, 28 pieces, the finish, ``[DONE]``."""
    return [event + b"\n\n" for event in TRANSCRIPT.read_bytes().split(b"\n\n") if event]


@lru_cache(maxsize=1)
def events_with_usage() -> list[bytes]:
    """Return them as OpenAI sends them where the usage is asked for.

    Each chunk says ``"usage":null``, and one more without choices comes before ``[DONE]``.
    """
    *chunks, done = events()
    frame = json.loads(chunks[-1].removeprefix(b"data: "))
    counted = {**frame, "choices": [], "usage": usage(script(seed=0))}
    asked = [chunk.removesuffix(b"}\n\n") + b',"usage":null}\n\n' for chunk in chunks]
    return [*asked, sse(compact(counted)), done]


def play(call: Call) -> Play:
    """Play the transcript's bytes to OpenAI's chat and plain SSE; say the same to others."""
    said = script(call.seed)
    if not call.stream or call.dialect not in ("openai_chat", "sse"):
        return render(said, call)
    asked = call.dialect == "openai_chat" and wants_usage(call.body.get("stream_options"))
    role, *rest = events_with_usage() if asked else events()
    pieces, closing = rest[: len(TEXTS)], rest[len(TEXTS) :]
    writes = [Write(said.opens_ns, role)]
    writes += [Write(beat.at_ns, event) for beat, event in zip(said.beats, pieces, strict=True)]
    writes += [Write(said.closes_ns + i * MS, event) for i, event in enumerate(closing)]
    return Play(writes)


SCENARIO = Scenario(
    "count-to-ten",
    "the answer of gpt-4o-mini to 'Count to 10', byte for byte; its times are modelled",
    "modelled",
    play,
)
