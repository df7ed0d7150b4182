"""Starts a server of this folder as a process of its own, and ends it.

Each server of this folder is a module that listens on a free port of the loopback interface,
prints the port as its first line, and serves until its standard input closes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def running(module: str, *arguments: str) -> Iterator[int]:
    """Run ``tests.servers.<module>``; yield its port."""
    command = [sys.executable, "-m", f"tests.servers.{module}", *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # hypercorn reports every client that leaves
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
