"""``streamlab show``: the rows of a recording, with their times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from streamlab.cli._terminal import console
from streamlab.errors import UsageError
from streamlab.follow.text import line_of, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from streamlab.follow import Follower
    from streamlab.recording import Recording

# The colour of a line's field, by the kind of the line.  Words say the same without colour.
STYLES = {"data": "cyan", "event": "magenta", "comment": "green"}
STYLES |= {"id": "yellow", "retry": "yellow", "other": "red", "tail": "red"}

Row = Any  # a row of pandas' ``itertuples``: its attributes are the columns of the table
Words = str | tuple[str, str]  # a text, or a text with its style
COLUMNS = 100  # the most columns of a row, at a terminal too, unless ``--full`` is given
BEFORE = 30  # the columns of number, time and gap before the words of a row
_NOTES = {"other": "(ignored) ", "tail": "(no line end) "}


def run(
    file: Annotated[Path, Argument(help="A recording: .jsonl or .parquet.")],
    reads: Annotated[bool, Option("--reads", help="Show the reads of the socket.")] = False,
    events: Annotated[bool, Option("--events", help="Show the dispatched events.")] = False,
    deltas: Annotated[bool, Option("--deltas", help="Show what each event added.")] = False,
    full: Annotated[bool, Option("--full", help="Show whole rows, however long.")] = False,
    dialect: Annotated[str, Option(help="Read the events in this format.")] = "",
    think_tags: Annotated[
        bool, Option("--think-tags", help="Read content in <think> tags as reasoning.")
    ] = False,
) -> None:
    """Show the lines of a recording and the time when each arrived."""
    from streamlab.recording import load

    wanted = {"reads": reads, "events": events, "deltas": deltas}
    chosen = [name for name, is_wanted in wanted.items() if is_wanted]
    if len(chosen) > 1:
        both = " and ".join(f"--{name}" for name in chosen)
        raise UsageError(f"show prints one table at a time, and {both} came. Pass one.")
    recording = load(file, dialect=dialect, think_tags=think_tags or None)
    out = console()
    _head(out, file, recording)
    table(out, recording, chosen[0] if chosen else "lines", full=full)


def table(
    out: Console,
    recording: Recording,
    name: str = "lines",
    limit: int | None = None,
    *,
    full: bool = False,
) -> None:
    """Print the first `limit` rows of a table of a recording, one line each."""
    from streamlab.metrics.elided import beginnings

    rows = getattr(recording, name)
    rows = rows if limit is None else rows.head(limit)
    width = None if full else min(out.width, COLUMNS)
    rows = rows if width is None else beginnings(rows)
    words_of = _WORDS.get(name) or partial(_line, recording, width)
    out.print(f"{name[:-1]:>6} {'t_ms':>10} {'gap_ms':>10}", style="bold")
    for text in _rows(rows.itertuples(index=False), words_of):
        if width is not None:
            text.truncate(width, overflow="ellipsis")
        out.print(text, soft_wrap=True)


def _head(out: Console, file: Path, recording: Recording) -> None:
    from streamlab.faces import text

    cut = "CUT, the process was killed: " * (recording.end.how == "cut")
    out.print(one_line(f"{file}: {cut}{text.facts(recording.tables)}"))
    if recording.problem:
        out.print(one_line(recording.problem), style="red")
    out.print()


def _rows(rows: Iterable[Row], words_of: Callable[[Row], list[Words]]) -> Iterator[Text]:
    from rich.text import Text

    for number, row in enumerate(rows):
        # A row in the same read arrived with the row above.  A gap of 0 ms would claim that a
        # time between the two was measured.
        same = number > 0 and getattr(row, "coalesced", False)
        gap = "same read" if same else _ms(row.gap_ms) or "not known" * (number > 0)
        style = "dim" if same else ""
        when = (f"{number:>6} {_ms(row.t_ms):>10} ", (f"{gap:>10}", style), "  ")
        yield Text.assemble(*when, *words_of(row))


def _ms(value: float) -> str:
    return "" if math.isnan(value) else f"{value:,.1f}"


def _line(recording: Recording, width: int | None, row: Row) -> list[Words]:
    from streamlab.follow.elide import shown_line

    style = STYLES.get(row.kind, "")
    if row.kind == "blank":
        limit = () if width is None else (width,)
        return [("(blank) ", "dim"), _completed(row.event, recording.tables.follower, *limit)]
    note = (_NOTES.get(row.kind, ""), style)
    whole = one_line(line_of(row.raw))
    if width is not None and len(whole) > width - BEFORE:
        whole = shown_line(recording.tables.follower, row.line, width - BEFORE).text
    field, colon, value = whole.partition(":")
    if row.kind in ("json", "text") or not colon:
        return [note, (whole, style)]
    return [note, (field + colon, style), (value, style if not field else "")]


def _completed(event: object, follower: Follower, *limit: int) -> str:
    # A blank line after a comment or after another blank line completes none; pandas has NA
    # there, which is not an int.  The numbers are NumPy's, hence `Integral`.
    if not isinstance(event, Integral):
        return ""
    found = follower.deltas_of(int(event), *limit)
    deltas = [delta for delta in found if delta.kind != "meta"]
    words = [f"{kind} '{text}'" if text else kind for kind, text, *_ in deltas]
    return one_line(": ".join(filter(None, (f"event {event}", ", ".join(words)))))


def _read(row: Row) -> list[Words]:
    raw = row.raw.decode("utf-8", "replace")
    return [f"{row.n_bytes:>6,} B ", (f"{one_line(row.stamp):<8} ", "dim"), one_line(raw)]


def _event(row: Row) -> list[Words]:
    kind = "" if row.type == "message" else f"{one_line(row.type)} "
    return [(kind, "magenta"), one_line(row.data)]


def _delta(row: Row) -> list[Words]:
    return [(f"{row.kind:<10} ", "cyan"), f"'{one_line(row.text)}'" if row.text else ""]


_WORDS = {"reads": _read, "events": _event, "deltas": _delta}
