"""The tables of several recordings as one table, with a column for the recording."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from streamlab.metrics.tables import Tables


def _joined(name: str) -> property:
    def joined(concat: Concat) -> pd.DataFrame:
        frames = {key: getattr(tables, name) for key, tables in concat._tables.items()}
        made: pd.DataFrame = pd.concat(frames, names=["recording"])
        return made.reset_index(level="recording").reset_index(drop=True)

    return property(joined, doc=f"The {name} of all recordings.")


class Concat:
    """Tables of several recordings, one under the other.

    Their first column, ``recording``, is the name; the others are those of one recording.
    """

    def __init__(self, tables: Mapping[str, Tables]) -> None:
        self._tables = dict(tables)

    def __repr__(self) -> str:
        return f"<Concat of {', '.join(map(repr, self._tables))}>"

    reads, lines, events, deltas, sends = map(
        _joined, ("reads", "lines", "events", "deltas", "sends")
    )
