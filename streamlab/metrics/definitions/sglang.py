"""SGLang's ``bench_serving``, backend sglang-oai-chat."""

from __future__ import annotations

from dataclasses import replace

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Answer, Definition, first, gaps
from streamlab.metrics.tokens import ratio


def sglang(seen: Seen) -> Answer:
    """TTFT: first chunk with content or reasoning.

    ITL: from each such chunk to the next.  E2E: the last line, [DONE] and usage too.
    TPOT: (E2E − TTFT) / (N − 1).  Of an answer that is no stream, TTFT is E2E.
    """
    if seen.in_one_piece:
        whole_ms = seen.eof_ms - seen.called_ms
        return Answer(ttft_ms=whole_ms, e2e_ms=whole_ms)
    times = seen.times(lambda chunk: chunk.text)
    ttft_ms, e2e_ms = first(times) - seen.called_ms, seen.last_ms - seen.called_ms
    made = replace(_counted(seen), ttft_ms=ttft_ms, gaps_ms=gaps(times), e2e_ms=e2e_ms)
    return replace(
        made,
        tpot_ms=ratio(e2e_ms - ttft_ms, made.n_tokens - 1),
        tok_s=ratio(1e3 * made.n_tokens, e2e_ms),
    )


def _counted(seen: Seen) -> Answer:
    """Take the server's count, and for want of it what the request asked for."""
    count, who = seen.reported("")
    if who != "server":
        count, who = seen.requested, "requested"
    return Answer(n_tokens=count, tokens=who if count == count else "none")


DEFINITIONS = (
    Definition(
        "SGLang",
        sglang,
        source="sgl-project/sglang: python/sglang/benchmark/serving.py",
        differs=(
            "The request ends with its last line, not its last token, so TPOT pays for "
            "finish, usage and [DONE]. Two chunks of one read are a gap of 0. Without usage "
            "it takes the number of tokens asked for. With speculative decoding it divides "
            "each gap by the tokens of its chunk."
        ),
    ),
)
