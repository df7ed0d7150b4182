"""Many streams, the figures of every tool: three ways to make one mean of many requests.

*Pooled*: every sample counts once, so a long answer counts more.  *Per request*: the mean
of the requests' means, so each request counts once.  *Token-weighted*: the requests'
means, each as often as it has tokens.  The tools differ in their mean too; `own` is the mean
that the tool itself would print.
"""

from math import nan

import numpy as np
import pandas as pd

from streamlab.metrics.definitions import DEFINITIONS, Definition, Figures, Seen, Tokenizer
from streamlab.metrics.definitions.base import Mean
from streamlab.metrics.lens import figures_of, tokenizer_of
from streamlab.metrics.schema import Floats
from streamlab.metrics.tables import HasTables, Streams, tables_by_name

METRICS = ("ttft_ms", "itl_ms", "tpot_ms", "e2e_ms", "tok_s")


def lens_many(
    recordings: Streams | HasTables, tokenizer: Tokenizer | None = None
) -> pd.DataFrame:
    """Return what each tool would print of many requests, with three kinds of mean.

    `recordings` is an iterable or a mapping of Recording, `tokenizer` as for `Recording.lens`.
    UsageError if there is no recording, or a value is not a recording.

    Returns
    -------
    DataFrame, one row a tool and metric, indexed by ``tool`` and ``metric``
        The metrics are ``ttft_ms``, ``itl_ms``, ``tpot_ms``, ``e2e_ms``, ``tok_s``; a metric
        that the tool does not have has no row.  ``pooled``, ``per_request``,
        ``token_weighted``: the means.  ``own``: the one the tool would print; ``own_mean``:
        its kind.  ``pooled_p50`` and ``per_request_p50``: the median of all samples, and of
        the requests' means.  ``n_requests``, ``n_samples``: how many count; a request without
        a value does not.  Undefined is NaN: the pooled ITL of a tool that keeps one average a
        request, the token-weighted mean if a count is missing.
    """
    counter = tokenizer_of(tokenizer)
    streams = tables_by_name("lens_many", recordings).values()
    found = [figures_of(Seen(tables, counter)) for tables in streams]
    rows = {
        (definition.tool, metric): row
        for number, definition in enumerate(DEFINITIONS)
        for metric in METRICS
        if (row := _row(metric, definition, [request[number][1] for request in found]))
    }
    index = pd.MultiIndex.from_tuples(list(rows), names=["tool", "metric"])
    return pd.DataFrame(list(rows.values()), index=index)


def _row(metric: str, definition: Definition, found: list[Figures]) -> dict[str, object]:
    """Return the means of one metric of one tool; empty if no request has a value."""
    # A request without a value is left out of all three means.  A request with a value but
    # without a count stays: its NaN makes the weighted mean NaN.  A weighted mean over fewer
    # requests could not be compared with the other two.
    # A mean is weighted by N tokens, or by the N − 1 gaps between them.
    itl = metric == "itl_ms"
    values = [(_value(metric, figures), figures.n_tokens - itl) for figures in found]
    known = np.array([pair for pair in values if pair[0] == pair[0]]).reshape(-1, 2)
    if not len(known):
        return {}
    means, weights = known.T
    samples = np.array([gap for figures in found for gap in figures.gaps_ms or ()])
    samples, total = samples if itl else means, weights.sum()
    row = {
        "pooled": _mean(samples),
        "per_request": _mean(means),
        "token_weighted": float((means * weights).sum() / total) if total > 0 else nan,
    }
    usual: Mean = "per request"
    own = {"itl_ms": definition.itl_mean, "tpot_ms": definition.tpot_mean}.get(metric, usual)
    return {
        **row,
        "own": row[own.replace(" ", "_").replace("-", "_")],
        "own_mean": own,
        "pooled_p50": float(np.median(samples)) if len(samples) else nan,
        "per_request_p50": float(np.median(means)),
        "n_requests": len(means),
        "n_samples": len(samples),
    }


def _value(metric: str, figures: Figures) -> float:
    if metric != "itl_ms":
        return float(getattr(figures, metric))
    return _mean(np.array(figures.gaps_ms)) if figures.gaps_ms else figures.itl_mean_ms


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else nan
