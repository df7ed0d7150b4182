"""Ctrl-C and cancellation, held back while bytes are on their way to the tape."""

# An interrupt between the return of a read and the read's row on the tape would lose bytes that
# had arrived.  So, while a stream of ours is captured on the main thread, an interrupt is held
# back until the next wait for a socket.  There, bytes that the kernel already has are read
# first, and then the interrupt is raised.  A cancellation on a loop is held back in the same
# way.
#
# Rule: on other threads, between two reads (the user's own loop body), and while no connection
# of ours is in use, an interrupt is raised at once, as in any Python program.

import asyncio
import select
import signal
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A held interrupt waits no longer for bytes: what still comes arrived after it.
PATIENCE_S = 0.25


class Held:
    """An interruption that waits until the reads which have arrived are on tape.

    All connections of one request share it: after a redirect, the connection that held the
    interruption is not the one that is read.
    """

    kind: type[BaseException]

    def __init__(self) -> None:
        self.is_held = False
        self.in_use = False  # a connection of ours asks it before it waits
        self._held_s = 0.0  # when, by the monotonic clock

    def hold_back(self) -> None:
        """Hold the interruption back from now on."""
        if not self.is_held:
            self.is_held, self._held_s = True, time.monotonic()

    @property
    def is_late(self) -> bool:
        """Whether it is held so long that what still comes arrived after it."""
        return self.is_held and time.monotonic() - self._held_s > PATIENCE_S

    def check(self) -> None:
        """Raise the interruption if it is still held back."""
        if self.is_held:
            raise self.kind


class Gate(Held):
    """The one place where the reads of one stream wait for their socket."""

    kind = KeyboardInterrupt

    def __init__(self) -> None:
        super().__init__()
        self._holds = False  # our handler is installed, for this stream too
        self._waiting = False

    def wait(self, sock: socket.socket, timeout: float | None) -> None:
        """Return when `sock` is readable; raise TimeoutError after `timeout` seconds.

        Raises KeyboardInterrupt if the user interrupted and nothing is left to read, or the
        server sends so fast that something always is.
        """
        if sock.fileno() < 0:
            raise OSError("the connection is closed")
        self.in_use = True
        try:
            self._waiting = True
            ready = wait_readable(sock, 0 if self.is_held else timeout)
        except KeyboardInterrupt:
            self.hold_back()
            ready = wait_readable(sock, 0)
        finally:
            self._waiting = False
        if not ready or self.is_late:
            self.check()
            raise TimeoutError(f"no byte came for {timeout:g} s")

    @contextmanager
    def open(self) -> Iterator[None]:
        """Raise an interrupt at once: no byte can be lost in this block."""
        self.check()
        self.in_use = self._waiting = True
        try:
            yield
        finally:
            self._waiting = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Hold interrupts back inside `guarded`, for as long as this block runs."""
        # An interrupt may strike while the handler is put in or taken out: so `install` is
        # inside the try, and the caller calls `remove` once more.
        try:
            self._holds = _handler.install(self)
            yield
        finally:
            self.remove()

    def remove(self) -> None:
        """Hold nothing back any more; a second call is harmless."""
        _handler.remove(self)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Hold an interrupt back from here to the next wait."""
        # Python runs signal handlers on the main thread only.  A stream that is now read by
        # another thread must not guard: it would hold back an interrupt of the main thread.
        if not (self._holds and _on_main_thread()):
            yield
            return
        with _handler.guarding(self):
            yield

    def struck(self) -> bool:
        """Note an interrupt of the consumer's own code; return whether our connections know."""
        if self.in_use:
            self.hold_back()
        return self.in_use

    def hold(self) -> bool:
        """Hold one interrupt back; return False where it must be raised now."""
        # A client that the user made may have connections that never wait here, so that a held
        # interrupt would be lost.  A second Ctrl-C is always raised at once, so a hanging
        # program can be stopped.
        if self._waiting or not self.in_use or self.is_held:
            return False
        self.hold_back()
        return True


class OpenGate(Gate):
    """Holds no interrupt back: Ctrl-C in a tapped client is for the client's owner."""

    def wait(self, sock: socket.socket, timeout: float | None) -> None:
        """Return when `sock` is readable; raise TimeoutError after `timeout` seconds."""
        if sock.fileno() < 0:
            raise OSError("the connection is closed")
        if not wait_readable(sock, timeout):
            raise TimeoutError("timed out")  # the message of a socket

    @contextmanager
    def open(self) -> Iterator[None]:
        """Do nothing: no interrupt is held back."""
        yield


class _Handler:
    # The SIGINT handler of this process while sync streams are open on the main thread.
    # It is installed once a stream.  It asks the gate that guards at this moment, so that
    # streams which are read in turn share one handler.  Only Python's default handler is
    # replaced: another handler, such as a loop's, has a meaning of its own.

    def __init__(self) -> None:
        # Weak, because an interrupt may strike before `remove`: a gate that is gone does not
        # keep the handler from being taken out by the next stream.
        self._open: weakref.WeakSet[Gate] = weakref.WeakSet()
        self._gate: Gate | None = None

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if self._gate is None or not self._gate.hold():
            raise KeyboardInterrupt

    def install(self, gate: Gate) -> bool:
        # Handle interrupts for one more stream; return False where that is impossible.
        if not _on_main_thread():
            return False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self)
        if not self._is_installed():
            return False
        self._open.add(gate)
        return True

    def remove(self, gate: Gate) -> None:
        # Put Python's own handler back after the last stream.
        self._open.discard(gate)
        # The garbage collector may end a stream on another thread, where `signal.signal`
        # raises; and the user may have set another handler since.  In both cases the present
        # handler stays.  Without a guarding gate, ours does the same as Python's own handler.
        if not self._open and _on_main_thread() and self._is_installed():
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _is_installed(self) -> bool:
        present: object = signal.getsignal(signal.SIGINT)
        return present is self

    @contextmanager
    def guarding(self, gate: Gate) -> Iterator[None]:
        # Let `gate` decide about interrupts in this block.
        before, self._gate = self._gate, gate
        try:
            yield
        finally:
            if self._gate is gate:
                self._gate = before


_handler = _Handler()


class HeldCancellation(Held):
    """A cancellation of a task on a loop."""

    kind = asyncio.CancelledError

    def use(self) -> None:
        """Note that a connection asks here before it waits."""
        self.in_use = True


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def wait_readable(sock: socket.socket, timeout: float | None) -> bool:
    """Wait up to `timeout` seconds for `sock`; return whether a read would return at once."""
    # In a pool, one thread may ask while another thread closes the connection.  A read of a
    # closed socket returns at once, with an error that is then mapped like any other.
    if (fd := sock.fileno()) < 0:
        return True
    if not hasattr(select, "poll"):  # Windows has no poll
        return bool(select.select([fd], [], [], timeout)[0])
    poll = select.poll()  # because select refuses descriptors above 1023
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(None if timeout is None else max(timeout, 0) * 1000))
