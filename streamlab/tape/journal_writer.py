"""The one thread that keeps all open journals in step with their recorders.

It runs while a journal is open and ends with the last one; what is open when the
interpreter exits is closed then.  It is a daemon: it never keeps a process alive.
"""

from __future__ import annotations

import atexit
import os
import time
from threading import Lock, Thread
from typing import Protocol

PAUSE_S = 0.04
"""Between two rounds.  A round over 200 journals takes some 10 ms, and a tenth of a
second is promised, also where other threads are busy."""


class Pumped(Protocol):
    """What the thread looks after."""

    def pump(self) -> None:
        """Write what is new; never raise."""
        ...

    def abandon(self) -> None:
        """Close, for the interpreter is going; never raise."""
        ...


class Writer:
    """A set of open journals and, while there are any, a thread that pumps them."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew: after a fork the child has the set, but no thread."""
        self._lock = Lock()
        self._open: dict[Pumped, None] = {}
        self._thread: Thread | None = None

    def add(self, journal: Pumped) -> None:
        """Look after one more."""
        with self._lock:
            self._open[journal] = None
            if self._thread is None:
                self._thread = Thread(target=self._run, name="streamlab-journal", daemon=True)
                self._thread.start()

    def remove(self, journal: Pumped) -> None:
        """Look after it no longer."""
        with self._lock:
            self._open.pop(journal, None)

    def close_all(self) -> None:
        """Close what is still open."""
        for journal in list(self._open):
            journal.abandon()

    def _run(self) -> None:
        while open_now := self._round():
            for journal in open_now:
                journal.pump()
            time.sleep(PAUSE_S)

    def _round(self) -> list[Pumped]:
        with self._lock:
            if not self._open:
                self._thread = None
            return list(self._open)


WRITER = Writer()

atexit.register(WRITER.close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WRITER.forget)
