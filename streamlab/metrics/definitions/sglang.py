"""SGLang's ``bench_serving``, backend sglang-oai-chat."""

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, per_chunk, unstreamed


def sglang(seen: Seen) -> Figures:
    """TTFT: first chunk with content or reasoning.

    ITL: from each such chunk to the next.  E2E: the last line, [DONE] and usage too.
    TPOT: (E2E − TTFT) / (N − 1).  Of an answer that is no stream, TTFT is E2E.
    """
    if seen.in_one_piece:
        return unstreamed(seen)
    times = seen.times(lambda chunk: chunk.text)
    return per_chunk(seen, times, seen.last_ms, _counted(seen))


def _counted(seen: Seen) -> tuple[float, str]:
    """Return the server's count; without one, the number of tokens that were asked for."""
    count, source = seen.reported("")
    if source != "server":
        count, source = seen.requested, "requested"
    return count, source if count == count else "none"
