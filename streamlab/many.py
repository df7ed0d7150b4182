"""Several recordings together: played by the lab, compared, joined, averaged.

A front door: each function hands recordings to the room that does the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamlab import server
from streamlab.endpoints.endpoint import Endpoint
from streamlab.recording import Recording, load
from streamlab.tape import Tape

if TYPE_CHECKING:
    import pandas as pd

    from streamlab.metrics import Tables
    from streamlab.metrics.concat import Concat
    from streamlab.server import Lab


def serve(
    *recordings: Recording | str | PathLike[str], port: int = 0, speed: float = 1.0
) -> Lab[Endpoint]:
    """Start the lab: a real server on this machine, for everything offline.

    Parameters
    ----------
    *recordings : Recording or path
        Played at their own times, named by their labels, beside the scenarios.
    port : int
        0 takes a free one.
    speed : float
        All times are divided by it.

    Returns
    -------
    Lab
        With ``endpoint(scenario)``, ``scenarios``, ``faults``, ``url`` and ``close()``.  A
        process of its own on the loopback interface, gone when this one is.  Without
        recordings, asking again returns the same one.

    Raises
    ------
    LabError
        If the port is taken.
    """
    tapes = named_tapes(recordings)
    return server.serve(tapes or None, port=port, speed=speed, endpoint=_lab_endpoint)


def named_tapes(recordings: tuple[Recording | str | PathLike[str], ...]) -> dict[str, Tape]:
    """Return the tapes of recordings by name, made distinct by a number where they clash."""
    held = {
        item: item if isinstance(item, Recording) else load(item, label=Path(fspath(item)).stem)
        for item in recordings
    }
    return {name: recording.tape for name, recording in named(held.values()).items()}


def named(recordings: Iterable[Recording]) -> dict[str, Recording]:
    """Return recordings by label, made distinct by a number where labels clash."""
    names: dict[str, Recording] = {}
    for recording in recordings:
        name = recording.label
        numbered = (f"{name}-{n}" for n in count(2))
        while name in names:
            name = next(numbered)
        names[name] = recording
    return names


def compare(recordings: Mapping[str, Recording]) -> pd.DataFrame:
    """Put recordings side by side: one row a recording, and differences to the first.

    Parameters
    ----------
    recordings : mapping of str to Recording
        ``{"sync": rec, "async": arec}``.

    Raises
    ------
    UsageError
        If there is nothing to compare, or something is not a recording.
    """
    from streamlab.metrics import compare as compared

    return compared(recordings)


def lens_many(
    recordings: Iterable[Recording] | Mapping[str, Recording],
    tokenizer: Callable[[str], Any] | None = None,
) -> pd.DataFrame:
    """Return each tool's answers over several recordings, averaged as tools average.

    Pooled, per request and token-weighted means stand side by side, for tools differ
    there too.

    Parameters
    ----------
    recordings : iterable or mapping of Recording
    tokenizer : callable, optional
        Text to tokens, or to their number, for the tools that tokenise by themselves.
    """
    from streamlab.metrics.lens_many import lens_many as together

    return together(_tables(recordings), tokenizer)


def concat(recordings: Iterable[Recording] | Mapping[str, Recording]) -> Concat:
    """Return the tables of several recordings as one: ``sl.concat([a, b]).lines``."""
    from streamlab.metrics.concat import Concat

    return Concat(_tables(recordings))


def read_parquet(path: str | PathLike[str]) -> Concat:
    """Return the tables of recordings saved as Parquet: ``sl.read_parquet("runs/").lines``.

    Parameters
    ----------
    path : str or path
        A folder, of which all ``.parquet`` files are read, or one file.

    Returns
    -------
    Concat
        With ``reads``, ``lines``, ``events`` and ``deltas``; their first column,
        ``recording``, is the file's name without its ending.

    Raises
    ------
    FormatError
        If a file is no recording, or there is none.
    FileNotFoundError
        If there is no such folder or file.
    """
    from streamlab.formats import parquet

    files = parquet.recordings(path)
    return concat({name: load(file, label=name) for name, file in files.items()})


def _tables(
    recordings: Iterable[Recording] | Mapping[str, Recording],
) -> dict[str, Tables]:
    held = recordings if isinstance(recordings, Mapping) else named(recordings)
    return {name: recording.tables for name, recording in held.items()}


def _lab_endpoint(base_url: str, scenario: str, dialect: str) -> Endpoint:
    return Endpoint(base_url, dialect, scenario)
