"""Runs a server of `http.server` in a thread of the tests' own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from threading import Thread
from typing import TypeVar

S = TypeVar("S", bound=HTTPServer)

POLL_S = 0.01
"""The server looks so often whether it shall end; with 0.5 s, the default, each test waits."""


@contextmanager
def threaded(server: S) -> Iterator[S]:
    """Serve in a thread; yield the server."""
    with server:
        thread = Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
