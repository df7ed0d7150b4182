"""JSON lines: the journal that a running recording writes too; see `streamlab.tape.journal`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streamlab.tape import journal

if TYPE_CHECKING:
    from streamlab.metrics import Tables

ENDINGS = (".jsonl",)


def save(tables: Tables, path: str | Path) -> None:
    """Write the tape as a journal."""
    journal.save(tables.tape, path)
