"""The lab itself: listens on loopback and serves until it is stopped.

Rule: 127.0.0.1 only.  What streams from here is nobody else's business.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Mapping
from selectors import EVENT_READ

from streamlab.errors import LabError
from streamlab.server import pages
from streamlab.server.connection import Connection
from streamlab.server.faults import FAULTS
from streamlab.server.loop import Loop, wake_promptly
from streamlab.server.play import Scenario
from streamlab.server.routes import Site
from streamlab.server.scenarios import discover
from streamlab.server.sendlog import SendLogs
from streamlab.server.tapes import scenario_of
from streamlab.tape import Tape

HOST = "127.0.0.1"


def scenarios_of(tapes: Mapping[str, Tape]) -> dict[str, Scenario]:
    """Return all there is to play: recordings first, then the scenarios, then the faults."""
    recorded = {name: scenario_of(name, tape) for name, tape in tapes.items()}
    return recorded | discover() | FAULTS | recorded


def listen(port: int) -> socket.socket:
    """Return a listening socket on loopback; port 0 takes a free one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(1024)
    except (OSError, OverflowError) as exc:
        sock.close()
        raise LabError(_why(port, exc)) from None
    sock.setblocking(False)
    pages.address = f"{HOST}:{sock.getsockname()[1]}"
    return sock


def _why(port: int, exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE:
        return f"port {port} of {HOST} is taken. Choose another, or port 0 for any free one."
    return (
        f"the lab cannot listen on port {port} of {HOST}: {exc}. Use port 0 for any free one."
    )


def serve_on(sock: socket.socket, site: Site, loop: Loop) -> None:
    """Serve the connections of a listening socket until the loop is stopped."""

    def accept(_mask: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                Connection(sock.accept()[0], loop, site)

    loop.watch(sock, EVENT_READ, accept)
    with sock, contextlib.closing(loop):
        loop.run()


def run(
    tapes: Mapping[str, Tape] | None = None,
    *,
    port: int = 0,
    speed: float = 1.0,
    ready: Callable[[str], object] = lambda url: None,
) -> None:
    """Serve in the foreground, until Ctrl-C.

    Parameters
    ----------
    tapes : mapping of str to Tape, optional
        Recordings to play, by the name that ``model`` calls them.
    port : int
        0 takes a free one.
    speed : float
        All times are divided by it.
    ready : callable, optional
        Called once with the URL, when requests are answered.

    Raises
    ------
    LabError
        If the port is taken.
    """
    sock = listen(port)
    wake_promptly()
    site, loop = Site(scenarios_of(tapes or {}), speed, SendLogs()), Loop()
    with contextlib.suppress(KeyboardInterrupt):  # it may come while `ready` still tells
        ready(f"http://{HOST}:{sock.getsockname()[1]}")
        serve_on(sock, site, loop)
