"""The lab itself: listens on loopback and serves until it is stopped.

Rule: 127.0.0.1 only, so that no other machine can read the streams.
"""

import contextlib
import errno
import socket
from collections.abc import Callable, Mapping
from selectors import EVENT_READ

from streamlab.errors import LabError
from streamlab.server.connection import Connection
from streamlab.server.faults import FAULTS
from streamlab.server.loop import Loop, wake_promptly
from streamlab.server.response import Scenario
from streamlab.server.routes import Site
from streamlab.server.scenarios import discover
from streamlab.server.tapes import scenario_of
from streamlab.tape import Tape

HOST = "127.0.0.1"
MOST_CONNECTIONS = 4096
_MOST_AT_ONCE = 16
# Between two looks at all connections for those that take too long.
LOOK_NS = 500_000_000


def scenarios_of(tapes: Mapping[str, Tape]) -> dict[str, Scenario]:
    """Return all scenarios: the recordings first, then the lab's own, then the faults."""
    recorded = {name: scenario_of(name, tape) for name, tape in tapes.items()}
    # A recording replaces a scenario of the same name: the last of equal keys gives the value,
    # and the first one gives the place.
    return recorded | discover() | FAULTS | recorded


def listen(port: int) -> socket.socket:
    """Return a listening socket on loopback; port 0 takes a free one.

    A LabError says that the port is taken, or cannot be used.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Connections of a lab that just ended keep the port in TIME_WAIT for a minute.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(1024)
    except (OSError, OverflowError) as exc:
        sock.close()
        raise LabError(_why(port, exc)) from None
    sock.setblocking(False)
    return sock


def _why(port: int, exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE:
        return f"port {port} of {HOST} is taken. Choose another, or port 0 for any free one."
    return (
        f"the lab cannot listen on port {port} of {HOST}: {exc}. Use port 0 for any free one."
    )


def address_of(sock: socket.socket) -> str:
    """Return ``host:port`` of a listening socket."""
    return f"{HOST}:{sock.getsockname()[1]}"


def serve_on(sock: socket.socket, site: Site, loop: Loop) -> None:
    """Serve the connections of a listening socket until the loop is stopped."""
    connections: list[Connection] = []

    def accept(_mask: int) -> None:
        # A few at a time: a thousand would delay the streams that run.
        for _ in range(_MOST_AT_ONCE):
            try:
                if len(connections) >= MOST_CONNECTIONS:
                    raise OSError(errno.EMFILE, "too many connections")
                connections.append(Connection(sock.accept()[0], loop, site))
            except BlockingIOError:
                return
            except OSError:
                # Without a descriptor the socket stays readable, and the loop would spin.  The
                # connections wait in the kernel until `look` watches the socket again.
                loop.forget(sock)
                return

    def look() -> None:
        connections[:] = [each for each in connections if each.look(loop.clock())]
        loop.watch(sock, EVENT_READ, accept)
        loop.at(loop.clock() + LOOK_NS, look)

    look()
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

    Parameters are those of `streamlab.many.serve`.  `ready` is called with the URL when the
    lab can answer requests.  A LabError says that the port is taken.
    """
    sock = listen(port)
    wake_promptly()
    site = Site(scenarios_of(tapes or {}), address_of(sock), speed)
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C may come while `ready` prints
        ready(f"http://{site.address}")
        serve_on(sock, site, Loop())
