"""Kubernetes' inference-perf, with its own count of tokens and with the server's."""

from itertools import repeat

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, first, gaps, last
from streamlab.metrics.tokens import ratio


def inference_perf_client(seen: Seen) -> Figures:
    """TTFT: first chunk with content.

    ITL: every token of a chunk has the chunk's time, so 0 within a chunk and the whole gap
    between; TPOT: (last − first content) / (N − 1); NTPOT: E2E / N.  E2E: the end of the body,
    and then the time to tokenize.  N: its own tokenizer, over the content.
    """
    return _figures(seen, *seen.tokenized(seen.content))


def inference_perf_server(seen: Seen) -> Figures:
    """TTFT: first chunk with content.

    ITL and E2E: as with its own count of tokens.  TPOT: (last − first content) / (N − 1);
    NTPOT: E2E / N.  N: the server's, reasoning too.
    """
    return _figures(seen, *seen.reported(seen.content))


def _figures(seen: Seen, count: float, source: str) -> Figures:
    times = seen.times(lambda chunk: chunk.content)
    e2e_ms = seen.eof_ms - seen.called_ms
    return Figures(
        ttft_ms=first(times) - seen.called_ms,
        gaps_ms=_gaps(seen),
        tpot_ms=ratio(last(times) - first(times), count - 1),
        e2e_ms=e2e_ms,
        ntpot_ms=ratio(e2e_ms, count),
    ).counted(count, source)


def _gaps(seen: Seen) -> tuple[float, ...] | None:
    """Return one gap for each token, 0 within a chunk; None if a chunk has no count."""
    times: list[float] = []
    for chunk in seen.chunks:
        if chunk.content:
            count = chunk.n_tokens if seen.tokenizer is None else seen.count(chunk.content)
            if count != count:
                return None
            times += repeat(chunk.t_ms, int(count))
    return gaps(times)
