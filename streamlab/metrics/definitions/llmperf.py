"""Anyscale's LLMPerf (archived), its OpenAI client."""

from __future__ import annotations

from streamlab.metrics.chunks import Chunk, Seen
from streamlab.metrics.definitions.base import Answer, Definition, first, last
from streamlab.metrics.tokens import ratio


def llmperf(seen: Seen) -> Answer:
    """TTFT: first chunk with content.

    ITL: (TTFT + the gaps between chunks with content) / data lines, one average a request.
    E2E: the last line.  N: a Llama tokenizer, whatever the model, over the content.
    """
    times = seen.times(lambda chunk: chunk.content)
    lines = len(seen.times(_is_counted))
    e2e_ms = seen.last_ms - seen.called_ms
    count, who = seen.tokenized(seen.content)
    return Answer(
        ttft_ms=first(times) - seen.called_ms,
        itl_mean_ms=ratio(last(times) - seen.called_ms, lines),
        e2e_ms=e2e_ms,
        tok_s=ratio(1e3 * count, e2e_ms),
        n_tokens=count,
        tokens=who,
    )


def _is_counted(chunk: Chunk) -> bool:
    """Say whether it is a data line; a usage chunk, which ends the tool, is left out."""
    return not chunk.is_done and (chunk.has_choices or not chunk.has_usage)


DEFINITIONS = (
    Definition(
        "llmperf",
        llmperf,
        source=(
            "ray-project/llmperf: src/llmperf/ray_clients/openai_chat_completions_client.py, "
            "token_benchmark_ray.py"
        ),
        differs=(
            "Its ITL includes TTFT and divides by lines, those without text too. Reasoning is "
            "no token. A usage chunk without choices ends it with an IndexError; it is left "
            "out here. Each request has a connection of its own, and waits for it."
        ),
        itl_mean="per request",
    ),
)
