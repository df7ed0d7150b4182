"""The one thread that writes all open journals.

The thread runs while a journal is open and ends with the last one.  Journals that are open
when the interpreter exits are closed then.  The thread is a daemon: it never keeps a process
alive.
"""

import atexit
import os
import time
import warnings
from threading import Thread, current_thread
from typing import Protocol
from weakref import ref

# Seconds between two rounds.  A round over 200 journals takes about 10 ms, and a journal
# promises to lose less than 100 ms of reads, also where other threads are busy.
PAUSE_S = 0.04


class Pumped(Protocol):
    """What the thread needs of a journal; neither raises."""

    def pump(self) -> None: ...  # noqa: D102
    def abandon(self) -> None: ...  # noqa: D102


class JournalThread:
    """A set of open journals, and a thread that pumps them while there are any."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start again without journals, because this process is a forked child."""
        # A fork copies the memory but only the thread that forked, so the child would believe
        # that its thread runs.  The child does not take the parent's journals: both processes
        # would write to the same files.
        #
        # A set of weak references: a journal without an owner is closed.  A plain set, because
        # a WeakSet cannot be walked while another thread adds to it.
        self._open: set[ref[Pumped]] = set()
        self._thread: Thread | None = None

    @property
    def open(self) -> list[Pumped]:
        """The journals that are open."""
        return [journal for held in list(self._open) if (journal := held()) is not None]

    def add(self, journal: Pumped) -> None:
        """Write this journal from now on; warn if the thread had died, or cannot start."""
        self._open.add(ref(journal, self._open.discard))
        said = ""
        if self._thread is not None and not self._thread.is_alive():
            self._thread, said = None, _DIED
        if self._thread is None:
            thread = Thread(target=self._run, name="streamlab-journal", daemon=True)
            try:
                thread.start()
                self._thread = thread
            except (MemoryError, RuntimeError) as failed:  # no more threads
                said = _NOT_STARTED.format(str(failed) or "no memory")
        if said:
            warnings.warn(said, RuntimeWarning, stacklevel=3)

    def remove(self, journal: Pumped) -> None:
        """Stop writing this journal."""
        self._open.discard(ref(journal))

    def close_all(self) -> None:
        """Close all journals that are still open."""
        for journal in self.open:
            journal.abandon()

    def _run(self) -> None:
        running = True
        while running:
            try:
                running = self._round()
            except Exception:  # no memory, not even for a list: the next round tries again
                continue
            finally:
                time.sleep(PAUSE_S)

    def _round(self) -> bool:
        """Pump each journal; return False if there is none."""
        # No lock, because an interrupt or the garbage collector can strike while it is held.
        # A journal that is added before `_thread` is cleared is seen by the second look; one
        # that is added later gets a new thread.  Then two threads may run for a while, and the
        # lock of each journal keeps them apart.
        if not self._open:
            self._thread = None
            if not self._open:
                return False
            self._thread = current_thread()
        for journal in self.open:
            journal.pump()
        return True


_DIED = (
    "the thread that writes journals had died, and a new one runs. A journal that was open "
    "meanwhile has what arrived since, but a kill in that time would have lost it."
)
_NOT_STARTED = (
    "the thread that writes journals cannot start: {}. The journal is written at the end of "
    "its stream, and a kill before loses what arrived. End some threads."
)

THREAD = JournalThread()

# A daemon thread stops in the middle of a round when the interpreter exits, so what is new
# since the last round must be written by `atexit`.
atexit.register(THREAD.close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=THREAD.forget)
