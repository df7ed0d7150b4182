"""ModelScope's evalscope perf, up to 1.11 and since 1.13, which changed its mind."""

from __future__ import annotations

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Answer, Definition, first, gaps
from streamlab.metrics.tokens import ratio


def evalscope(seen: Seen) -> Answer:
    """TTFT: first chunk that has choices, whatever is in it.

    ITL: from each such chunk to the next.  E2E: the last chunk, usage too, without [DONE].
    TPOT: (E2E − TTFT) / (N − 1).  Of an answer that is no stream, TTFT is E2E.
    """
    return _answer(seen, seen.times(lambda chunk: chunk.has_choices))


def evalscope_1_13(seen: Seen) -> Answer:
    """TTFT: first chunk with content or reasoning.

    ITL: from each such chunk to the next.  E2E: the last chunk, usage too, without [DONE].
    TPOT: (E2E − TTFT) / (N − 1).  Of an answer that is no stream, TTFT is E2E.
    """
    return _answer(seen, seen.times(lambda chunk: chunk.text or chunk.has_tool))


def _answer(seen: Seen, times: list[float]) -> Answer:
    if seen.in_one_piece:
        whole_ms = seen.eof_ms - seen.called_ms
        return Answer(ttft_ms=whole_ms, e2e_ms=whole_ms)
    ends = seen.times(lambda chunk: not chunk.is_done)
    ttft_ms = first(times) - seen.called_ms
    e2e_ms = first(ends[-1:]) - seen.called_ms
    count, who = seen.reported(seen.text)
    return Answer(
        ttft_ms=ttft_ms,
        gaps_ms=gaps(times),
        tpot_ms=ratio(e2e_ms - ttft_ms, count - 1),
        e2e_ms=e2e_ms,
        tok_s=ratio(1e3 * count, e2e_ms),
        n_tokens=count,
        tokens=who,
    )


_SOURCE = (
    "modelscope/evalscope: evalscope/perf/plugin/api/default_api.py, "
    "evalscope/perf/utils/benchmark_util.py"
)

DEFINITIONS = (
    Definition(
        "evalscope",
        evalscope,
        source=_SOURCE,
        differs=(
            "Up to 1.11 a chunk with only a role is its first token, and the wait from it to "
            "the first text is a gap. The request ends with the usage, so TPOT pays for it."
        ),
    ),
    Definition(
        "evalscope 1.13",
        evalscope_1_13,
        source=_SOURCE,
        differs=(
            "The request ends with the usage, so TPOT pays for it. Two chunks of one read are "
            "a gap of 0."
        ),
    ),
)
