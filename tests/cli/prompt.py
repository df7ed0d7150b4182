"""Run commands with this Python, in a terminal or in a pipe."""

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path
from typing import NamedTuple

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
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(),
        input=given.encode(),
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


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


def in_terminal(*arguments: str, cwd: Path) -> Done:
    """Run in a terminal of 80 columns; what it was sent is in `out`."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = start(*arguments, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while select.select([ours], [], [], TIMEOUT_S)[0]:
        try:
            more = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not more:
            break
        said += more
    os.close(ours)
    return Done(process.wait(TIMEOUT_S), said.decode().replace("\r\n", "\n"), "")
