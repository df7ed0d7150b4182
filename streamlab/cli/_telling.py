"""The text of a stream while it streams, and a progress line while there is none.

Content goes to standard output.  Reasoning and tool calls are shown only to who watches a
terminal, dim, so that a file gets the answer and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from streamlab.cli._terminal import ERASE_LINE, dim
from streamlab.dialects import Delta
from streamlab.follow import Follower
from streamlab.follow.text import counted, several_lines
from streamlab.tape import Recorder

PROGRESS_EVERY_S = 0.1

_SAID = ("content", "refusal")
_ASIDE = ("reasoning", "tool_call")
_PLAIN_DIALECTS = ("sse", "ndjson")


class Telling:
    """Prints what a stream says, as it says it.

    Parameters
    ----------
    recorder : Recorder
        Asked for news.
    dialect : str
        How to read it; ``"auto"`` finds out.
    before : callable
        Called before anything is printed.
    """

    def __init__(self, recorder: Recorder, dialect: str, before: Callable[[], None]) -> None:
        self._follower = Follower(recorder, dialect)
        self._before = before
        self._out = sys.stdout
        self._watched = self._out.isatty()
        self._kind = ""  # of what was printed last
        self._last = "\n"  # the last character that was printed

    def news(self) -> None:
        """Print what has arrived since the last time."""
        self._follower.poll()
        self._tell()

    def close(self) -> None:
        """Print the rest, and end the line."""
        self._follower.close()
        self._tell()
        self._new_line()
        self._out.flush()

    def _tell(self) -> None:
        new = self._follower.interpret()
        for delta in self._follower.deltas[new.start : new.stop]:
            if delta.choice in (None, 0):
                self._say(delta)
        if new:
            self._out.flush()

    def _say(self, delta: Delta) -> None:
        if delta.kind in _SAID:
            self._write(delta.kind, delta.text)
        elif delta.kind in _ASIDE and self._watched:
            self._write(delta.kind, self._called(delta) + delta.text, aside=True)
        elif delta.kind == "meta" and self._follower.dialect in _PLAIN_DIALECTS:
            self._write("event", delta.text + "\n")

    def _called(self, delta: Delta) -> str:
        """Return the opening of a tool call, on a line of its own."""
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
    """Says on standard error how far a stream is, ten times a second, to who watches.

    Does nothing where standard error is no terminal.
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.hide()

    def hide(self) -> None:
        """Erase the line for good: text is about to be printed."""
        if not self._over.is_set():
            with self._lock:
                self._over.set()
                self._write(ERASE_LINE)

    def _run(self) -> None:
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
