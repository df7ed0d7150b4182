"""Several recordings together: played by the lab, joined, read from a folder."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from streamlab import server
from streamlab.endpoints.endpoint import Endpoint
from streamlab.follow.text import distinct, one_line
from streamlab.recording import Recording, load
from streamlab.tape import Tape

if TYPE_CHECKING:
    from streamlab.metrics.concat import Concat

_labs: dict[tuple[int, float], Lab] = {}
_lock = threading.Lock()


class Lab(server.Lab):
    """A running lab that makes endpoints; it has the attributes of `streamlab.server.Lab`."""

    def endpoint(self, scenario: str | None = None, dialect: str = "openai_chat") -> Endpoint:
        """Return the endpoint of a scenario, with the paths and the format of a dialect.

        The `scenario` is by default the first recording, or ``"count-to-ten"`` where there is
        none.  UnknownNameError if the lab lacks the scenario, or does not speak the dialect.
        """
        scenario = self.usual if scenario is None else scenario
        # The lab is on this machine and speaks no TLS: a proxy or certificates that the
        # environment names are not for it.
        http = {"trust_env": False, "verify": False}
        return Endpoint(self.address(scenario, dialect), dialect, scenario, http=http)


def serve(
    *recordings: Recording | str | PathLike[str], port: int = 0, speed: float = 1.0
) -> Lab:
    """Start the lab: a real server on this machine, for work without a provider.

    Parameters
    ----------
    *recordings : Recording or path
        The lab plays them at their own times, under their labels, beside the scenarios.  A call
        with recordings always starts a new lab.
    port : int
        0 takes a free port.
    speed : float
        All times are divided by it.

    Returns
    -------
    Lab
        With ``endpoint(scenario)``, ``scenarios``, ``faults``, ``url`` and ``close()``.  The
        lab is a process of its own on the loopback interface, and ends with this process.
        Without recordings, the same call returns the same lab while the lab runs.

    Raises
    ------
    LabError
        If the port is taken, or the lab does not start.
    UsageError
        If `speed` is not a number above 0.
    """
    if recordings:
        return Lab(named_tapes(recordings), port=port, speed=speed)
    # After a fork, the child finds its parent's lab here.  For the child this lab is not
    # `alive`, and the child starts its own: a lab ends with the process that started it.
    with _lock:
        running = _labs.get((port, speed))
        if running is None or not running.alive:
            running = _labs[port, speed] = Lab(port=port, speed=speed)
        return running


def named_tapes(recordings: tuple[Recording | str | PathLike[str], ...]) -> dict[str, Tape]:
    """Return the tapes of recordings by name; a number makes equal names distinct."""
    held = [
        item if isinstance(item, Recording) else load(item, label=Path(fspath(item)).stem)
        for item in dict.fromkeys(recordings)
    ]
    names = distinct(one_line(recording.label) for recording in held)
    return {name: each.tape for name, each in zip(names, held, strict=True)}


def concat(recordings: Iterable[Recording] | Mapping[str, Recording]) -> Concat:
    """Return the tables of several recordings as one: ``sl.concat([a, b]).lines``."""
    from streamlab.metrics.concat import Concat
    from streamlab.metrics.tables import tables_by_name

    return Concat(tables_by_name("concat", recordings))


def read_parquet(path: str | PathLike[str]) -> Concat:
    """Return the tables of recordings saved as Parquet: ``sl.read_parquet("runs/").lines``.

    `path` is a folder, of which all ``.parquet`` files are read, or one file.  The result has
    ``reads``, ``lines``, ``events`` and ``deltas``; their first column, ``recording``, is the
    file's name without its ending.  FormatError if a file is no recording, or there is none;
    FileNotFoundError if there is no such folder or file.
    """
    from streamlab.formats import parquet

    files = parquet.recordings(path)
    return concat({name: load(file, label=name) for name, file in files.items()})
