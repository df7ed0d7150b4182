"""Run commands with this Python, in a terminal or in a pipe.

A command takes a second to import what it needs.  So most tests take a warm one: a fork of a
process that has imported it already, with descriptors, a folder and an environment of its own.
"""

import multiprocessing
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import warnings
from collections.abc import Callable
from fcntl import ioctl
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import NamedTuple

import streamlab.cli

ROOT = Path(__file__).parents[2]
STRICT = ("-W", "error", "-W", "ignore::ResourceWarning")  # at exit, sockets are just dropped
COMMAND = (sys.executable, *STRICT, "-m", "streamlab")
TIMEOUT_S = 60.0


class Done(NamedTuple):
    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "80", **more}


def start(*arguments: str, cwd: Path, **streams: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, *arguments], cwd=cwd, env=environment(), **streams)


def piped(*arguments: str, cwd: Path, given: str = "") -> Done:
    ends = [os.pipe() for _ in range(3)]
    ours = [ends[0][1], ends[1][0], ends[2][0]]
    with Warm(arguments, cwd, (ends[0][0], ends[1][1], ends[2][1])) as wait:
        os.write(ours[0], given.encode())
        os.close(ours[0])
        out, err = said_by(ours[1:])
        return Done(wait(), out.decode(), err.decode())


def interrupted(*arguments: str, cwd: Path, after: bytes) -> Done:
    """Send Ctrl-C once standard output has said `after`."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(*arguments, cwd=cwd, **streams) as process:
        said = b""
        while after not in said:
            more = os.read(process.stdout.fileno(), 4096)
            assert more, said + process.stderr.read()
            said += more
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT_S)
    return Done(process.returncode, (said + out).decode(), err.decode())


def in_terminal(*arguments: str, cwd: Path, warm: bool = True) -> Done:
    """Run in a terminal of 80 columns; what it was sent is in `out`."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with (Warm if warm else Cold)(arguments, cwd, (theirs, theirs, theirs)) as wait:
        (said,) = said_by([ours])
        return Done(wait(), said.decode().replace("\r\n", "\n"), "")


def said_by(descriptors: list[int]) -> list[bytes]:
    """Return all that comes from some descriptors, and close them."""
    said = dict.fromkeys(descriptors, b"")
    left = set(descriptors)
    while left:
        ready = select.select([*left], [], [], TIMEOUT_S)[0]
        assert ready, f"nothing came for {TIMEOUT_S} s after {said}"
        for each in ready:
            try:
                more = os.read(each, 65536)
            except OSError:  # a terminal whose other side is closed
                more = b""
            said[each] += more
            if not more:
                left.remove(each)
                os.close(each)
    return [*said.values()]


class Cold:
    """A command in a new Python; inside the block our copies of its descriptors are closed."""

    def __init__(self, arguments: tuple[str, ...], cwd: Path, theirs: tuple[int, ...]) -> None:
        self.process = self.started(arguments, cwd, theirs)
        for each in set(theirs):
            os.close(each)

    def started(self, arguments, cwd, theirs):
        stdin, stdout, stderr = theirs
        return start(*arguments, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr)

    def __enter__(self) -> Callable[[], int]:
        return self.wait

    def wait(self) -> int:
        return self.process.wait(TIMEOUT_S)

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.wait()


class Warm(Cold):
    """A command in a fork of a process that has imported what commands need."""

    def started(self, arguments, cwd, theirs):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(IMPORTED)
        fds = [DupFd(each) for each in theirs]
        process = context.Process(target=run, args=(arguments, str(cwd), environment(), fds))
        process.start()
        return process

    def wait(self) -> int:
        self.process.join(TIMEOUT_S)
        return self.process.exitcode


IMPORTED = ["httpx", "rich.table", "streamlab.capture.api", "streamlab.cli.record"]
IMPORTED += ["streamlab.cli.compare", "streamlab.cli._streaming", "streamlab.cli.show"]
IMPORTED += ["streamlab.many", "streamlab.plots", "streamlab.live.display"]


def run(arguments, cwd, environ, fds):
    """Be ``python -W error -m streamlab``, in a forked process."""
    for number, fd in enumerate(fds):
        os.dup2(fd.detach(), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", ResourceWarning)
    sys.argv = [str(Path(streamlab.__file__).with_name("__main__.py")), *arguments]
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115
    sys.stderr = open(2, "w", errors="backslashreplace", buffering=1)  # noqa: SIM115
    sys.exit(streamlab.cli.main())
