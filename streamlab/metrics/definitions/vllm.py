"""vLLM's ``vllm bench serve``, backend openai-chat."""

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, last, per_chunk


def vllm(seen: Seen) -> Figures:
    """TTFT: first chunk that has choices, whatever is in it.

    ITL: from each such chunk to the next.  E2E: the last such chunk.
    TPOT: (E2E − TTFT) / (N − 1).
    """
    times = seen.times(lambda chunk: chunk.has_choices)
    return per_chunk(seen, times, last(times), seen.reported(seen.content))
