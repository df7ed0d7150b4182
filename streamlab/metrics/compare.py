"""Recordings side by side: one row for each, and its differences to the first."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from streamlab.errors import UsageError
from streamlab.metrics.summary import summary
from streamlab.metrics.tables import HasTables, Tables, tables_of

DIFFERENCES = (
    "ttfb_ms",
    "ttft_ms",
    "icl_p50_ms",
    "icl_p90_ms",
    "icl_p99_ms",
    "icl_max_ms",
    "e2e_content_ms",
    "lag_delivered_p50_ms",
)
"""The columns with a second column for the difference to the first recording."""

COLUMNS = (
    "n_events",
    "n_reads",
    "coalesced_share",
    *DIFFERENCES,
    "n_stalls",
    "n_merged",
    "n_tokens",
    "tok_s_user",
    "tier",
    "how",
)


def compare(recordings: Mapping[str, Tables | HasTables]) -> pd.DataFrame:
    """Put recordings, or their tables, side by side; see `streamlab.many.compare`."""
    rows = {str(name): summary(tables) for name, tables in _checked(recordings).items()}
    # Transposed, all columns have the dtype object; `infer_objects` makes numbers of them.
    table = pd.DataFrame(rows).T[list(COLUMNS)].infer_objects()
    for name in DIFFERENCES:
        diff = table[name] - table[name].iloc[0]
        table.insert(list(table).index(name) + 1, f"{name}_diff", diff)
    return table.rename_axis("recording")


def _checked(recordings: object) -> dict[str, Tables]:
    if not isinstance(recordings, Mapping) or not recordings:
        came = "an empty one" if recordings == {} else _kind(recordings)
        raise UsageError(
            f"compare takes a mapping of names to recordings, and got {came}. "
            'Pass for example {"sync": rec, "async": arec}.'
        )
    wanted = "compare takes recordings, and got"
    return {
        name: tables_of(given, f"{wanted} {_kind(given)} as {name!r}")
        for name, given in recordings.items()
    }


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
