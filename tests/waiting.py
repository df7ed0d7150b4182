"""Waiting for a state, not for a time: a test goes on as soon as what it needs is so.

A sleep that stands for a state is too short on a busy machine and too long on all others.
`until` and `auntil` ask again and again; their limit only ends a test that would wait for
ever.  The other functions return a state of the kernel: of a connection, of a process.
"""

from __future__ import annotations

import array
import asyncio
import socket
import termios
import time
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

import pytest

from streamlab.net.async_socket import AsyncSocketStream

LIMIT_S = 60.0
PAUSE_S = 0.002
TCP_CLOSE_WAIT = 8  # of Linux' tcp_states.h; the first byte of TCP_INFO


def until(is_so: Callable[[], object], pause_s: float = PAUSE_S) -> None:
    """Wait until `is_so` returns something true; fail after `LIMIT_S` seconds."""
    end_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end_s, f"waited {LIMIT_S} s in vain"
        time.sleep(pause_s)


async def auntil(is_so: Callable[[], object]) -> None:
    """Wait as `until` does, and let the loop run meanwhile."""
    end_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end_s, f"waited {LIMIT_S} s in vain"
        await asyncio.sleep(PAUSE_S)


def bytes_waiting(sock: socket.socket) -> int:
    """Return how many bytes of a connection the kernel holds for its reader."""
    n = array.array("i", [0])
    ioctl(sock, termios.FIONREAD, n)
    return n[0]


def has_arrived(sock: socket.socket) -> bool:
    """Say whether the other end's kernel has all that was sent, and the FIN if one was."""
    n = array.array("i", [0])
    ioctl(sock, termios.TIOCOUTQ, n)  # of TCP on Linux: what is not acknowledged yet
    return n[0] == 0


def has_ended(sock: socket.socket) -> bool:
    """Say whether the other end has sent its FIN (Linux)."""
    (state,) = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    return state == TCP_CLOSE_WAIT


def is_asleep(pid: int) -> bool:
    """Say whether the main thread of a process waits in the kernel (Linux)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


class AsyncReads:
    """What async connections of ours have read, and what lies unread in their kernel."""

    def __init__(self) -> None:
        self.sockets: set[socket.socket] = set()  # of which a read has begun
        self.returned = b""

    def arrived(self) -> bytes:
        """Return all bytes that arrived: those that a read returned, and those to come."""
        return self.returned + b"".join(map(peeked, self.sockets))

    @classmethod
    def watched(cls, monkeypatch: pytest.MonkeyPatch) -> AsyncReads:
        """Return the reads of all connections from now on."""
        reads, read = cls(), AsyncSocketStream.read

        async def watched(
            self: AsyncSocketStream, max_bytes: int, timeout: float | None = None
        ) -> bytes:
            reads.sockets.add(self.get_extra_info("socket"))
            data = await read(self, max_bytes, timeout)
            reads.returned += data
            return data

        monkeypatch.setattr(AsyncSocketStream, "read", watched)
        return reads


def peeked(sock: socket.socket) -> bytes:
    """Return the bytes that the kernel holds, and leave them there."""
    try:
        return sock.recv(1 << 20, socket.MSG_PEEK)
    except OSError:  # there are none, or the socket is closed
        return b""
