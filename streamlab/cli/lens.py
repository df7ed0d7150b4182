"""``streamlab lens``: the metrics that each benchmark tool would report for a recording."""

from __future__ import annotations

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from streamlab.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from streamlab.metrics.lens_table import Lens

# Heads that fit a narrow terminal; of other columns, the name in capitals.
HEADS = {"itl_mean_ms": "ITL", "itl_p50_ms": "p50", "itl_max_ms": "max", "n_itl": "n"}
HEADS |= {"tok_s": "tok/s", "tok_s_user": "/user"}
NAMES = {
    "inference-perf, client tokens": "inference-perf client",
    "inference-perf, server tokens": "inference-perf server",
    "HF inference-benchmarker": "HF inf.-benchmarker",
}
FEW = ("ttft_ms", "itl_mean_ms", "tpot_ms", "e2e_ms", "tok_s")
USUAL_COLUMNS = 80  # a narrower terminal shows `FEW` metrics; all are in ``--json``
# The width from which a terminal also shows rare metrics and the source of the tokens.
MANY_COLUMNS = 114


def run(
    file: Annotated[Path, Argument(help="A recording: .jsonl or .parquet.")],
    json: Annotated[
        bool, Option("--json", help="Print everything as one JSON object.")
    ] = False,
    why: Annotated[
        bool, Option("--why", help="Also print each formula, its source, and the difference.")
    ] = False,
    out: Annotated[
        Path | None, Option("--out", "-o", help="Also draw a picture: .png, .svg or .pdf.")
    ] = None,
) -> None:
    """Print what each benchmark tool would report for a recording."""
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
        plot.run([file], "lens", out=out)


def _print(found: Lens, why: bool) -> None:
    from streamlab.cli._terminal import console
    from streamlab.metrics.lens_table import spread

    printer = console()
    printer.print(_table(found, printer.width))
    printer.print(spread(found))
    for sentence in filter(None, (_unsent(found), _missing(found))):
        printer.print(sentence)
    if why:
        printer.print(_words(found), soft_wrap=True)


def _unsent(found: Lens) -> str:
    """Return why no tool has a time since the send; "" if they have."""
    if found["starts_ms"].notna().any():
        return ""
    return "The time of the send is unknown, so times since the send are undefined."


def _missing(found: Lens) -> str:
    """Return whose token counts are missing; "" if none is."""
    if found.loc["streamlab", "tokens"] == "none":
        return (
            "The server reported no token count, so metrics per token are undefined. "
            'OpenAI chat reports it if the body has "stream_options": {"include_usage": true}.'
        )
    given = found.index[found["tokens"].str.startswith("server,")]
    names = ", ".join(NAMES.get(str(tool), str(tool)) for tool in given)
    return f"With the server's token count instead of their own: {names}." if names else ""


def _table(found: Lens, width: int) -> Table:
    from rich.table import Table

    from streamlab.metrics.lens_table import MAIN, number, shown

    wide, main = width >= MANY_COLUMNS, MAIN if width >= USUAL_COLUMNS else FEW
    names = [name for name in shown(found) if wide or name in main]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    table.add_column("", no_wrap=True)
    for name in names:
        head = HEADS.get(name, name.removesuffix("_ms").upper())
        table.add_column(head, justify="right", no_wrap=True)
    if wide:
        table.add_column("tokens counted by", no_wrap=True)
    for tool, row in found.iterrows():
        cells = [number(row[name], name).replace("–", "-") for name in names]
        # The source of a token count, without the advice for users of Python.
        counted_by = [row["tokens"].partition(",")[0].partition(":")[0]] if wide else []
        table.add_row(NAMES.get(str(tool), str(tool)), *cells, *counted_by)
    return table


def _words(found: Lens) -> str:
    from textwrap import TextWrapper

    # The sources are long paths.  They stay whole, so that they can be copied.
    wrapper = TextWrapper(79, "  ", "  ", break_long_words=False, break_on_hyphens=False)
    told = []
    for tool, row in found.iterrows():
        clock = f"Its clock starts at {row['clock']}."
        lines = (f"{row['formula']} {clock}", row["differs"], f"Source: {row['source']}")
        told.append("\n".join(["", str(tool), *map(wrapper.fill, lines)]))
    return "\n".join(told)


def _json(found: Lens) -> str:
    # `json` would write NaN, which is not JSON: jq and JavaScript reject it.
    rows = found.astype(object).where(found.notna(), None).to_dict("index")
    return json_.dumps(rows, ensure_ascii=False, indent=1)
