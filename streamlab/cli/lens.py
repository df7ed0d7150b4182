"""``streamlab lens``: what each benchmark tool would report for a recording."""

from __future__ import annotations

import json as json_
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from streamlab.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from streamlab.metrics.lens import Lens

HEADS = {
    "ttft_ms": "TTFT",
    "itl_mean_ms": "ITL",
    "itl_p50_ms": "p50",
    "itl_max_ms": "max",
    "n_itl": "n",
    "tpot_ms": "TPOT",
    "e2e_ms": "E2E",
    "tok_s": "tok/s",
    "ttfo_ms": "TTFO",
    "ttst_ms": "TTST",
    "ntpot_ms": "NTPOT",
    "tok_s_user": "/user",
}
"""How the columns are called in a narrow terminal."""

NAMES = {
    "inference-perf, client tokens": "inference-perf client",
    "inference-perf, server tokens": "inference-perf server",
    "HF inference-benchmarker": "HF inf.-benchmarker",
}
MANY_COLUMNS = 114
"""A terminal this wide also shows what only some tools have, and who counted the tokens."""


def run(
    file: Annotated[Path, Argument(help="A recording: .jsonl or .parquet.")],
    json: Annotated[bool, Option("--json", help="Everything, as one JSON object.")] = False,
    why: Annotated[
        bool, Option("--why", help="Also each formula in words, its source, why it differs.")
    ] = False,
    out: Annotated[
        Path | None,
        Option("--out", "-o", help="Draw it into this .png, .svg or .pdf, too."),
    ] = None,
) -> None:
    """Tell what each benchmark tool would report for this very stream.

    Times are in ms, from where each tool starts its clock. ITL is the mean of its gaps, with
    their median, maximum and number; "-" is what a tool does not have, or cannot say of this
    stream. Tools that count tokens with a tokenizer of their own are given the server's count.

    \b
    Examples:
      streamlab lens a.jsonl
      streamlab lens a.jsonl --why | less
      streamlab lens a.jsonl -o lens.png
      streamlab lens a.jsonl --json | jq .vLLM.ttft_ms
    """
    from streamlab.cli import plot
    from streamlab.metrics.lens import lens
    from streamlab.recording import load

    if json and out is not None:
        raise UsageError("lens prints JSON or draws a picture, and both came. Run it twice.")
    found = lens(load(file).tables)
    if json:
        print(_json(found))
    else:
        _print(found, why)
    if out is not None:
        plot.run([file], "lens", out)


def _print(found: Lens, why: bool) -> None:
    from streamlab.cli._terminal import console
    from streamlab.metrics.lens import spread

    printer = console()
    printer.print(_table(found, wide=printer.width >= MANY_COLUMNS))
    printer.print(spread(found))
    for said in filter(None, (_unsent(found), _missing(found))):
        printer.print(said)
    if why:
        printer.print(_words(found), soft_wrap=True)


def _unsent(found: Lens) -> str:
    """Say why no tool has a time from the send."""
    if found["starts_ms"].notna().any():
        return ""
    return "The send was not seen, so what counts from it is undefined; gaps do not."


def _missing(found: Lens) -> str:
    """Say whose count of tokens is missing."""
    if found.loc["streamlab", "tokens"] == "none":
        return (
            "The server reported no count of tokens, so what is divided by one is undefined. "
            'OpenAI chat reports it if the body has "stream_options": {"include_usage": true}.'
        )
    given = found.index[found["tokens"].str.startswith("server,")]
    names = ", ".join(NAMES.get(str(tool), str(tool)) for tool in given)
    return f"Given the server's count of tokens for want of theirs: {names}." if names else ""


def _table(found: Lens, wide: bool) -> Table:
    """Return the numbers: a row a tool."""
    from rich.table import Table

    from streamlab.metrics.lens_table import MAIN, number, shown

    names = [name for name in shown(found) if wide or name in MAIN]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(HEADS[name], justify="right", no_wrap=True)
    if wide:
        table.add_column("tokens counted by", no_wrap=True)
    for tool, row in found.iterrows():
        cells = [number(row[name], name).replace("–", "-") for name in names]
        table.add_row(NAMES.get(str(tool), str(tool)), *cells, *[_who(row["tokens"])] * wide)
    return table


def _who(tokens: str) -> str:
    """Return who counted, without what only Python's prompt can do about it."""
    return tokens.partition(",")[0].partition(":")[0]


def _words(found: Lens) -> str:
    """Return what each means, in paragraphs of 79 columns; a longer path is not broken."""
    from textwrap import fill

    told = []
    indents: dict[str, Any] = {"initial_indent": "  ", "subsequent_indent": "  "}
    for tool, row in found.iterrows():
        clock = f"Its clock starts at {row['clock']}."
        lines = (f"{row['formula']} {clock}", row["differs"], f"Source: {row['source']}")
        indented = [
            fill(line, 79, break_long_words=False, break_on_hyphens=False, **indents)
            for line in lines
        ]
        told.append("\n".join(["", str(tool), *indented]))
    return "\n".join(told)


def _json(found: Lens) -> str:
    """Return all columns, by tool; what is undefined is null."""
    rows = {
        str(tool): {name: _value(row[name]) for name in found.columns}
        for tool, row in found.iterrows()
    }
    return json_.dumps(rows, ensure_ascii=False, indent=1)


def _value(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
