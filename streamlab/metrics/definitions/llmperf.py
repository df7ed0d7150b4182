"""Anyscale's LLMPerf (archived), its OpenAI client."""

from streamlab.metrics.chunks import Chunk, Seen
from streamlab.metrics.definitions.base import Figures, first, last
from streamlab.metrics.tokens import ratio


def llmperf(seen: Seen) -> Figures:
    """TTFT: first chunk with content.

    ITL: (TTFT + the gaps between chunks with content) / data lines, one average a request.
    E2E: the last line.  N: a Llama tokenizer, whatever the model, over the content.
    """
    times = seen.times(lambda chunk: chunk.content)
    lines = len(seen.times(_is_counted))
    return Figures(
        ttft_ms=first(times) - seen.called_ms,
        itl_mean_ms=ratio(last(times) - seen.called_ms, lines),
        e2e_ms=seen.last_ms - seen.called_ms,
    ).counted(*seen.tokenized(seen.content))


def _is_counted(chunk: Chunk) -> bool:
    """Return whether the tool counts this line: it fails at a usage chunk without choices."""
    return not chunk.is_done and (chunk.has_choices or not chunk.has_usage)
