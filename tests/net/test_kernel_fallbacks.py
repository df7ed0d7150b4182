"""Where the kernel cannot stamp, streams go on, and their rows have the tier of the stamp."""

from __future__ import annotations

import asyncio
import functools
import sys
from types import SimpleNamespace

import pytest
import trio

import streamlab as sl
from streamlab.net import kernel
from streamlab.net.connection import Exchange
from streamlab.tape import UNKNOWN, Stamp
from tests.capture.test_record import Record, both
from tests.net.sends import Lab
from tests.waiting import PAUSE_S

linux = pytest.mark.skipif(sys.platform != "linux", reason="there is nothing to switch off")


def check_all_is_there(rec: sl.Recording, by: str) -> None:
    """The stream is whole, and each row names the clock it was stamped by."""
    reads = rec.reads
    assert rec.problem is None
    assert rec.complete
    assert set(reads["stamp"]) == {by}
    assert (reads["server_sent_ns"] <= reads["arrived_ns"] + 50_000).all()
    assert (reads["arrived_ns"] <= reads["seen_ns"]).all()
    if by == "user":
        assert (reads["arrived_ns"] == reads["seen_ns"]).all()
        assert reads["lag_ms"].isna().all()


@both
@linux
def test_with_all_of_it_the_kernel_stamps(record: Record, fast_lab: Lab) -> None:
    """The control: here the capabilities that the others switch off are there."""
    check_all_is_there(record(fast_lab.endpoint("steady")), by="kernel")


@both
def test_another_platform(
    record: Record, fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "sys", SimpleNamespace(platform="darwin"))

    rec = record(fast_lab.endpoint("steady"))

    check_all_is_there(rec, by="user")
    assert rec.reads["n_segments"].isna().all()


@both
def test_a_kernel_that_refuses_the_option(
    record: Record, fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "SO_TIMESTAMPNS", 9999)

    check_all_is_there(record(fast_lab.endpoint("steady")), by="user")


@both
@linux
def test_a_kernel_that_agrees_and_sends_no_control_message(
    record: Record, fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reads are taken by ``recvmsg`` and come without a stamp; segments are still known."""
    monkeypatch.setattr(kernel, "enable", lambda sock: True)

    rec = record(fast_lab.endpoint("steady"))

    check_all_is_there(rec, by="user")
    assert rec.reads["n_segments"].notna().any()


@both
@linux
def test_a_kernel_without_tcp_info(
    record: Record, fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stamps stay; how many segments they stand for is unknown, and bounded."""
    monkeypatch.setattr(kernel, "received", lambda sock: (UNKNOWN, UNKNOWN))

    rec = record(fast_lab.endpoint("steady"))

    check_all_is_there(rec, by="kernel")
    assert rec.reads["n_segments"].isna().all()
    assert rec.reads["t_lo_ms"].notna().all()


class Blind(asyncio.SelectorEventLoop):
    """An asyncio loop that cannot watch a socket for others, as Windows' default one."""

    add_reader = asyncio.AbstractEventLoop.add_reader


def test_a_loop_that_cannot_watch_a_socket(fast_lab: Lab) -> None:
    with asyncio.Runner(loop_factory=Blind) as runner:
        rec = runner.run(sl.arecord(fast_lab.endpoint("steady")))

    check_all_is_there(rec, by="user")


def test_trio(fast_lab: Lab) -> None:
    rec = trio.run(functools.partial(sl.arecord, fast_lab.endpoint("steady")))

    check_all_is_there(rec, by="user")


def test_a_cancellation_under_trio_keeps_what_had_arrived(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, got = [], Exchange.got

    def listen(self: Exchange, stamp: Stamp, data: bytes = b"") -> None:
        heard.append(data)
        got(self, stamp, data)

    async def main() -> None:
        monkeypatch.setattr(Exchange, "got", listen)
        endpoint = lab.endpoint("steady")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(functools.partial(sl.arecord, endpoint, n_events=200))
            while len(heard) < 8:
                await trio.sleep(PAUSE_S)
            nursery.cancel_scope.cancel()
        assert nursery.cancel_scope.cancelled_caught

    trio.run(main)

    rec = sl.last
    assert rec is not None
    assert rec.end.how == "cancelled"
    assert len(rec.tape) > 3
    assert set(rec.reads["stamp"]) == {"user"}
