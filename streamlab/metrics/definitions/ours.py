"""Our own definition, beside those of the tools; its numbers are those of the summary."""

from streamlab.metrics import intervals, latency, tokens
from streamlab.metrics.chunks import Seen
from streamlab.metrics.definitions.base import Figures


def ours(seen: Seen) -> Figures:
    """TTFT: first chunk with generated text of any channel.

    ITL: from each arrival of such chunks to the next; chunks of one read have no gap.
    TPOT: (last − first such chunk) / (N − the tokens of the first).  E2E: the last such chunk.
    N: only what the server reports.
    """
    tables = seen.tables
    source = tokens.n_source(tables)
    return Figures(
        ttft_ms=latency.ttft_ms(tables),
        gaps_ms=tuple(intervals.icl_ms(tables)),
        tpot_ms=tokens.tpot_ms(tables),
        e2e_ms=latency.e2e_content_ms(tables),
        tok_s=tokens.tok_s_e2e(tables),
        ttfo_ms=latency.ttfo_ms(tables),
        ttst_ms=latency.ttst_ms(tables),
        ntpot_ms=tokens.ntpot_ms(tables),
        tok_s_user=tokens.tok_s_user(tables),
        n_tokens=tokens.n_tokens(tables),
        tokens="none" if source == "none" else "server",
    )
