"""The look of a lens: the numbers as a table, and the explanations apart from the table.

Rule: a number that is not defined is shown as "–"; an extra column without any number is
not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from html import escape
from typing import Any, TypeAlias

import pandas as pd

MAIN = (
    *("ttft_ms", "itl_mean_ms", "itl_p50_ms", "itl_max_ms", "n_itl"),
    *("tpot_ms", "e2e_ms", "tok_s"),
)
# Figures of some tools only: the first output after reasoning, the second token, …
EXTRAS = ("ttfo_ms", "ttst_ms", "ntpot_ms", "tok_s_user")
WORDS = ("clock", "formula", "differs", "source")
HINT = f"Each row in words: the columns {', '.join(WORDS)}."
_SPREAD = {"TTFT": "ttft_ms", "ITL": "itl_mean_ms", "TPOT": "tpot_ms", "E2E": "e2e_ms"}

Row: TypeAlias = Mapping[Hashable, Any]  # one row of a lens: text and floats by column


class Shown(pd.DataFrame):
    """A table with a face of its own; a selection or a copy of it is an ordinary DataFrame."""

    # pandas makes selections and copies with `_constructor`.  They may lack the columns that
    # a face reads, so they must not have it.
    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame


class Lens(Shown):
    """A table that shows the figures of the tools; the explanations are in its columns."""

    def __repr__(self) -> str:
        cells = {name: [number(value, name) for value in self[name]] for name in shown(self)}
        cells["tokens"] = list(self["tokens"])
        table = pd.DataFrame(cells, index=self.index).rename_axis(None)
        return f"{table.to_string()}\n{spread(self)}\n{HINT}"

    def _repr_html_(self) -> str:
        names = [*shown(self), "tokens"]
        head = "".join(f"<th>{name}</th>" for name in ("", *names))
        rows = self.to_dict("index")
        body = "".join(_html_row(tool, row, names) for tool, row in rows.items())
        words = "".join(_html_words(tool, row) for tool, row in rows.items())
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{escape(spread(self))}</p><details>"
            f"<summary>What each tool means</summary><dl>{words}</dl></details>"
        )


def shown(table: pd.DataFrame) -> list[str]:
    """Return the columns of numbers to show: the main ones, and extras with a number."""
    return [*MAIN, *(name for name in EXTRAS if table[name].notna().any())]


def spread(table: pd.DataFrame) -> str:
    """Return how much the tools differ, as a sentence."""
    ranges = [_range(name, table[key], " ms") for name, key in _SPREAD.items()]
    parts = [*filter(None, [*ranges, _range("tokens/s", table["tok_s"])])]
    said = f"On one stream {', '.join(parts)}." if parts else "There is nothing to compare."
    note = table.attrs.get("merged")
    return f"{said} {note[:1].upper()}{note[1:]}." if note else said


def number(value: float, name: str = "") -> str:
    """Return a number as the table shows it: small numbers with one decimal."""
    if value != value:
        return "–"
    return f"{value:,.{0 if abs(value) >= 99.95 or name.startswith('n_') else 1}f}"


def _range(name: str, values: pd.Series[float], unit: str = "") -> str:
    low, high = values.min(), values.max()
    if not low <= high:
        return ""
    if number(low) == number(high):
        return f"{name} {number(low)}{unit}"
    times = f" ({high / low:.1f}×)" if low > 0 else ""
    return f"{name} {number(low)}–{number(high)}{unit}{times}"


def _html_row(tool: Hashable, row: Row, names: Sequence[str]) -> str:
    cells = (row[name] if name == "tokens" else number(row[name], name) for name in names)
    data = "".join(f'<td style="text-align:right">{escape(cell)}</td>' for cell in cells)
    title = escape(f"{row['formula']} {row['differs']}")
    return (
        f'<tr><th style="text-align:left" title="{title}">{escape(str(tool))}</th>{data}</tr>'
    )


def _html_words(tool: Hashable, row: Row) -> str:
    clock = f"Its clock starts at {row['clock']}."
    told = (f"{row['formula']} {clock}", row["differs"], row["source"])
    lines = "<br>".join(escape(line) for line in told)
    return f"<dt><b>{escape(str(tool))}</b></dt><dd>{lines}</dd>"
