"""Hugging Face's inference-benchmarker."""

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, first, last
from streamlab.metrics.tokens import ratio


def hf_benchmarker(seen: Seen) -> Figures:
    """TTFT: first chunk with content.

    ITL: Σ gaps between chunks with content / (N − 1), one average a request.
    E2E: [DONE], and nothing after it is read.  N: its own tokenizer, over each chunk's content.
    """
    seen = seen.until_done
    times = seen.times(lambda chunk: chunk.content)
    count, source = seen.tokenized(seen.content)
    if seen.tokenizer is not None:
        count = sum(seen.count(chunk.content) for chunk in seen.chunks)
    return Figures(
        ttft_ms=first(times) - seen.called_ms,
        itl_mean_ms=ratio(last(times) - first(times), count - 1),
        e2e_ms=seen.done_ms - seen.called_ms,
    ).counted(count, source)
