"""vLLM's ``vllm bench serve``, backend openai-chat."""

from __future__ import annotations

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Answer, Definition, first, gaps, last
from streamlab.metrics.tokens import ratio


def vllm(seen: Seen) -> Answer:
    """TTFT: first chunk that has choices, whatever is in it.

    ITL: from each such chunk to the next.  E2E: the last such chunk.
    TPOT: (E2E − TTFT) / (N − 1).
    """
    times = seen.times(lambda chunk: chunk.has_choices)
    ttft_ms, e2e_ms = first(times) - seen.called_ms, last(times) - seen.called_ms
    count, who = seen.reported(seen.content)
    return Answer(
        ttft_ms=ttft_ms,
        gaps_ms=gaps(times),
        tpot_ms=ratio(e2e_ms - ttft_ms, count - 1),
        e2e_ms=e2e_ms,
        tok_s=ratio(1e3 * count, e2e_ms),
        n_tokens=count,
        tokens=who,
    )


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
