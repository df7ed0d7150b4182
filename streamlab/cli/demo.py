"""``streamlab demo``: record and compare two streams of the lab, without a key."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from streamlab.cli._terminal import console, itself
from streamlab.follow.text import one_line

if TYPE_CHECKING:
    from streamlab.recording import Recording

PROMPT = "Count to 10, with a comma between each number and no newlines. E.g., 1, 2, 3, ..."
FIRST_LINES = 9

CALLS = {
    "sync": "rec = sl.record(endpoint, prompt, temperature=0)",
    "async": "arec = await sl.arecord(endpoint, prompt, temperature=0)",
}


def run(
    folder: Annotated[Path, Argument(metavar="DIR", help="The folder for the files.")] = Path(
        "streamlab-demo"
    ),
) -> int:
    """Record a completion, sync and async, and compare the two."""
    folder.mkdir(parents=True, exist_ok=True)
    recordings: dict[str, Recording] = {}
    for name, call in CALLS.items():
        code = _record(name, call, folder / f"{name}.jsonl", recordings)
        if code:
            return code
    _show(recordings)
    _leave(recordings, folder)
    return 0


def _record(name: str, call: str, save: Path, recordings: dict[str, Recording]) -> int:
    """Stream once, and add the recording to the others; return the exit code."""
    from dataclasses import replace

    from streamlab.cli._streaming import Job, report, stream
    from streamlab.many import serve

    lab = serve()
    if not recordings:
        print(f"A server of our own streams at {lab.url}: no key, no network.")
    print(f"\n{name}: {call}", flush=True)
    endpoint = replace(lab.endpoint("count-to-ten"), json={"temperature": 0})
    job = Job(endpoint, PROMPT, save, {"label": name})
    recordings[name] = stream(job, in_async=name == "async")
    return report(recordings[name], save)


def _show(recordings: dict[str, Recording]) -> None:
    from streamlab.cli.compare import comparison
    from streamlab.cli.show import table

    out = console()
    print("\nThe first lines, with their arrival in ms since the request was sent: rec.lines\n")
    table(out, recordings["sync"], limit=FIRST_LINES)
    print("\nSide by side: sl.compare. The number in brackets is ms later than the first.\n")
    out.print(comparison(recordings))


def _leave(recordings: dict[str, Recording], folder: Path) -> None:
    from streamlab.cli.plot import draw
    from streamlab.many import concat

    concat(recordings).lines.to_parquet(folder / "lines.parquet")
    draw(recordings, "staircase", folder / "staircase.png")
    caption = draw(recordings, "delivery", folder / "sync_async.png")
    console().print(f"\n{one_line(caption)}\n\nThese files are yours now:")
    for file, what in (
        ("sync.jsonl", "a recording, every read with its times"),
        ("async.jsonl", "the other; streamlab serve plays it"),
        ("lines.parquet", "all lines of both, with their times"),
        ("sync_async.png", "sync beside async: arrivals and deliveries"),
        ("staircase.png", "how much had arrived, when"),
    ):
        print(f"  {folder / file!s:<30}  {what}")
    print(f"\nNext: {itself()} show {quote(str(folder / 'sync.jsonl'))}")
    if find_spec("jupyterlab"):
        print(f"Or: {itself()} notebooks")
