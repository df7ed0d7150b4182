"""ModelScope's evalscope perf: its definitions up to 1.11, and those since 1.13."""

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, last, per_chunk, unstreamed


def evalscope(seen: Seen) -> Figures:
    """TTFT: first chunk that has choices, whatever is in it.

    ITL: from each such chunk to the next.  E2E: the last chunk, usage too, without [DONE].
    TPOT: (E2E − TTFT) / (N − 1).  Of an answer that is no stream, TTFT is E2E.
    """
    return _figures(seen, seen.times(lambda chunk: chunk.has_choices))


def evalscope_1_13(seen: Seen) -> Figures:
    """TTFT: first chunk with content or reasoning.

    ITL: from each such chunk to the next.  E2E: the last chunk, usage too, without [DONE].
    TPOT: (E2E − TTFT) / (N − 1).  Of an answer that is no stream, TTFT is E2E.
    """
    return _figures(seen, seen.times(lambda chunk: chunk.text or chunk.has_tool))


def _figures(seen: Seen, times: list[float]) -> Figures:
    if seen.in_one_piece:
        return unstreamed(seen)
    end_ms = last(seen.times(lambda chunk: not chunk.is_done))
    return per_chunk(
        seen, times, end_ms, seen.reported("".join(chunk.text for chunk in seen.chunks))
    )
