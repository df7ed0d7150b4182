"""Where a blocking read waits, so that Ctrl-C takes effect between two reads.

An interrupt that struck between the return of a read and its place on the tape
would lose bytes that had arrived.  Inside `interruptible` one is held back until
the next wait; there it first lets the reads through that are already in the kernel.

Rule: outside `interruptible`, on any thread but the main one, and as long as no connection
of ours has waited here, nothing changes: somebody else's would never let it through.
"""

from __future__ import annotations

import select
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Gate:
    """Waits for a socket, and for the user to have enough."""

    def __init__(self) -> None:
        self._in_use = False
        self._waiting = False
        self._interrupted = False

    def wait(self, sock: socket.socket, timeout: float | None) -> None:
        """Return when `sock` is readable.

        Raises
        ------
        TimeoutError
            After `timeout` seconds without a byte.
        KeyboardInterrupt
            If the user interrupted and nothing is left to read.
        """
        if sock.fileno() < 0:
            raise OSError("the connection is closed")
        self._in_use = True
        try:
            self._waiting = True
            ready = wait_readable(sock, 0 if self._interrupted else timeout)
        except KeyboardInterrupt:
            self._interrupted = True
            ready = wait_readable(sock, 0)
        finally:
            self._waiting = False
        if not ready:
            if self._interrupted:
                raise KeyboardInterrupt
            raise TimeoutError(f"no byte came for {timeout:g} s")

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let an interrupt through at once: nothing that arrived can be lost in here."""
        self.check()
        self._in_use = self._waiting = True
        try:
            yield
        finally:
            self._waiting = False

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Hold Ctrl-C back to the waits, while a stream is captured."""
        if not _handles_interrupts():
            yield
            return
        before = signal.signal(signal.SIGINT, self._on_interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def check(self) -> None:
        """Raise an interrupt that is still held back."""
        if self._interrupted:
            raise KeyboardInterrupt

    def _on_interrupt(self, signum: int, frame: FrameType | None) -> None:
        if self._waiting or not self._in_use or self._interrupted:  # a second one always works
            raise KeyboardInterrupt
        self._interrupted = True


def share_gate(backends: list[Any]) -> Gate:
    """Give backends of one client one gate, and return it."""
    gate = Gate()
    for backend in backends:
        backend.gate = gate
    return gate


def _handles_interrupts() -> bool:
    """Say whether Ctrl-C raises KeyboardInterrupt in this very thread."""
    on_main = threading.current_thread() is threading.main_thread()
    return on_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def wait_readable(sock: socket.socket, timeout: float | None) -> bool:
    """Wait up to `timeout` seconds for `sock`; say whether it can be read."""
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([sock], [], [], timeout)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(None if timeout is None else max(timeout, 0) * 1000))
