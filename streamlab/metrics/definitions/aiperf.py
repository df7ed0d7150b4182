"""NVIDIA's AIPerf, endpoint type chat."""

from dataclasses import replace
from math import nan

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, first, last, per_chunk
from streamlab.metrics.tokens import ratio


def aiperf(seen: Seen) -> Figures:
    """TTFT: first chunk with content, reasoning or a tool call; TTFO: the first not reasoning.

    Its ICL is shown as ITL: from each such chunk to the next; TTST is the first of them.
    Its ITL is shown as TPOT: (E2E − TTFT) / (N − 1).  E2E: the last such chunk.
    """
    times = seen.times(lambda chunk: chunk.text or chunk.tool)
    counted = seen.tokenized("".join(chunk.text + chunk.tool for chunk in seen.chunks))
    figures = per_chunk(seen, times, last(times), counted)
    return replace(
        figures,
        ttfo_ms=first(seen.times(lambda chunk: chunk.content or chunk.tool)) - seen.called_ms,
        ttst_ms=times[1] - times[0] if len(times) > 1 else nan,
        tok_s_user=ratio(1e3, figures.tpot_ms),
    )
