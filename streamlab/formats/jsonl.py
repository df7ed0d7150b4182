"""JSON lines: the journal that a running recording writes too; see `streamlab.tape.journal`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streamlab.tape import journal
from streamlab.tape.journal import load

if TYPE_CHECKING:
    from streamlab.metrics import Tables

__all__ = ["ENDINGS", "load", "save"]

ENDINGS = (".jsonl",)


def save(tables: Tables, path: str | Path) -> None:
    """Write the tape as a journal."""
    journal.save(tables.tape, path)
