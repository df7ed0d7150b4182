"""Recordings side by side: one row for each, and its differences to the first."""

from html import escape

import pandas as pd

from streamlab.errors import UsageError
from streamlab.follow.columns import HOW_TO_ASK
from streamlab.metrics.lens_table import Shown
from streamlab.metrics.summary import summary
from streamlab.metrics.tables import HasTables, Streams, tables_by_name

# The columns with a second column for the difference to the first recording.
DIFFERENCES = (
    *("ttfb_ms", "ttft_ms", "icl_p50_ms", "icl_p90_ms", "icl_p99_ms", "icl_max_ms"),
    *("e2e_content_ms", "lag_delivered_p50_ms"),
)
COLUMNS = (
    *("n_events", "n_reads", "coalesced_share"),
    *DIFFERENCES,
    *("n_stalls", "n_merged", "n_tokens", "tok_s_user", "tier", "how"),
)


class Comparison(Shown):
    """Recordings side by side; its faces end with how to ask what the columns mean."""

    # No stamp is better than a microsecond.
    def __repr__(self) -> str:
        return f"{self.round(3)!r}\n{HOW_TO_ASK}"

    def _repr_html_(self) -> str:
        return f"{self.round(3).to_html()}<p>{escape(HOW_TO_ASK)}</p>"


def compare(recordings: Streams, *more: HasTables) -> pd.DataFrame:
    """Put recordings side by side, and compare all with the first.

    `recordings` is ``{"sync": rec, "async": arec}``, or ``[rec, arec]`` with their labels as
    names.  UsageError if there is nothing to compare, or a value is not a recording.

    Returns
    -------
    DataFrame, one row a recording, indexed by name
        The main rows of ``rec.summary`` as columns.  After each time comes its difference to
        the first recording, such as ``ttft_ms_diff``: positive is later than the first.
    """
    if more:
        raise UsageError(
            f"compare takes one list or mapping, and {1 + len(more)} arguments came. "
            'Write sl.compare([a, b]), or sl.compare({"sync": a, "async": b}).'
        )
    given = tables_by_name("compare", recordings)
    rows = {name: summary(tables) for name, tables in given.items()}
    # Transposed, all columns have the dtype object; `infer_objects` makes numbers of them.
    table = pd.DataFrame(rows).T[list(COLUMNS)].infer_objects()
    for name in DIFFERENCES:
        diff = table[name] - table[name].iloc[0]
        table.insert(list(table).index(name) + 1, f"{name}_diff", diff)
    return Comparison(table.rename_axis("recording"))
