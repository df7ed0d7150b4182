"""The front door: how a user streams, joined from the rooms.

Each function is a few lines: transport streams, `Recording` holds, ``live`` shows.
`last` is whatever was recorded last, also after a Ctrl-C.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from streamlab.capture.request import Attempt, apieces, pieces
from streamlab.capture.stream import Opening
from streamlab.capture.watch import Watch
from streamlab.endpoints.endpoint import Endpoint, Prompt
from streamlab.errors import UsageError
from streamlab.live import Showing, showing
from streamlab.recording import Recording
from streamlab.tape import Tape, journal

_last: list[Callable[[], Recording]] = []


def last() -> Recording | None:
    """Return the recording that ended last; None before there is one."""
    return _last[-1]() if _last else None


def remember(recording: Callable[[], Recording]) -> None:
    """Make a recording the last one; it is asked for when somebody wants it."""
    _last[:] = [recording]


def record(
    endpoint: Endpoint,
    prompt: Prompt | None = None,
    *,
    save: str | PathLike[str] | None = None,
    live: bool = False,
    label: str = "",
    client: Any = None,
    timeout: Any = ...,
    max_bytes: int | None = None,
    **body: Any,
) -> Recording:
    """Stream a completion to its end and return its recording.

    Parameters
    ----------
    endpoint : Endpoint
        Where to ask: ``sl.openai("gpt-4o-mini")``, ``lab.endpoint("steady")``, ….
    prompt : str or list of messages, optional
        What to ask.  The lab answers by scenario, whatever it is.
    save : path, optional
        A journal, written while the stream runs: it survives a killed process.
    live : bool
        Show the live scope, in a notebook.
    label : str
        What tables and pictures call the recording.
    client : httpx.Client, optional
        Yours, with its pool and its options; by default a fresh connection is made.
        A connection that was open before is stamped in the ``iterator`` tier.
    timeout : float or httpx.Timeout, optional
        Seconds without a byte; 60 by default, None to wait for ever.
    max_bytes : int, optional
        End the stream once so many bytes of body are recorded.
    **body
        Further fields of the request's body, such as ``temperature=0``.

    Returns
    -------
    Recording
        Always, once the request was tried: how it ended is data, see ``rec.problem``.

    Raises
    ------
    UsageError
        If the call cannot mean anything; nothing was sent then.
    KeyboardInterrupt
        After Ctrl-C; what had arrived is in ``sl.last``.
    """
    options = {"label": label, "client": client, "timeout": timeout, "max_bytes": max_bytes}
    return _run(_attempt(endpoint, prompt, body, **options), save, live)


async def arecord(
    endpoint: Endpoint,
    prompt: Prompt | None = None,
    *,
    save: str | PathLike[str] | None = None,
    live: bool = False,
    label: str = "",
    client: Any = None,
    timeout: Any = ...,
    max_bytes: int | None = None,
    **body: Any,
) -> Recording:
    """Stream a completion to its end on the running loop; see `record`.

    ``asyncio.gather`` runs many at once.  A cancellation goes on once what had arrived
    is in ``sl.last``.
    """
    options = {"label": label, "client": client, "timeout": timeout, "max_bytes": max_bytes}
    attempt = _attempt(endpoint, prompt, body, **options)
    try:
        with _beside(attempt, save, live):
            async with contextlib.aclosing(apieces(attempt)) as arriving:
                async for _ in arriving:
                    pass
    finally:
        recording = _keep(attempt)
    return recording


def stream(
    endpoint: Endpoint,
    prompt: Prompt | None = None,
    *,
    save: str | PathLike[str] | None = None,
    label: str = "",
    client: Any = None,
    timeout: Any = ...,
    max_bytes: int | None = None,
    **body: Any,
) -> Opening[Recording]:
    """Open a stream for a loop of your own; it is recorded as it passes.

    Enter it by ``with`` and loop by ``for``, or by ``async with`` and ``async for``.  Besides
    its deltas there are ``iter_lines``, ``iter_events`` and ``iter_raw``, and their async
    twins ``aiter_lines``, …; afterwards there is ``.recording``.  Parameters as for `record`.

    Examples
    --------
    ::

        with sl.stream(ep, "Count to 10") as s:
            for delta in s:
                print(delta.text, end="")
        rec = s.recording
    """
    options = {"label": label, "client": client, "timeout": timeout, "max_bytes": max_bytes}
    attempt = _attempt(endpoint, prompt, body, **options)
    return Opening(attempt, made, lambda: _beside(attempt, save, live=False))


def watch(
    endpoint: Endpoint,
    prompt: Prompt | None = None,
    *,
    save: str | PathLike[str] | None = None,
    live: bool = True,
    label: str = "",
    timeout: Any = ...,
    max_bytes: int | None = None,
    **body: Any,
) -> Watch[Recording]:
    """Stream in the background and return at once, with the live scope in a notebook.

    Its Stop button, or ``.stop()``, ends the stream; ``.wait()`` waits for it; then there is
    ``.recording``.  Parameters as for `record`.
    """
    options = {"label": label, "timeout": timeout, "max_bytes": max_bytes}
    attempt = _attempt(endpoint, prompt, body, **options)
    shown = _show(attempt) if live else Showing()

    def run() -> Recording:
        with shown:
            return _run(attempt, save, live=False)

    return Watch(attempt, run, waited=shown.freeze)


def _attempt(
    endpoint: Endpoint, prompt: Prompt | None, body: Mapping[str, Any], **options: Any
) -> Attempt:
    if not isinstance(endpoint, Endpoint):
        raise UsageError(
            f"the first argument says where to ask, and {type(endpoint).__name__} came. "
            'Pass sl.openai("gpt-4o-mini"), sl.endpoint(url) or sl.serve().endpoint("steady").'
        )
    return Attempt(endpoint, prompt, body, **options)


def _run(attempt: Attempt, save: str | PathLike[str] | None, live: bool) -> Recording:
    try:
        with _beside(attempt, save, live), contextlib.closing(pieces(attempt)) as arriving:
            for _ in arriving:
                pass
    finally:
        recording = _keep(attempt)
    return recording


@contextmanager
def _beside(attempt: Attempt, save: str | PathLike[str] | None, live: bool) -> Iterator[None]:
    """Keep a journal and show a view while a stream runs; both only pull."""
    if save is not None and Path(fspath(save)).suffix != ".jsonl":
        raise UsageError(
            "save= keeps a journal while the stream runs, whose name ends in .jsonl, and "
            f"{fspath(save)!r} came. For another format call rec.save(…) afterwards."
        )
    with contextlib.ExitStack() as stack:
        if save is not None:
            stack.enter_context(_journaling(attempt, save))
        if live:
            stack.enter_context(_show(attempt))
        yield


@contextmanager
def _journaling(attempt: Attempt, path: str | PathLike[str]) -> Iterator[None]:
    """Keep a journal; the lab's send times, known only afterwards, close it."""
    book = journal.Journal(attempt.recorder, path)
    try:
        yield
    finally:
        book.close(attempt.tape.server_sent_ns if attempt.tape else None)


def _show(attempt: Attempt) -> Showing:
    meta = attempt.recorder.meta
    return showing(
        attempt.recorder, attempt.stop, dialect=str(meta["dialect"]), label=str(meta["label"])
    )


def _keep(attempt: Attempt) -> Recording:
    """Make the recording of an attempt, and remember it as the last if it was tried."""
    if attempt.tape is None:  # a misuse is on its way up
        return Recording(attempt.finish())
    return made(attempt.tape)


def made(tape: Tape) -> Recording:
    """Return the recording of a tape, and make it the last one."""
    recording = Recording(tape)
    remember(lambda: recording)
    return recording
