"""How a lens shows itself: the numbers as a table, the words behind it.

Rule: a number that is not defined is "–"; a column that is empty for all is not shown.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from html import escape
from typing import Any

import pandas as pd

__all__ = ["EXTRAS", "MAIN", "WORDS", "Lens", "number", "shown", "spread"]

MAIN = (
    "ttft_ms",
    "itl_mean_ms",
    "itl_p50_ms",
    "itl_max_ms",
    "n_itl",
    "tpot_ms",
    "e2e_ms",
    "tok_s",
)
EXTRAS = ("ttfo_ms", "ttst_ms", "ntpot_ms", "tok_s_user")
"""What only some tools have: the first output after reasoning, the second token, …"""

WORDS = ("clock", "formula", "differs", "source")

HINT = f"Each row in words: the columns {', '.join(WORDS)}."

_SPREAD = {
    "TTFT": "ttft_ms",
    "ITL": "itl_mean_ms",
    "TPOT": "tpot_ms",
    "E2E": "e2e_ms",
    "tokens/s": "tok_s",
}


class Lens(pd.DataFrame):
    """A table of answers that shows its numbers, and keeps its words in columns.

    What is made of it (a selection, a copy) is an ordinary DataFrame.
    """

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def __repr__(self) -> str:
        cells = {name: [number(value, name) for value in self[name]] for name in shown(self)}
        cells["tokens"] = list(self["tokens"])
        table = pd.DataFrame(cells, index=self.index).rename_axis(None)
        return f"{table.to_string()}\n{spread(self)}\n{HINT}"

    def _repr_html_(self) -> str:
        names = [*shown(self), "tokens"]
        head = "".join(f"<th>{name}</th>" for name in ("", *names))
        body = "".join(_html_row(tool, row, names) for tool, row in self.iterrows())
        words = "".join(_html_words(tool, row) for tool, row in self.iterrows())
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<p>{escape(spread(self))}</p><details>"
            f"<summary>What each of them means by it</summary><dl>{words}</dl></details>"
        )


def shown(table: pd.DataFrame) -> list[str]:
    """Return the columns of numbers in which there is any."""
    return [*MAIN, *(name for name in EXTRAS if table[name].notna().any())]


def spread(table: pd.DataFrame) -> str:
    """Return how far the tools are apart, as a sentence."""
    parts = [part for name, key in _SPREAD.items() if (part := _range(name, table[key]))]
    return f"On one stream {', '.join(parts)}." if parts else "There is nothing to compare."


def number(value: float, name: str = "") -> str:
    """Return a number as it stands in a table: with one digit where it is small."""
    if value != value:
        return "–"
    return f"{value:,.{0 if abs(value) >= 99.95 or name.startswith('n_') else 1}f}"


def _range(name: str, values: pd.Series[Any]) -> str:
    low, high = values.min(), values.max()
    if not low <= high:
        return ""
    unit = "" if name == "tokens/s" else " ms"
    if number(low) == number(high):
        return f"{name} {number(low)}{unit}"
    times = f" ({high / low:.1f}×)" if low > 0 else ""
    return f"{name} {number(low)}–{number(high)}{unit}{times}"


def _html_row(tool: Hashable, row: pd.Series[Any], names: Sequence[str]) -> str:
    cells = (row[name] if name == "tokens" else number(row[name], name) for name in names)
    data = "".join(f'<td style="text-align:right">{escape(cell)}</td>' for cell in cells)
    title = escape(f"{row['formula']} {row['differs']}")
    return (
        f'<tr><th style="text-align:left" title="{title}">{escape(str(tool))}</th>{data}</tr>'
    )


def _html_words(tool: Hashable, row: pd.Series[Any]) -> str:
    clock = f"Its clock starts at {row['clock']}."
    told = (f"{row['formula']} {clock}", row["differs"], row["source"])
    lines = "<br>".join(escape(line) for line in told)
    return f"<dt><b>{escape(str(tool))}</b></dt><dd>{lines}</dd>"
