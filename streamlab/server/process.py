"""A lab that runs as a process of its own, and the object that controls it.

A process, because the lab's timing must not share our GIL.  The lab ends when `close` is
called, and when this process ends in any way.
"""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired, Self, TypedDict
from urllib.parse import quote

from streamlab.errors import LabError, UnknownNameError, UsageError
from streamlab.server.shapes import SHAPES
from streamlab.tape import Tape, save

START_TIMEOUT_S = 20.0
USUAL = "count-to-ten"  # what a lab without recordings plays by default


class Options(TypedDict):
    """The options of the lab's process, as JSON in its argument."""

    port: int
    speed: float
    parent: int  # the number of the process with which it ends
    tapes: dict[str, str]  # journals by name


class Ready(TypedDict):
    """The one line of JSON that the lab's process prints, once it listens or has failed."""

    port: int
    scenarios: list[str]
    faults: list[str]
    error: NotRequired[str]  # if it is set, no other field is


class Lab:
    """A running lab, and a context manager, which closes it.

    `streamlab.many.serve` describes its parameters and its errors; `tapes` are the recordings
    to play, by the name that selects them in ``model``.

    Attributes
    ----------
    url : str
        ``http://127.0.0.1:PORT``.
    base_url : str
        For the OpenAI SDK: the URL with ``/v1``.
    scenarios : tuple of str
        The names of recordings and scenarios, recordings first.
    faults : tuple of str
        The names of the faults.
    usual : str
        The scenario by default: the first recording, or ``"count-to-ten"``.
    """

    def __init__(
        self, tapes: Mapping[str, Tape] | None = None, *, port: int = 0, speed: float = 1.0
    ) -> None:
        if not 0 < speed < float("inf"):
            raise UsageError(
                f"speed must be a number above 0, and {speed!r} came. 2.0 is twice as fast."
            )
        self._owner = os.getpid()
        self._process, ready = _start(tapes or {}, port, speed)
        self.url = f"http://127.0.0.1:{ready['port']}"
        self.base_url = f"{self.url}/v1"
        self.scenarios = tuple(ready["scenarios"])
        self.faults = tuple(ready["faults"])
        self.usual = next(iter(tapes or {}), USUAL)
        atexit.register(self.close)

    def address(self, scenario: str, dialect: str = "openai_chat") -> str:
        """Return the base URL for a scenario in a provider's dialect.

        An UnknownNameError says that the lab lacks the scenario, or does not speak the dialect.
        """
        if scenario not in (*self.scenarios, *self.faults):
            raise UnknownNameError("scenario", scenario, (*self.scenarios, *self.faults))
        if dialect not in SHAPES:
            raise UnknownNameError("dialect of the lab", dialect, SHAPES)
        return self.url + SHAPES[dialect].base_path.format(scenario=quote(scenario))

    @property
    def pid(self) -> int:
        """The number of the lab's process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the lab's process runs; in a forked child of the owner, False."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the lab, and wait for its end; a second call does nothing."""
        # A forked child has a copy of this object and runs close() at its exit, but the lab
        # belongs to the parent.
        if os.getpid() != self._owner:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if os.getpid() != self._owner:
            return f"<Lab {self.url} of process {self._owner}, of which this is a fork>"
        if not self.alive:
            return f"<Lab {self.url}, closed>"
        return f"<Lab {self.url} plays {', '.join(self.scenarios)}>"


def _start(
    tapes: Mapping[str, Tape], port: int, speed: float
) -> tuple[subprocess.Popen[bytes], Ready]:
    # The lab has read all journals before it prints its line, so they can then be deleted.
    with tempfile.TemporaryDirectory(prefix="streamlab-") as folder:
        paths = {name: f"{folder}/{number}.jsonl" for number, name in enumerate(tapes)}
        for name, tape in tapes.items():
            save(tape, paths[name])
        process = _spawn(Options(port=port, speed=speed, parent=os.getpid(), tapes=paths))
        return process, _ready(process)


def _spawn(options: Options) -> subprocess.Popen[bytes]:
    # The lab of this package, and of no file in the working directory.
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    # A program and not multiprocessing: "spawn" would import the user's main module again,
    # which fails in a script without a main guard, and "fork" would copy the parent's locks
    # and open sockets.  -P keeps a json.py of the working directory from being imported in
    # place of Python's.
    #
    # A process group of its own, because a terminal sends Ctrl-C to the whole group, and the
    # lab must go on.  A session of its own (setsid) would have the same effect, but Linux
    # shares the processor between sessions (autogroup): on a busy machine such a lab was 2 ms
    # late in the median instead of 0.02 ms.
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "streamlab.server", json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            process_group=0,
        )
    except (OSError, NotImplementedError) as failed:  # in a browser there are no processes
        raise LabError(
            f"the lab is a process of its own, and none can be started here: {failed}. Start "
            "it on another machine by streamlab serve, or load a recording by sl.load."
        ) from None


def _ready(process: subprocess.Popen[bytes]) -> Ready:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], START_TIMEOUT_S)[0]:
        process.kill()
    line = process.stdout.readline()
    ready: Ready | None = json.loads(line) if line else None
    if ready is not None and "error" not in ready:
        return ready
    process.communicate()
    ended = f"the lab ended before it answered (exit code {process.returncode})."
    raise LabError(ready["error"] if ready is not None else f"{ended} See its stderr.")
