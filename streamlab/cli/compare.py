"""``streamlab compare``: recordings side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument

if TYPE_CHECKING:
    from rich.table import Table

    from streamlab.recording import Recording


def run(files: Annotated[list[Path], Argument(help="Recordings: .jsonl or .parquet.")]) -> None:
    """Print the metrics of recordings side by side, one column each."""
    from streamlab.cli._terminal import console

    console().print(comparison(loaded(files)))


def loaded(files: list[Path]) -> dict[str, Recording]:
    """Return recordings by the names of their files; a number makes equal names different."""
    from streamlab.follow.text import distinct
    from streamlab.recording import load

    names = distinct(file.stem for file in files)
    return {name: load(file, label=name) for name, file in zip(names, files, strict=True)}


def comparison(recordings: Mapping[str, Recording]) -> Table:
    """Return a table with a row for each metric and a column for each recording."""
    from rich.table import Table

    from streamlab.follow.text import one_line
    from streamlab.metrics import compare

    found = compare(recordings)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for name in found.index:
        table.add_column(one_line(str(name)), justify="right")
    for metric in found.columns:
        if not metric.endswith("_diff"):
            diffs = found.get(f"{metric}_diff")
            cells = [
                _cell(metric, value, None if diffs is None or not i else diffs.iloc[i])
                for i, value in enumerate(found[metric])
            ]
            table.add_row(metric, *cells)
    return table


def _cell(metric: str, value: str | float, diff: float | None) -> str:
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "-"
    if metric.endswith("_share"):
        return f"{value:.1%}"
    if metric.startswith("n_"):
        return f"{value:,.0f}"
    # `z` writes -0.04 as 0.0: a reader takes "-0.0" for a difference.
    later = "" if diff is None or math.isnan(diff) else f" ({diff:+z,.1f})"
    return f"{value:z,.1f}{later}"
