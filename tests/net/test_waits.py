"""Waiting on a loop: bytes that have arrived come before a cancellation and a timeout."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
import weakref

import httpcore

from streamlab.net.async_socket import STREAK, AsyncSocketStream
from streamlab.net.fairness import A_PASS, turns_of
from streamlab.net.interrupts import HeldCancellation
from streamlab.net.stamping import Meter
from streamlab.net.sync_socket import MAX_BYTES
from tests.waiting import has_arrived, until


def connected(held: HeldCancellation | None = None) -> tuple[AsyncSocketStream, socket.socket]:
    """Return a stream over TCP on loopback, and the socket at its other end."""
    ours = socket.socket()
    meter = Meter(ours)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours.connect(server.getsockname())
        theirs, _ = server.accept()
    ours.setblocking(False)
    return AsyncSocketStream(meter, httpcore, held), theirs


def test_a_cancellation_waits_for_more_reads_than_one_turn_takes() -> None:
    sent = b"x" * (2 * STREAK * MAX_BYTES)

    async def read_until_cancelled(stream: AsyncSocketStream, got: bytearray) -> None:
        while data := await stream.read(MAX_BYTES):
            got += data

    async def cancel_a_reader() -> bytes:
        stream, theirs = connected(HeldCancellation())
        stream.take_answer()  # as after the head of a response
        got = bytearray()
        task = asyncio.create_task(read_until_cancelled(stream, got))
        await asyncio.sleep(0)
        theirs.sendall(sent)  # into the kernel: the loop has not looked yet
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        stream.close()
        theirs.close()
        return bytes(got)

    assert asyncio.run(cancel_a_reader()) == sent


def test_who_waits_for_a_turn_has_not_timed_out() -> None:
    """The loop was blocked beyond the timeout, and more have data than one pass wakes."""
    n_streams = 4 * A_PASS

    async def read_all() -> list[bytes]:
        ends = [connected() for _ in range(n_streams)]
        tasks = [asyncio.create_task(stream.read(MAX_BYTES, 0.02)) for stream, _ in ends]
        await asyncio.sleep(0)
        for _, theirs in ends:
            theirs.sendall(b"here")
            until(lambda theirs=theirs: has_arrived(theirs))
        time.sleep(0.04)  # the subject of the test: it blocks the loop beyond the timeout
        found = await asyncio.gather(*tasks)
        for stream, theirs in ends:
            stream.close()
            theirs.close()
        return found

    assert asyncio.run(read_all()) == [b"here"] * n_streams


def test_a_loop_that_streamed_is_freed() -> None:
    async def wake() -> weakref.ref[asyncio.AbstractEventLoop]:
        loop = asyncio.get_running_loop()
        consumer = loop.create_future()
        turns_of(loop).wake(consumer)
        await consumer
        return weakref.ref(loop)

    loop = asyncio.run(wake())
    gc.collect()

    assert loop() is None
