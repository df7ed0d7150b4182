"""OpenLLMetry and Langfuse, which observe the calls of an SDK."""

from __future__ import annotations

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Definition, Figures, first


def openllmetry(seen: Seen) -> Figures:
    """TTFT: the first item that the SDK returns, of any kind.

    E2E: the end of the iterator.  Their time_to_generate is E2E − TTFT.
    """
    count, source = seen.reported("")
    return Figures(
        ttft_ms=first([chunk.t_ms for chunk in seen.chunks]) - seen.called_ms,
        e2e_ms=seen.eof_ms - seen.called_ms,
        n_tokens=count,
        tokens=source if source == "server" else "none",
    )


DEFINITIONS = (
    Definition(
        "OpenLLMetry / Langfuse",
        openllmetry,
        source=(
            "traceloop/openllmetry: packages/opentelemetry-instrumentation-openai/"
            "opentelemetry/instrumentation/openai/shared/chat_wrappers.py; "
            "langfuse/langfuse-python: langfuse/openai.py"
        ),
        differs=(
            "The first item counts as a token, whatever is in it; mostly it is a role. They "
            "keep no gaps, and read the wall clock, which can step."
        ),
    ),
)
