"""Stamps of real sockets on the loopback interface."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator

import pytest

from streamlab.net import kernel
from streamlab.net.connection import Exchange
from streamlab.net.stamping import Meter
from streamlab.tape import UNKNOWN, Anchor
from tests.waiting import bytes_waiting, has_ended, until

linux = pytest.mark.skipif(sys.platform != "linux", reason="kernel stamps are Linux's")

Pair = tuple[Meter, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A meter on one end of a TCP connection, and the other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = socket.socket()
        meter = Meter(sock)
        sock.connect(server.getsockname())
        other, _ = server.accept()
        other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with sock, other:
            yield meter, other


def send(sock: socket.socket, *pieces: bytes) -> list[int]:
    """Send pieces, a segment each; return when each was about to be sent."""
    times = []
    for piece in pieces:
        times.append(time.perf_counter_ns())
        sock.sendall(piece)
    return times


@linux
def test_a_kernel_stamp_lies_between_sending_and_seeing(pair: Pair) -> None:
    meter, other = pair
    (sent_ns,) = send(other, b"hello")

    data, stamp = meter.recv(65536)

    assert data == b"hello"
    assert stamp.tier == "kernel"
    assert sent_ns - 5_000 <= stamp.arrived_ns <= stamp.seen_ns
    assert stamp.n_segments == 1
    assert stamp.lo_ns == UNKNOWN  # one segment: nothing to bound


@linux
def test_arrival_does_not_wait_for_a_reader_that_sleeps(pair: Pair) -> None:
    """The difference between arriving and being seen is the reader's, and is seen as such."""
    meter, other = pair
    send(other, b"early")
    until(lambda: bytes_waiting(meter.sock) == 5)
    arrived_by_ns = time.perf_counter_ns()
    time.sleep(0.05)  # the subject of the test: a client that is busy elsewhere

    _, stamp = meter.recv(65536)

    assert stamp.arrived_ns <= arrived_by_ns
    assert stamp.seen_ns - arrived_by_ns >= 50_000_000


@linux
def test_a_merged_read_counts_its_segments_and_bounds_them(pair: Pair) -> None:
    meter, other = pair
    send(other, b"first")
    meter.recv(65536)
    sent_ns = send(other, *[b"%d" % i for i in range(7)])
    until(lambda: bytes_waiting(meter.sock) == 7)

    data, stamp = meter.recv(65536)

    assert data == b"0123456"
    assert stamp.n_segments == 7
    assert stamp.lo_ns <= sent_ns[0]
    assert sent_ns[-1] - 5_000 <= stamp.arrived_ns


@linux
def test_segments_are_unknown_when_more_came_than_was_read(pair: Pair) -> None:
    """The kernel has counted bytes that this read did not take; so its count is not of it."""
    meter, other = pair
    send(other, b"abcdef")
    until(lambda: bytes_waiting(meter.sock) == 6)

    _, first = meter.recv(3)
    _, rest = meter.recv(65536)
    send(other, b"x")
    until(lambda: bytes_waiting(meter.sock) == 1)
    _, after = meter.recv(65536)

    assert first.n_segments == UNKNOWN
    assert rest.n_segments == UNKNOWN  # its baseline was unknown
    assert after.n_segments == 1  # the counts agreed again after the second


@linux
def test_the_end_of_the_stream_spoils_no_count(pair: Pair) -> None:
    """A FIN counts as a received byte; the last read still knows its segments."""
    meter, other = pair
    send(other, b"last")
    other.shutdown(socket.SHUT_WR)
    until(lambda: has_ended(meter.sock))

    data, stamp = meter.recv(65536)

    assert (data, stamp.n_segments) == (b"last", 1)
    assert meter.recv(65536)[0] == b""


def test_without_the_kernel_the_users_clock_stamps(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "available", lambda: False)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as sock:
        meter = Meter(sock)
        sock.connect(server.getsockname())
        other, _ = server.accept()
        with other:
            send(other, b"hello")
            _, stamp = meter.recv(65536)

    assert stamp.tier == "user"
    assert stamp.arrived_ns == stamp.seen_ns
    assert stamp.n_segments == UNKNOWN


def test_a_read_without_a_control_message_is_stamped_by_the_user(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter, other = pair
    monkeypatch.setattr(kernel, "wall_stamp", lambda ancillary: None)
    send(other, b"hello")

    _, stamp = meter.recv(65536)

    assert stamp.tier == "user"
    assert stamp.arrived_ns == stamp.seen_ns


def test_a_socket_that_refuses_the_option_is_stamped_by_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernel, "SO_TIMESTAMPNS", 9999)
    with socket.socket() as sock:
        assert Meter(sock).kernel is False


@linux
def test_without_tcp_info_segments_are_unknown(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter, other = pair
    monkeypatch.setattr(kernel, "received", lambda sock: (-1, -1))
    send(other, b"hello")

    assert meter.recv(65536)[1].n_segments == UNKNOWN


@linux
def test_a_stamp_that_cannot_be_true_is_not_believed(pair: Pair) -> None:
    """A wall clock far off the map is no arrival time; the read says ``user``."""
    meter, other = pair
    real = meter._wall.to_mono_ns
    meter._wall.to_mono_ns = lambda wall_ns, now_ns: real(wall_ns, now_ns) + 10**9  # type: ignore[method-assign]
    send(other, b"hello")
    try:
        _, stamp = meter.recv(65536)
    finally:
        del meter._wall.to_mono_ns

    assert stamp.tier == "user"


class Walls:
    """Two clocks driven by hand."""

    def __init__(self) -> None:
        self.mono_ns, self.offset_ns = 1_000_000_000, 1_700_000_000_000_000_000

    def mono(self) -> int:
        return self.mono_ns

    def wall(self) -> int:
        return self.mono_ns + self.offset_ns


def test_the_wall_clock_is_mapped_by_anchors_every_second() -> None:
    clocks = Walls()
    wall_map = kernel.WallMap(clocks.mono, clocks.wall)

    clocks.mono_ns += 5_000_000_000

    assert wall_map.to_mono_ns(clocks.wall() - 7, clocks.mono_ns) == clocks.mono_ns - 7
    assert wall_map.anchor == Anchor(clocks.mono_ns, clocks.wall(), 0)
    assert list(wall_map.steps) == []


def test_a_step_of_the_wall_clock_is_flagged_and_followed() -> None:
    clocks = Walls()
    wall_map = kernel.WallMap(clocks.mono, clocks.wall)

    clocks.offset_ns -= 3_000_000_000
    clocks.mono_ns += 2_000_000_000

    assert wall_map.to_mono_ns(clocks.wall(), clocks.mono_ns) == clocks.mono_ns
    assert wall_map.steps_between(0, clocks.mono_ns) == [(clocks.mono_ns, -3_000_000_000)]
    assert wall_map.steps_between(0, 5) == []


@linux
def test_a_step_between_anchors_costs_no_stamp(pair: Pair) -> None:
    """The read that does not fit the old map is mapped by a new one, and is kernel's still."""
    meter, other = pair
    wall = kernel.WallMap()
    wall.anchor = wall.anchor._replace(wall_ns=wall.anchor.wall_ns - 5_000_000_000)
    meter._wall = wall
    send(other, b"hello")

    _, stamp = meter.recv(65536)

    assert stamp.tier == "kernel"
    assert abs(stamp.seen_ns - stamp.arrived_ns) < 1_000_000_000
    assert [round(step.by_ns / 1e9) for step in wall.steps] == [5]


def test_an_exchange_knows_its_first_byte_out_and_in() -> None:
    from streamlab.tape import Stamp
    from streamlab.testing import ManualClock

    clock = ManualClock()
    exchange = Exchange(clock)
    exchange.sends()
    first_out_ns = clock()
    clock.advance_ms(1)
    exchange.sends()  # the body, after the head
    assert exchange.written_ns == first_out_ns

    one, two = Stamp(clock(), clock()), Stamp(clock() + 1, clock() + 1)
    exchange.got(one)
    exchange.got(two)
    assert (exchange.first, exchange.last) == (one, two)

    clock.advance_ms(1)
    exchange.sends()  # the next request on the same connection
    assert (exchange.first, exchange.written_ns) == (None, clock())
