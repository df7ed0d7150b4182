"""The text of a stream while it arrives, and a progress line until the text begins.

Content goes to standard output.  Reasoning and tool calls are printed dim, and only if
standard output is a terminal, so that a file gets only the answer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Self

from streamlab.cli._terminal import ERASE_LINE, dim
from streamlab.dialects import PLAIN, Delta
from streamlab.follow import Follower
from streamlab.follow.text import counted, several_lines
from streamlab.tape import Recorder

PROGRESS_EVERY_S = 0.1

_TOLD = ("content", "refusal")
_ASIDE = ("reasoning", "tool_call")


class Telling:
    """Prints the text of a stream while it arrives, and calls `before` before each piece."""

    def __init__(self, recorder: Recorder, dialect: str, before: Callable[[], None]) -> None:
        self._follower = Follower(recorder, dialect)
        self._before = before
        self._out = sys.stdout
        self._watched = self._out.isatty()
        self._first: int | None = None  # the choice that came first
        self._others: list[Delta] = []  # of other choices than the first
        self._n_told = 0
        self._kind = ""  # the kind of the last delta printed
        self._last = "\n"  # the last character printed

    def news(self) -> None:
        """Print what has arrived since the last call."""
        self._follower.poll()
        self._tell()

    def close(self) -> None:
        """Print the rest and end the line."""
        self._follower.close()
        self._tell()
        reader = self._follower.reader
        for delta in self._others if reader and reader.is_one_answer else ():
            self._say(delta)
        self._new_line()
        self._out.flush()

    def _tell(self) -> None:
        # One flush for all new deltas: a flush for each delta would cost a system call a token,
        # in the thread that reads the stream.
        # An interrupt may strike anywhere here, most likely just after a delta is seen: so each
        # is counted before it is printed, and none is printed twice.
        new = self._follower.interpret()
        for delta in self._follower.deltas[self._n_told :]:
            self._n_told += 1
            self._first = delta.choice if self._first is None else self._first
            if delta.choice in (None, self._first):
                self._say(delta)
            else:
                self._others.append(delta)
        if new:
            self._out.flush()

    def _say(self, delta: Delta) -> None:
        if delta.kind in _TOLD:
            self._write(delta.kind, delta.text)
        elif delta.kind in _ASIDE and self._watched:
            self._write(delta.kind, self._called(delta) + delta.text, aside=True)
        # A stream that no dialect reads has no text, only events.  They are printed instead of
        # nothing; with a dialect, a `meta` is not part of the answer.
        elif delta.kind == "meta" and self._follower.dialect in PLAIN:
            self._write("event", delta.text + "\n")

    def _called(self, delta: Delta) -> str:
        if delta.name is None:
            return ""
        self._new_line()
        return f"→ {delta.name} "

    def _write(self, kind: str, text: str, aside: bool = False) -> None:
        if not text:
            return
        self._before()
        if kind != self._kind:
            self._new_line()
        shown = several_lines(text)
        self._kind, self._last = kind, shown[-1]
        self._out.write(dim(shown, self._out) if aside else shown)

    def _new_line(self) -> None:
        if self._last != "\n":
            self._out.write("\n")
            self._last = "\n"


class Progress:
    """Prints ten times a second on standard error how much of a stream has arrived.

    Prints nothing if standard error is not a terminal.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._lock, self._over = Lock(), Event()
        self._thread = Thread(target=self._run, name="streamlab-progress", daemon=True)

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._thread.start()
        else:
            self._over.set()
        return self

    def __exit__(self, *_: object) -> None:
        self.hide()

    def hide(self) -> None:
        """Erase the line, and stop printing it."""
        # The lock orders this against `_run`.  Without the lock, the thread could print its
        # line again after the erasure, into the text of the answer.
        if not self._over.is_set():
            with self._lock:
                self._over.set()
                self._write(ERASE_LINE)

    def _run(self) -> None:
        # A thread of its own, because the reading thread waits for the socket exactly when the
        # line is needed: while no byte arrives.
        while not self._over.wait(PROGRESS_EVERY_S):
            with self._lock:
                if not self._over.is_set():
                    self._write(ERASE_LINE + dim(self._line(), sys.stderr))

    def _line(self) -> str:
        recorder = self._recorder
        t0_ns = recorder.marks.get("request_sent")
        if t0_ns is None:
            return "connecting"
        since_s = (recorder.clock() - t0_ns) / 1e9
        if not len(recorder):
            return f"waiting for the first byte: {since_s:.1f} s"
        came = (counted(len(recorder), "read"), counted(len(recorder.body), "byte"))
        return f"{', '.join(came)}, {since_s:.1f} s"

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
