"""OpenLLMetry and Langfuse, which observe the calls of an SDK."""

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, first


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
