"""The handle on a lab that runs as a process of its own.

A process, because its timing must not share our GIL; started as a program and
not through multiprocessing, so that notebooks, tests and scripts without a main guard can.
It leaves when told to, when this process ends, however it ends, and at exit.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from streamlab.errors import LabError, UnknownNameError, UsageError
from streamlab.tape import Tape

E = TypeVar("E")

START_TIMEOUT_S = 20.0

USUAL = "count-to-ten"
"""What is played where nobody says what."""

BASE_PATHS = {
    "openai_chat": "/v1",
    "openai_responses": "/v1",
    "anthropic": "",
    "gemini": "",
    "ollama": "",
    "cohere": "",
    "lmstudio_native": "",
    "sse": "/sse/{scenario}",
    "ndjson": "/ndjson/{scenario}",
}
"""What stands between the lab's URL and a dialect's path; the plain ones have no path."""

_labs: dict[Any, Lab[Any]] = {}
_lock = threading.Lock()


class Lab(Generic[E]):
    """A running lab.  Also a context manager, which closes it.

    Attributes
    ----------
    url : str
        ``http://127.0.0.1:PORT``.
    base_url : str
        For the OpenAI SDK: the URL with ``/v1``.
    scenarios : tuple of str
        What it can play, recordings first.
    faults : tuple of str
        What it can play that goes wrong.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        said: Mapping[str, Any],
        make: _Factory[E],
        usual: str,
    ) -> None:
        self._process, self._make, self._usual = process, make, usual
        self._owner = os.getpid()
        self.url = f"http://127.0.0.1:{said['port']}"
        self.base_url = f"{self.url}/v1"
        self.scenarios: tuple[str, ...] = tuple(said["scenarios"])
        self.faults: tuple[str, ...] = tuple(said["faults"])

    def endpoint(self, scenario: str | None = None, dialect: str = "openai_chat") -> E:
        """Return where to ask for a scenario, in a provider's dialect.

        Parameters
        ----------
        scenario : str, optional
            By default the first recording, or ``"count-to-ten"`` where there is none.
        dialect : str
            The provider's whose paths and format are used.

        Raises
        ------
        UnknownNameError
            If the lab has no such scenario, or does not speak the dialect.
        """
        scenario = self._usual if scenario is None else scenario
        if scenario not in (*self.scenarios, *self.faults):
            raise UnknownNameError("scenario", scenario, (*self.scenarios, *self.faults))
        if dialect not in BASE_PATHS:
            raise UnknownNameError("dialect of the lab", dialect, BASE_PATHS)
        path = BASE_PATHS[dialect].format(scenario=quote(scenario))
        return self._make(self.url + path, scenario, dialect)

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it, and wait until it has ended; again is harmless."""
        if os.getpid() != self._owner:
            return  # forked: it is our parent's lab
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Lab[E]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self.alive:
            return f"<Lab {self.url}, closed>"
        return f"<Lab {self.url} plays {', '.join(self.scenarios)}>"


_Factory = Callable[[str, str, str], E]


def serve(
    tapes: Mapping[str, Tape] | None = None,
    *,
    port: int = 0,
    speed: float = 1.0,
    endpoint: _Factory[E],
) -> Lab[E]:
    """Start a lab, or return the one that runs already.

    Parameters
    ----------
    tapes : mapping of str to Tape, optional
        Recordings to play, by the name that ``model`` calls them.  A lab with
        recordings is always a new one.
    port : int
        0 takes a free one.
    speed : float
        All times are divided by it.
    endpoint : callable
        Makes what `Lab.endpoint` returns of base URL, scenario and dialect.

    Raises
    ------
    LabError
        If the port is taken, or the lab does not start.
    """
    if not 0 < speed < float("inf"):
        raise UsageError(
            f"speed must be a number above 0, and {speed!r} came. 2.0 is twice as fast."
        )
    with _lock:
        key = object() if tapes else (port, speed, endpoint)
        running = _labs.get(key)
        if running is None or not running.alive:
            _labs[key] = running = _start(tapes or {}, port, speed, endpoint)
            atexit.register(running.close)
        return running


def _start(tapes: Mapping[str, Tape], port: int, speed: float, endpoint: _Factory[E]) -> Lab[E]:
    with tempfile.TemporaryDirectory(prefix="streamlab-") as folder:
        options = {"port": port, "speed": speed, "parent": os.getpid()}
        process = _spawn({**options, "tapes": _save(tapes, Path(folder))})
        said = _first_words(process)
    if "error" in said:
        process.communicate()
        raise LabError(said["error"])
    return Lab(process, said, endpoint, usual=next(iter(tapes), USUAL))


def _save(tapes: Mapping[str, Tape], folder: Path) -> dict[str, str]:
    if not tapes:
        return {}
    from streamlab.tape.journal import save

    paths = {name: folder / f"{number}.jsonl" for number, name in enumerate(tapes)}
    for name, tape in tapes.items():
        save(tape, paths[name])
    return {name: str(path) for name, path in paths.items()}


def _spawn(options: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Start this very package, whatever lies in the working directory.

    In a process group of its own, so that Ctrl-C is not for it.  A session of its own would
    do that too, but Linux schedules sessions against each other, and on a busy machine
    a lab in one of its own was 2 ms late in the median instead of 0.02 ms.
    """
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "streamlab.server", json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        process_group=0,
    )


def _first_words(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Return the JSON line that a lab says once it is ready."""
    assert process.stdout is not None
    line = b""
    if select.select([process.stdout], [], [], START_TIMEOUT_S)[0]:
        line = process.stdout.readline()
    if not line:
        process.kill()
        code = process.wait()
        return {
            "error": f"the lab ended before it answered (exit code {code}). See its stderr."
        }
    said: dict[str, Any] = json.loads(line)
    return said
