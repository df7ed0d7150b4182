"""``streamlab plot``: a picture of recordings, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from streamlab.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamlab.recording import Recording

SUFFIXES = (".png", ".svg", ".pdf")


def run(
    files: Annotated[list[Path], Argument(help="Recordings: .jsonl or .parquet.")],
    kind: Annotated[
        str,
        Option("--kind", "-k", help="staircase (events so far), gaps or lens (each tool)."),
    ] = "staircase",
    out: Annotated[
        Path | None,
        Option("--out", "-o", help="A .png, .svg or .pdf. [default: named by FILE and KIND]"),
    ] = None,
) -> None:
    """Draw recordings into one picture, and print its caption.

    \b
    Examples:
      streamlab plot a.jsonl
      streamlab plot sync.jsonl async.jsonl --kind gaps -o gaps.png
    """
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
    console().print(one_line(draw(loaded(files), kind, where)))
    print(where)


def draw(recordings: Mapping[str, Recording], kind: str, where: Path) -> str:
    """Draw all recordings on one Axes, save the picture, and return its caption."""
    from streamlab import plots

    if kind not in plots.PLOTS:
        raise UnknownNameError("kind of plot", kind, plots.PLOTS)
    first, *others = recordings.values()
    ax = plots.draw(kind, first.tables)
    for recording in others:
        plots.draw(kind, recording.tables, ax=ax)
    figure = ax.get_figure(root=True)
    assert figure is not None
    if where.suffix == ".png":
        where.write_bytes(plots.to_png(figure))
    else:
        figure.savefig(where)
    return plots.alt(figure)
