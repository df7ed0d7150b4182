"""vLLM's ``vllm bench serve``, backend openai-chat."""

from __future__ import annotations

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Definition, Figures, last, per_chunk


def vllm(seen: Seen) -> Figures:
    """TTFT: first chunk that has choices, whatever is in it.

    ITL: from each such chunk to the next.  E2E: the last such chunk.
    TPOT: (E2E − TTFT) / (N − 1).
    """
    times = seen.times(lambda chunk: chunk.has_choices)
    return per_chunk(seen, times, last(times), seen.reported(seen.content))


DEFINITIONS = (
    Definition(
        "vLLM",
        vllm,
        source=(
            "vllm-project/vllm: vllm/benchmarks/lib/endpoint_request_func.py, "
            "vllm/benchmarks/serve.py"
        ),
        differs=(
            "A chunk with only a role is its first token, and the wait from it to the first "
            "text is a gap like any other; so is the gap to the finish chunk. Two chunks of "
            "one read are a gap of 0."
        ),
    ),
)
