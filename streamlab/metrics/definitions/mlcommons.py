"""MLCommons' endpoints, the client of MLPerf."""

from math import nan

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, first
from streamlab.metrics.tokens import ratio


def mlcommons(seen: Seen) -> Figures:
    """TTFT: first chunk with output.

    TPOT: (E2E − TTFT) / tokens of all that came after the first chunk.  E2E: completion, with
    [DONE].  N: its own tokenizer.
    """
    outputs = [chunk for chunk in seen.chunks if chunk.text or chunk.tool]
    ttft_ms = first([chunk.t_ms for chunk in outputs]) - seen.called_ms
    e2e_ms = seen.last_ms - seen.called_ms
    count, source = seen.tokenized("".join(chunk.text + chunk.tool for chunk in outputs))
    if seen.tokenizer is None:
        after = count - (outputs[0].n_tokens if outputs else nan)
    else:
        after = seen.count("".join(chunk.text + chunk.tool for chunk in outputs[1:]))
    figures = Figures(ttft_ms=ttft_ms, tpot_ms=ratio(e2e_ms - ttft_ms, after), e2e_ms=e2e_ms)
    return figures.counted(count, source)
