"""guidellm, for streams over HTTP."""

from math import nan

from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures, first, last
from streamlab.metrics.tokens import ratio


def guidellm(seen: Seen) -> Figures:
    """TTFT: first chunk with content, reasoning or a tool call.

    TTFOT (here ttfo_ms): the first with content or a tool call.
    ITL: (last − first such chunk) / (N − 1), one average a request.
    TPOT: (last such chunk − start) / N, so it includes TTFT.
    E2E: [DONE], after which nothing is read, or the end.
    """
    seen = seen.until_done
    times = seen.times(lambda chunk: chunk.text or chunk.has_tool)
    end_ms = seen.done_ms if seen.done_ms == seen.done_ms else seen.eof_ms
    count, source = seen.reported("")
    if source != "server":
        count, source = float(len(times)) or nan, "chunks, each taken for a token"
    return Figures(
        ttft_ms=first(times) - seen.sent_ms,
        itl_mean_ms=ratio(last(times) - first(times), count - 1),
        tpot_ms=ratio(last(times) - seen.sent_ms, count),
        e2e_ms=end_ms - seen.sent_ms,
        ttfo_ms=first(seen.times(lambda chunk: chunk.content or chunk.has_tool)) - seen.sent_ms,
    ).counted(count, source)
