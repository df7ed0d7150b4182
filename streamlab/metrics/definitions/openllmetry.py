"""OpenLLMetry and Langfuse, which watch an SDK from the outside."""

from __future__ import annotations

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Answer, Definition


def openllmetry(seen: Seen) -> Answer:
    """TTFT: the first item that the SDK hands over, of any kind.

    E2E: the end of the iterator.  Their time_to_generate is E2E − TTFT.
    """
    first_ms = seen.chunks[0].t_ms - seen.called_ms if seen.chunks else float("nan")
    count, who = seen.reported("")
    return Answer(
        ttft_ms=first_ms,
        e2e_ms=seen.eof_ms - seen.called_ms,
        n_tokens=count,
        tokens=who if who == "server" else "none",
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
            "The first item is a token, whatever is in it, mostly a role. They keep no gaps, "
            "and read the wall clock, which can step."
        ),
    ),
)
