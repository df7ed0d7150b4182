"""Ctrl-C: one handler a stream, held back between a read and its row, and never lost."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

import streamlab as sl
from streamlab.capture import request
from streamlab.capture.session import Session
from streamlab.many import Lab
from streamlab.net import interrupts
from streamlab.net.interrupts import Gate, OpenGate, _handler

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


def test_an_interrupt_while_the_handler_is_taken_out_leaves_python_s_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second `remove` of a stream does what the first, interrupted, did not."""
    gate = Gate()

    def interrupted(_: Gate) -> None:
        monkeypatch.undo()
        interrupt()

    with pytest.raises(KeyboardInterrupt), gate.installed():
        monkeypatch.setattr(_handler, "remove", interrupted)
    gate.remove()

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_gate_that_was_never_removed_keeps_no_handler_once_it_is_gone() -> None:
    gate = Gate()
    _handler.install(gate)
    del gate
    with Gate().installed():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_server_that_never_pauses_cannot_outlast_an_interrupt(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupts, "PATIENCE_S", -1.0)
    ours, theirs = pair
    gate = Gate()
    theirs.send(b"there is always more")
    with gate.installed():
        gate.wait(ours, 5)
        with gate.guarded(), pytest.raises(KeyboardInterrupt):
            interrupt()
            gate.wait(ours, 5)


def test_an_interrupt_is_not_lost_where_the_consumer_breaks(
    fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came after the read, so it is held back; the consumer gets no piece any more."""
    take, n_seen = Session.take, 0

    def interrupted(session: Session, piece: bytes) -> None:
        take(session, piece)
        monkeypatch.undo()
        interrupt()

    monkeypatch.setattr(Session, "take", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        sl.stream(fast_lab.endpoint("steady"), "hi") as s,
    ):
        for n_seen, _ in enumerate(s.iter_raw(), start=1):  # noqa: B007
            break

    assert n_seen == 0
    assert s.recording.end.how == "interrupted"
    assert len(s.recording.tape) >= 1


def test_an_interrupt_while_the_log_is_asked_goes_on(
    fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request._log

    def interrupted(own: object, client: object, gate: Gate) -> bytes:
        gate.hold_back()  # held back by a wait whose answer had just come
        return asked(own, client, gate)  # type: ignore[arg-type]

    monkeypatch.setattr(request, "_log", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        sl.stream(fast_lab.endpoint("steady"), "hi") as s,
    ):
        for _ in s:
            break
