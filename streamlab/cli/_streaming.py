"""One stream at the prompt: its text while it runs, its file, and its exit code.

Rule: what arrived is never lost.  A stream that failed or was interrupted is saved, also
without ``--save``; then the command prints the name of the new file.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from shlex import quote
from textwrap import wrap
from typing import TYPE_CHECKING, TypedDict

from streamlab.capture import api
from streamlab.cli import FAILED, INTERRUPTED
from streamlab.cli._telling import Progress, Telling
from streamlab.cli._terminal import itself, remark, say
from streamlab.endpoints.endpoint import Endpoint
from streamlab.errors import UsageError
from streamlab.faces.text import gap_bars, ttft
from streamlab.follow.text import counted
from streamlab.recording import Recording
from streamlab.tape import Journal, Recorder, Tape, journal

if TYPE_CHECKING:
    from streamlab.metrics import Tables


# Where streams are kept that failed, if they were not saved.
FAILED_FOLDER = Path("streamlab-failed")


class StreamOptions(TypedDict, total=False):
    """Options of `api.stream`; a missing option has its default."""

    label: str
    timeout: float
    max_bytes: int | None
    think_tags: bool
    stall_timeout_s: float | None
    deadline_s: float | None


@dataclass(frozen=True, slots=True)
class Job:
    """What to stream, and where to save it."""

    endpoint: Endpoint
    prompt: str | None
    save: Path | None = None  # .jsonl, or .parquet
    options: StreamOptions = field(default_factory=StreamOptions)

    def __post_init__(self) -> None:
        if self.save is None:
            return
        if self.save.suffix not in (".jsonl", ".parquet"):
            raise UsageError(
                f"a recording is saved as .jsonl or .parquet, and {self.save.name} came. "
                "Choose one of these endings."
            )
        if not self.save.parent.is_dir():
            raise UsageError(
                f"cannot save to {self.save}: there is no folder {self.save.parent}. "
                "Make it first."
            )


def stream(job: Job, in_async: bool = False) -> Recording:
    """Stream to the end or until Ctrl-C, and print the text while it arrives."""
    # After Ctrl-C there is no return value, but `api` has made the recording the last one.  If
    # the last one is still the old one, no request was tried, and there is nothing to keep.
    before = api.last()
    try:
        if in_async:
            asyncio.run(_aplay(job))
        else:
            _play(job)
    except KeyboardInterrupt:
        if api.last() is before:
            raise
    recording = api.last()
    assert recording is not None
    _save(recording, job.save)
    return recording


def _play(job: Job) -> None:
    # The stack is entered first, so it is closed last: after the end of the stream.  Only then
    # can the journal write that end.
    with ExitStack() as stack, api.stream(job.endpoint, job.prompt, **job.options) as opened:
        news = stack.enter_context(_beside(job, opened.recorder))
        for _ in opened.iter_raw():
            news()


async def _aplay(job: Job) -> None:
    with ExitStack() as stack:
        async with api.stream(job.endpoint, job.prompt, **job.options) as opened:
            news = stack.enter_context(_beside(job, opened.recorder))
            async for _ in opened.aiter_raw():
                news()


@contextmanager
def _beside(job: Job, recorder: Recorder) -> Iterator[Callable[[], None]]:
    """Write the journal, the progress line and the text; yield a function that prints news."""
    with ExitStack() as stack:
        if job.save is not None and job.save.suffix == ".jsonl":
            stack.enter_context(Journal(recorder, job.save))
        progress = stack.enter_context(Progress(recorder))
        # In a pipe, the text does not go where the progress line is, so the line may stay.
        before = progress.hide if sys.stdout.isatty() else lambda: None
        telling = Telling(recorder, job.endpoint.dialect, before)
        stack.callback(telling.close)
        yield telling.news


def _save(recording: Recording, path: Path | None) -> None:
    """Save as Parquet, or save the journal again if the lab's send times came later."""
    if path is None:
        return
    if path.suffix == ".parquet":
        recording.save(path)
    elif recording.tape.server_sent_ns is not None:
        journal.save(recording.tape, path)


def report(recording: Recording, saved: Path | None, *, keep: bool = True) -> int:
    """Print how a stream ended and where it is saved; return the exit code.

    What arrived of a stream that failed is kept in the folder `FAILED_FOLDER` if it was not
    saved, unless `keep` is False.
    """
    from streamlab.metrics.intervals import hidden

    tape, wrong = recording.tape, recording.problem
    interrupted = tape.end.how in ("interrupted", "cancelled")
    remark(_facts(recording.tables))
    if bars := gap_bars(recording.tables):
        remark(f"gaps between reads {bars}")
    for line in wrap(hidden(recording.tables), 80):
        remark(line)
    if not interrupted and wrong is None:
        if tape.end.how == "limit":
            came = counted(len(tape.body), "byte")
            where = f"saved to {saved}" if saved else "not saved. To save it, pass --save"
            say(f"ended at --max-bytes after {came}; what arrived is {where}.")
        elif saved is not None:
            remark(f"saved to {saved}")
        return 0
    say(wrong or f"interrupted after {counted(len(tape), 'read')}.")
    if len(tape) and (saved or keep):
        kept = saved or _keep(tape, "interrupted" if interrupted else "failed")
        say(f"what arrived is in {kept}. Next: {itself()} show {quote(str(kept))}")
    return INTERRUPTED if interrupted else FAILED


def _facts(tables: Tables) -> str:
    tape, follower = tables.tape, tables.follower
    counts = {"read": len(tape), "line": len(follower.lines), "event": len(follower.events)}
    parts = [counted(n, thing) for thing, n in counts.items()]
    if first := ttft(tables):
        parts.append(f"first text after {first}")
    parts.append(f"{(tape.end.t_ns - tape.t0_ns) / 1e6:,.1f} ms in all")
    return ", ".join(parts)


def _keep(tape: Tape, why: str) -> Path:
    # All users share the temporary files.  A name that others can guess could already be a link
    # of theirs to another file.
    name = f"{why}-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{token_hex(8)}.jsonl"
    try:
        FAILED_FOLDER.mkdir(exist_ok=True)
        path = FAILED_FOLDER / name
        journal.save(tape, path)
    except OSError:
        path = Path(tempfile.gettempdir()) / f"streamlab-{name}"
        journal.save(tape, path)
    return path
