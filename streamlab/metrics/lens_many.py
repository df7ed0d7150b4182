"""Many streams, every tool's answer: three ways to make one mean of them.

*Pooled*: every sample counts the same, so a long answer counts more.  *Per request*:
the mean of the requests' means, so each request counts the same.  *Token-weighted*: the
requests' means, each as often as it has tokens.  Tools differ in this too; `own` is what
the tool itself would print.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from streamlab.errors import UsageError
from streamlab.metrics.definitions import DEFINITIONS, Answer, Definition, Seen, Tokenizer
from streamlab.metrics.definitions.base import Mean
from streamlab.metrics.lens import answers, tokenizer_of
from streamlab.metrics.tables import Tables

__all__ = ["lens_many"]

METRICS = ("ttft_ms", "itl_ms", "tpot_ms", "e2e_ms", "tok_s")


def lens_many(recordings: Any, tokenizer: Tokenizer | None = None) -> pd.DataFrame:
    """Return what each tool would report of many requests, by three kinds of mean.

    Parameters
    ----------
    recordings : iterable, or mapping of names, of Tables
        Or of anything that has ``tables``, as a recording does.
    tokenizer : callable, optional
        See `lens`.

    Returns
    -------
    DataFrame, one row a tool and metric, indexed by ``tool`` and ``metric``
        ``ttft_ms``, ``itl_ms``, ``tpot_ms``, ``e2e_ms``, ``tok_s`` as metrics; what no tool
        of this name has is no row.  ``pooled``, ``per_request``, ``token_weighted``: the
        means.  ``own``: the one the tool would print, and ``own_mean``: which that is.
        ``pooled_p50`` and ``per_request_p50``: the median of all samples, and of the requests'
        means.  ``n_requests``, ``n_samples``: how many there are; a request in which the
        metric is not defined is none.  What is not defined is NaN: the pooled ITL of a tool
        that keeps one average a request, the token-weighted mean where a count is missing.

    Raises
    ------
    UsageError
        If there is no recording, or something is none.
    """
    counter = tokenizer_of(tokenizer)
    asked = [answers(Seen(tables, counter)) for tables in _tables(recordings)]
    rows = {
        (definition.tool, metric): row
        for number, definition in enumerate(DEFINITIONS)
        for metric in METRICS
        if (row := _row(metric, definition, [found[number][1] for found in asked]))
    }
    index = pd.MultiIndex.from_tuples(list(rows), names=["tool", "metric"])
    return pd.DataFrame(list(rows.values()), index=index)


def _row(metric: str, definition: Definition, found: list[Answer]) -> dict[str, Any]:
    """Return the means of one metric of one tool; nothing if it has none."""
    values = [(_value(metric, answer), _weight(metric, answer)) for answer in found]
    known = np.array([pair for pair in values if pair[0] == pair[0]]).reshape(-1, 2)
    if not len(known):
        return {}
    means, weights = known.T
    samples = _samples(metric, found, means)
    row = {
        "pooled": _mean(samples),
        "per_request": _mean(means),
        "token_weighted": _weighted(means, weights),
    }
    own = _own(metric, definition)
    return {
        **row,
        "own": row[own.replace(" ", "_").replace("-", "_")],
        "own_mean": own,
        "pooled_p50": float(np.median(samples)) if len(samples) else nan,
        "per_request_p50": float(np.median(means)),
        "n_requests": len(means),
        "n_samples": len(samples),
    }


def _value(metric: str, answer: Answer) -> float:
    if metric != "itl_ms":
        return float(getattr(answer, metric))
    return _mean(np.array(answer.gaps_ms)) if answer.gaps_ms else answer.itl_mean_ms


def _weight(metric: str, answer: Answer) -> float:
    """Return how many tokens a mean stands for: the gaps of N tokens are N − 1."""
    return answer.n_tokens - 1 if metric == "itl_ms" else answer.n_tokens


def _samples(metric: str, found: list[Answer], means: np.ndarray) -> np.ndarray:
    if metric != "itl_ms":
        return means
    return np.concatenate([np.array(answer.gaps_ms or (), dtype=float) for answer in found])


def _own(metric: str, definition: Definition) -> Mean:
    means: dict[str, Mean] = {"itl_ms": definition.itl_mean, "tpot_ms": definition.tpot_mean}
    return means.get(metric, "per request")


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else nan


def _weighted(means: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean by weight; NaN if a weight is unknown, or all are 0."""
    return float((means * weights).sum() / total) if (total := weights.sum()) > 0 else nan


def _tables(recordings: Any) -> list[Tables]:
    if isinstance(recordings, Mapping):
        recordings = recordings.values()
    if not isinstance(recordings, Iterable) or isinstance(recordings, str):
        recordings = [recordings]
    found = [each if isinstance(each, Tables) else _held(each) for each in recordings]
    if not found:
        raise UsageError("lens_many takes recordings, and none came. Pass [rec, arec].")
    return found


def _held(recording: Any) -> Tables:
    tables = getattr(recording, "tables", None)
    if not isinstance(tables, Tables):
        raise UsageError(
            f"lens_many takes recordings, and {type(recording).__name__} came. "
            "Pass what sl.record returned, or sl.load(path) of a file."
        )
    return tables
