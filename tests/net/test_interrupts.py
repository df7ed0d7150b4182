"""Ctrl-C: one handler a stream, held back between a read and its row, and never lost."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

import streamlab as sl
from streamlab.many import Lab
from streamlab.net.interrupts import Gate, OpenGate

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def _default_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    """Send SIGINT to this very thread; its handler runs before the next line."""
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_the_handler_is_installed_once_a_stream(
    fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[object] = []
    set_handler = signal.signal

    def note(number: int, handler: signal.Handlers) -> object:
        installed.append(handler)
        return set_handler(number, handler)

    monkeypatch.setattr(signal, "signal", note)
    rec = sl.record(fast_lab.endpoint("steady"), "hi")

    assert len(rec.tape) > 10
    assert len(installed) == 2  # ours, and Python's own again


def test_an_interrupt_between_two_reads_is_raised_at_once(fast_lab: Lab) -> None:
    """The user's own loop body runs between two reads."""
    with (
        pytest.raises(KeyboardInterrupt),
        sl.stream(fast_lab.endpoint("steady"), "hi") as s,
    ):
        next(s.iter_raw())
        interrupt()
        pytest.fail("the interrupt was held back")

    assert s.recording.end.how == "interrupted"
    assert len(s.recording.tape) == 1


def test_an_interrupt_in_a_guarded_block_is_raised_at_the_next_wait(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    gate = Gate()
    with gate.installed():
        theirs.send(b"x")
        gate.wait(ours, 5)
        with gate.guarded():
            interrupt()
            gate.wait(ours, 5)  # the byte is there: it comes first
            ours.recv(1)
        with gate.guarded(), pytest.raises(KeyboardInterrupt):
            gate.wait(ours, 5)


def test_a_second_interrupt_is_raised_at_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    gate = Gate()
    with gate.installed():
        theirs.send(b"x")
        gate.wait(ours, 5)
        with gate.guarded():
            interrupt()
            with pytest.raises(KeyboardInterrupt):
                interrupt()


def test_before_a_connection_of_ours_is_used_an_interrupt_is_raised_at_once() -> None:
    gate = Gate()
    with gate.installed(), gate.guarded(), pytest.raises(KeyboardInterrupt):
        interrupt()


def test_streams_that_are_read_in_turn_share_one_handler(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    one, other = Gate(), Gate()
    theirs.send(b"x")
    with one.installed(), other.installed():
        other.wait(ours, 5)
        with other.guarded():
            interrupt()
        one.check()
        with pytest.raises(KeyboardInterrupt):
            other.check()


def test_a_handler_of_the_users_is_not_replaced() -> None:
    came: list[int] = []
    mine = lambda number, frame: came.append(number)  # noqa: E731
    signal.signal(signal.SIGINT, mine)
    gate = Gate()
    with gate.installed(), gate.guarded():
        interrupt()
        assert signal.getsignal(signal.SIGINT) is mine
    signal.signal(signal.SIGINT, signal.default_int_handler)

    assert came == [signal.SIGINT]


def test_a_handler_that_the_user_sets_meanwhile_stays() -> None:
    gate = Gate()
    with gate.installed():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_stream_of_another_thread_guards_nothing(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """It could not raise what it held back: Python interrupts the main thread."""
    ours, theirs = pair
    gate = Gate()
    theirs.send(b"x")
    guarding, done = threading.Event(), threading.Event()

    def read() -> None:
        with gate.installed():
            gate.wait(ours, 5)
            with gate.guarded():
                guarding.set()
                done.wait(10)

    thread = threading.Thread(target=read)
    thread.start()
    guarding.wait(10)
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    done.set()
    thread.join()


def test_in_a_tapped_client_nothing_is_held_back(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    gate = OpenGate()
    with pytest.raises(TimeoutError, match=r"^timed out$"):
        gate.wait(pair[0], 0)
    with gate.open(), pytest.raises(KeyboardInterrupt):
        interrupt()
