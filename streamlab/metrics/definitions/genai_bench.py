"""SGLang's genai-bench, its OpenAI user."""

from dataclasses import replace

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, first
from streamlab.metrics.tokens import ratio


def genai_bench(seen: Seen) -> Figures:
    """TTFT: first chunk with content or reasoning.

    E2E: the usage after the finish, [DONE], or the end of the body, whichever comes first;
    nothing after it is read.
    TPOT: (E2E − TTFT) / (N − 1).  Tokens/s: (N − 1) / (E2E − TTFT).
    """
    seen, end_ms = _read(seen)
    ttft_ms = first(seen.times(lambda chunk: chunk.text)) - seen.called_ms
    e2e_ms = end_ms - seen.called_ms
    count, source = seen.reported(seen.content)
    tpot_ms = ratio(e2e_ms - ttft_ms, count - 1)
    figures = Figures(ttft_ms=ttft_ms, tpot_ms=tpot_ms, e2e_ms=e2e_ms)
    return replace(figures.counted(count, source), tok_s=ratio(1e3, tpot_ms))


def _read(seen: Seen) -> tuple[Seen, float]:
    finished = False
    for number, chunk in enumerate(seen.chunks, 1):
        finished = finished or chunk.finished
        if chunk.is_done or (finished and chunk.has_usage):
            return seen.first(number), chunk.t_ms
    return seen, seen.eof_ms
