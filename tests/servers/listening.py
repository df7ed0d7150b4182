"""What the servers share: a port that is printed, and an end when the tests end."""

from __future__ import annotations

import os
import socket
import sys
import threading


def listening() -> socket.socket:
    """Return a socket that listens on a free port, after printing the port.

    The protocol is given as TCP, because asyncio switches Nagle's algorithm off only then.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.bind(("127.0.0.1", 0))
    sock.listen(256)
    print(sock.getsockname()[1], flush=True)
    return sock


def end_with_stdin() -> None:
    """End this process when its standard input closes."""

    def wait() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
