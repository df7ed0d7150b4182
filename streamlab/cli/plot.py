"""``streamlab plot``: a picture of recordings, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from streamlab.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamlab.recording import Recording

# All pictures, named here: importing `streamlab.plots` only for the help would be slow.
KINDS: tuple[str, ...] = ("staircase", "gaps", "ecdf", "lag", "phases", "lens")
KINDS += ("comparison", "delivery", "lanes")
SUFFIXES = (".png", ".svg", ".pdf")


def run(
    files: Annotated[list[Path], Argument(help="Recordings: .jsonl or .parquet.")],
    kind: Annotated[
        str, Option("--kind", "-k", help=f"One of {', '.join(KINDS)}.")
    ] = "staircase",
    dark: Annotated[bool, Option("--dark", help="Light ink on a dark ground.")] = False,
    out: Annotated[
        Path | None,
        Option("--out", "-o", help="A .png, .svg or .pdf. [default: named by FILE and KIND]"),
    ] = None,
) -> None:
    """Draw recordings into one picture, and print its caption."""
    from streamlab.cli._terminal import console
    from streamlab.cli.compare import loaded
    from streamlab.follow.text import one_line

    first = f"{files[0].stem}-" if len(files) == 1 else ""
    where = out or Path(f"{first}{kind}.png")
    if where.suffix not in SUFFIXES:
        raise UsageError(
            f"a picture is a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file, "
            f"and {where.name} came. Choose one of these endings."
        )
    console().print(one_line(draw(loaded(files), kind, where, dark=dark)))
    print(where)


def draw(
    recordings: Mapping[str, Recording], kind: str, where: Path, *, dark: bool = False
) -> str:
    """Draw all recordings in one picture, save it, and return its caption."""
    from streamlab import plots

    if kind not in KINDS:
        raise UnknownNameError("kind of plot", kind, KINDS)
    tables = {name: recording.tables for name, recording in recordings.items()}
    figure = plots.picture(kind, tables, dark=dark)
    if where.suffix == ".png":
        where.write_bytes(plots.to_png(figure))
    else:
        figure.savefig(where)
    return plots.alt(figure)
