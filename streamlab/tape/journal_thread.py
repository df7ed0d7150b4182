"""The one thread that writes all open journals.

The thread runs while a journal is open and ends with the last one.  Journals that are open
when the interpreter exits are closed then.  The thread is a daemon: it never keeps a process
alive.
"""

from __future__ import annotations

import atexit
import os
import time
from threading import Lock, Thread
from typing import Protocol

PAUSE_S = 0.04
"""Seconds between two rounds.  A round over 200 journals takes about 10 ms, and a journal
promises to lose less than 100 ms of reads, also where other threads are busy."""


class Pumped(Protocol):
    """What the thread needs of a journal."""

    def pump(self) -> None:
        """Write what is new; never raise."""
        ...

    def abandon(self) -> None:
        """Close, because the interpreter exits; never raise."""
        ...


class JournalThread:
    """A set of open journals, and a thread that pumps them while there are any."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start again without journals, because this process is a forked child."""
        # A fork copies the memory but only the thread that forked.  The child would believe
        # that its thread runs, and the lock may be held for ever by a thread that does not
        # exist there.  The child does not take the parent's journals: both processes would
        # write to the same files.
        self._lock = Lock()
        self._open: dict[Pumped, None] = {}
        self._thread: Thread | None = None

    def add(self, journal: Pumped) -> None:
        """Write this journal from now on."""
        with self._lock:
            self._open[journal] = None
            if self._thread is None:
                self._thread = Thread(target=self._run, name="streamlab-journal", daemon=True)
                self._thread.start()

    def remove(self, journal: Pumped) -> None:
        """Stop writing this journal."""
        with self._lock:
            self._open.pop(journal, None)

    def close_all(self) -> None:
        """Close all journals that are still open."""
        for journal in list(self._open):
            journal.abandon()

    def _run(self) -> None:
        while journals := self._round():
            for journal in journals:
                journal.pump()
            time.sleep(PAUSE_S)

    def _round(self) -> list[Pumped]:
        # The decision to end is taken under the lock that `add` takes.  Else a journal that
        # is added at this moment would find a thread that is about to end, and stay unwritten.
        with self._lock:
            if not self._open:
                self._thread = None
            return list(self._open)


THREAD = JournalThread()

# A daemon thread stops in the middle of a round when the interpreter exits, so what is new
# since the last round must be written by `atexit`.
atexit.register(THREAD.close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=THREAD.forget)
