"""Recordings side by side: one row each, and how far each is from the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from streamlab.errors import UsageError
from streamlab.metrics.summary import summary
from streamlab.metrics.tables import Tables

__all__ = ["COLUMNS", "DIFFERENCES", "compare"]

DIFFERENCES = (
    "ttfb_ms",
    "ttft_ms",
    "icl_p50_ms",
    "icl_p99_ms",
    "icl_max_ms",
    "e2e_content_ms",
    "lag_delivered_p50_ms",
)
"""The columns that also say how far each recording is from the first."""

COLUMNS = (
    "n_events",
    "n_reads",
    "coalesced_share",
    *DIFFERENCES,
    "n_stalls",
    "n_tokens",
    "tok_s_user",
    "tier",
    "how",
)


def compare(recordings: Mapping[str, Tables | Any]) -> pd.DataFrame:
    """Put recordings side by side.

    Parameters
    ----------
    recordings : mapping of str to Tables
        Or to anything that has ``tables``, as a recording does.  The first is what the
        others are compared with.

    Returns
    -------
    DataFrame, one row a recording, indexed by name
        The main rows of `summary` as columns; behind each time its difference to the
        first recording, ``ttft_ms_diff`` behind ``ttft_ms``: positive is later than the first.

    Raises
    ------
    UsageError
        If there is nothing to compare, or something is not a recording.

    Examples
    --------
    ``compare({"sync": rec, "async": arec})``
    """
    rows = {str(name): summary(tables) for name, tables in _checked(recordings).items()}
    table = pd.DataFrame(rows).T[list(COLUMNS)].infer_objects()
    for name in DIFFERENCES:
        diff = table[name] - table[name].iloc[0]
        table.insert(list(table).index(name) + 1, f"{name}_diff", diff)
    return table.rename_axis("recording")


def _checked(recordings: Any) -> dict[str, Tables]:
    if not isinstance(recordings, Mapping) or not recordings:
        came = "an empty one" if recordings == {} else _kind(recordings)
        raise UsageError(
            f"compare takes a mapping of names to recordings, and got {came}. "
            'Pass for example {"sync": rec, "async": arec}.'
        )
    return {name: _tables(name, found) for name, found in recordings.items()}


def _tables(name: str, found: Any) -> Tables:
    tables = found if isinstance(found, Tables) else getattr(found, "tables", None)
    if not isinstance(tables, Tables):
        raise UsageError(
            f"compare takes recordings, and got {_kind(found)} as {name!r}. "
            "Pass what sl.record returned, or sl.load(path) of a file."
        )
    return tables


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
