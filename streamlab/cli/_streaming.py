"""One stream at the prompt: told while it runs, kept when it ends, judged in an exit code.

Rule 1: what arrived is never lost.  A stream that failed or was interrupted, and that
nobody asked to save, is put into a file of its own, whose name is said.
Rule 2: this is seen before pandas is loaded: a recording's tables are not touched.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from streamlab.capture import api
from streamlab.capture.stream import Opening
from streamlab.cli import FAILED, INTERRUPTED
from streamlab.cli._telling import Progress, Telling
from streamlab.cli._terminal import remark, say
from streamlab.dialects import GENERATED
from streamlab.endpoints.endpoint import Endpoint
from streamlab.errors import UsageError
from streamlab.faces import text
from streamlab.follow import Follower
from streamlab.follow.text import counted, sparkline
from streamlab.recording import Recording
from streamlab.tape import Journal, Recorder, Tape, journal


@dataclass(frozen=True, slots=True)
class Job:
    """What to stream, and where to keep it."""

    endpoint: Endpoint
    prompt: str | None
    save: Path | None = None  # .jsonl, or .parquet
    label: str = ""
    timeout_s: float | None = None
    max_bytes: int | None = None

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

    def open(self) -> Opening:
        """Return the stream, not yet opened."""
        options: dict[str, Any] = {"label": self.label, "max_bytes": self.max_bytes}
        if self.timeout_s is not None:
            options["timeout"] = self.timeout_s
        return api.stream(self.endpoint, self.prompt, **options)


def stream(job: Job, in_async: bool = False) -> Recording:
    """Stream to the end, or until Ctrl-C, printing the text as it comes.

    Raises
    ------
    KeyboardInterrupt
        If that came before there was anything to keep.
    """
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
    with ExitStack() as stack, job.open() as opened:
        news = stack.enter_context(_beside(job, opened.recorder))
        for _ in opened.iter_raw():
            news()


async def _aplay(job: Job) -> None:
    with ExitStack() as stack:
        async with job.open() as opened:
            news = stack.enter_context(_beside(job, opened.recorder))
            async for _ in opened.aiter_raw():
                news()


@contextmanager
def _beside(job: Job, recorder: Recorder) -> Iterator[Callable[[], None]]:
    """Keep a journal, a progress line and the text in step; left when the stream has ended."""
    with ExitStack() as stack:
        if job.save is not None and job.save.suffix == ".jsonl":
            stack.enter_context(Journal(recorder, job.save))
        progress = stack.enter_context(Progress(recorder))
        before = progress.hide if sys.stdout.isatty() else _nothing
        telling = Telling(recorder, job.endpoint.dialect, before)
        stack.callback(telling.close)
        yield telling.news


def _nothing() -> None: ...


def _save(recording: Recording, path: Path | None) -> None:
    """Save what the journal does not have: the lab's send times; all of it as Parquet."""
    if path is None:
        return
    if path.suffix == ".parquet":
        recording.save(path)
    elif recording.tape.server_sent_ns is not None:
        journal.save(recording.tape, path)


def report(recording: Recording, saved: Path | None) -> int:
    """Say how a stream ended and where it is; return the exit code."""
    tape = recording.tape
    follower = _read(tape)
    interrupted = tape.end.how in ("interrupted", "cancelled")
    wrong = follower.problem()
    remark(_facts(tape, follower))
    if bars := sparkline(text.gaps_ms(recording.tables)):
        remark(f"gaps {bars}")
    if not interrupted and wrong is None:
        if tape.end.how == "limit":
            say(_limited(tape, saved))
        elif saved is not None:
            remark(f"saved to {saved}")
        return 0
    say(wrong or f"interrupted after {counted(len(tape), 'read')}.")
    if len(tape):
        kept = saved or _keep(tape, "interrupted" if interrupted else "failed")
        say(f"what arrived is kept in {kept}, which streamlab show prints.")
    return INTERRUPTED if interrupted else FAILED


def _limited(tape: Tape, saved: Path | None) -> str:
    """Say that the stream would have gone on, and where its beginning is."""
    where = f"saved to {saved}" if saved else "not saved, for that takes --save"
    came = counted(len(tape.body), "byte")
    return f"ended at --max-bytes after {came}; what arrived is {where}."


def _read(tape: Tape) -> Follower:
    follower = Follower(tape, str(tape.meta.get("dialect") or "auto"))
    follower.close()
    follower.interpret()
    return follower


def _facts(tape: Tape, follower: Follower) -> str:
    """Return one line: how much came, and when."""
    counts = {
        "read": len(tape),
        "line": len(follower.lines),
        "event": len(follower.events),
    }
    parts = [counted(n, thing) for thing, n in counts.items()]
    if (first_ms := _first_text_ms(tape, follower)) is not None:
        parts.append(f"first text after {first_ms:,.1f} ms")
    parts.append(f"{(tape.end.t_ns - tape.t0_ns) / 1e6:,.1f} ms in all")
    return ", ".join(parts)


def _first_text_ms(tape: Tape, follower: Follower) -> float | None:
    """Return when the first generated delta arrived, in ms since the request was sent."""
    found = (i for i, delta in enumerate(follower.deltas) if delta.kind in GENERATED)
    first = next(found, None)
    if first is None:
        return None
    read = follower.read_of_line(follower.delta_lines[first])
    return (tape.columns.arrived_ns[read] - tape.t0_ns) / 1e6


def _keep(tape: Tape, why: str) -> Path:
    """Save what arrived here, or where temporary files go if nothing can be written here."""
    now = datetime.now().astimezone()
    name = f"streamlab-{why}-{now:%Y%m%d-%H%M%S}"
    try:
        path = _unused(Path(), name)
        journal.save(tape, path)
    except OSError:
        path = _unused(Path(tempfile.gettempdir()), name)
        journal.save(tape, path)
    return path


def _unused(folder: Path, name: str) -> Path:
    path, number = folder / f"{name}.jsonl", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.jsonl"
    return path
