"""The names of OpenTelemetry's semantic conventions for generative AI."""

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, first, gaps


def opentelemetry(seen: Seen) -> Figures:
    """TTFT: gen_ai.client.inference.time_to_first_chunk; a chunk is any event
    before [DONE].

    ITL: gen_ai.client.inference.time_per_output_chunk, each after the first.
    E2E: gen_ai.client.operation.duration.
    """
    times = seen.until_done.times(lambda chunk: not chunk.is_done)
    return Figures(
        ttft_ms=first(times) - seen.called_ms,
        gaps_ms=gaps(times),
        e2e_ms=seen.eof_ms - seen.called_ms,
    )
