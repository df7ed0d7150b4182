"""The tables of several recordings as one table, with a column for the recording."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from streamlab.metrics.tables import Tables


class Concat:
    """Tables of several recordings, one under the other.

    Their first column, ``recording``, is the name; the others are those of one recording.
    """

    def __init__(self, tables: Mapping[str, Tables]) -> None:
        self._tables = dict(tables)

    def __repr__(self) -> str:
        return f"<Concat of {', '.join(map(repr, self._tables))}>"

    @property
    def reads(self) -> pd.DataFrame:
        """The reads of all recordings."""
        return self._joined("reads")

    @property
    def lines(self) -> pd.DataFrame:
        """The lines of all recordings."""
        return self._joined("lines")

    @property
    def events(self) -> pd.DataFrame:
        """The events of all recordings."""
        return self._joined("events")

    @property
    def deltas(self) -> pd.DataFrame:
        """The deltas of all recordings."""
        return self._joined("deltas")

    def _joined(self, name: str) -> pd.DataFrame:
        frames = {key: getattr(tables, name) for key, tables in self._tables.items()}
        joined: pd.DataFrame = pd.concat(frames, names=["recording"])
        return joined.reset_index(level="recording").reset_index(drop=True)
