"""A connection remembers its latest exchange; a stopper ends connections, old and new."""

from __future__ import annotations

import gc

from streamlab.net.connection import Exchange, Stopper
from streamlab.net.http2_frames import PREFACE
from streamlab.tape import Stamp
from streamlab.testing import ManualClock


class Connection:
    """Counts how often it was ended."""

    def __init__(self) -> None:
        self.n_aborts = 0

    def abort(self) -> None:
        self.n_aborts += 1


def test_a_stop_ends_what_is_open_and_what_opens_later() -> None:
    stopper, early, late = Stopper(), Connection(), Connection()
    stopper.add(early)
    stopper.stop()
    stopper.add(late)

    assert (early.n_aborts, late.n_aborts) == (1, 1)


def test_after_its_rest_a_stopper_ends_nothing() -> None:
    stopper, old, new = Stopper(), Connection(), Connection()
    stopper.add(old)
    stopper.stop()
    stopper.rest()
    stopper.add(new)

    assert (old.n_aborts, new.n_aborts) == (1, 0)


def test_a_second_stop_after_the_rest_ends_nothing() -> None:
    """The client still asks for the lab's log then."""
    stopper, old, new = Stopper(), Connection(), Connection()
    stopper.stop()
    stopper.rest()
    stopper.add(old)
    stopper.stop()
    stopper.add(new)

    assert (old.n_aborts, new.n_aborts) == (0, 0)


def test_a_stopper_keeps_no_connection_alive() -> None:
    stopper = Stopper()
    stopper.add(Connection())
    gc.collect()

    stopper.stop()


def test_an_answer_is_kept_from_the_request_until_it_is_taken() -> None:
    clock = ManualClock()
    exchange = Exchange(clock, keeps_answer=True)
    for question, answer in ((b"one", b"1"), (b"two", b"2")):
        exchange.sends(question)
        clock.advance_ms(1)
        exchange.got(Stamp(clock(), clock()), answer)

    assert exchange.take_answer() == b"2"
    exchange.got(Stamp(clock(), clock()), b"3")
    assert exchange.take_answer() == b""


def test_a_connection_is_asked_from_the_request_to_the_first_byte_of_its_response() -> None:
    clock = ManualClock()
    exchange, asked = Exchange(clock), []
    asked.append(exchange.is_asked)
    exchange.sends(b"GET / HTTP/1.1\r\n\r\n")
    asked.append(exchange.is_asked)
    exchange.got(Stamp(clock(), clock()), b"HTTP/1.1 200 OK\r\n\r\n")
    asked.append(exchange.is_asked)

    assert asked == [False, True, False]


def test_below_tls_and_over_http_2_a_write_is_no_request() -> None:
    below, http2 = Exchange(ManualClock()), Exchange(ManualClock())
    below.leave_answer()
    for exchange, written in ((below, b"ciphertext"), (http2, PREFACE)):
        exchange.sends(written)

    assert [below.is_asked, http2.is_asked] == [False, False]


def test_the_layer_above_takes_the_keeping_over() -> None:
    exchange = Exchange(ManualClock(), keeps_answer=True)

    assert exchange.leave_answer()
    assert not exchange.leave_answer()
