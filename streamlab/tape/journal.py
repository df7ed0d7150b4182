"""The file of a tape: JSON lines, appended while the stream runs.

The first line says what the file is and what is known of the request.  Then come the reads,
each with its stamps, its tier and its bytes.  The last line says how the stream ended.  A file
without that line was cut off; its whole lines still load.

=============  ====================================================================
``streamlab``  the first line: ``"journal"``, with ``version`` and ``meta``
``read``       a read: its number, stamps in ns, ``stamp`` (the tier) and its bytes,
               as ``text`` where they are UTF-8, else as ``b64``
``more``       further bytes of the last read, which grew after it was written
``chunks``     further ends of chunks of HTTP/1.1, as offsets in the body
``late``       stamps of a read that became known after it was written
``mark``       a phase of the request, and its ``t_ns``
``meta``       request and response again, as they are known now
``end``        the last line: when and how the stream ended
=============  ====================================================================

Unknown values are left out.  Only the last line of a file may be incomplete.

Rule 1: the journal asks the recorder for news.  A recorder never waits for a disk.
Rule 2: a journal has what the tape has, and no more: no environment, no key.
"""

# Why the file can be trusted after a kill: it is unbuffered, and the operating system writes
# in the order of the calls, so a killed process leaves a beginning of the file.  There is no
# `fsync`: a crash of the machine may lose more, and a slow disk would delay the other journals.

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import FileIO
from itertools import islice
from os import PathLike, fspath
from pathlib import Path
from threading import Lock
from typing import Self

from streamlab.errors import UsageError
from streamlab.tape import journal_lines as lines
from streamlab.tape.journal_load import load
from streamlab.tape.journal_thread import THREAD
from streamlab.tape.reads import UNKNOWN, Recorder, Tape

__all__ = ["Journal", "load", "save"]

_LINES_A_WRITE = 64
"""Few lines a write: a write releases the GIL, so that other threads run often."""


class Journal:
    """A file that follows a recorder until it is closed.

    One thread asks the recorders of all open journals for news every 50 ms and writes the
    lines at once.  A killed process loses less than 100 ms of reads.

    A disk that fails does not disturb the stream: the file ends there, `error` keeps the
    reason, and `close` warns.

    Parameters
    ----------
    recorder : Recorder
        Never changed by the journal.  Assign new values to ``recorder.meta``: a value that
        is changed in place is not written before `close`.
    path : str or path-like
        Opened at once; an existing file is replaced.

    Attributes
    ----------
    path : Path
    error : OSError or TypeError or None
        Why the file ends early.

    Raises
    ------
    OSError
        If `path` cannot be written.
    UsageError
        If the recorder's meta is not JSON.

    Examples
    --------
    >>> with Journal(recorder, "a.jsonl"):  # doctest: +SKIP
    ...     record_into(recorder)
    """

    def __init__(self, recorder: Recorder, path: str | PathLike[str]) -> None:
        self.path = _path(path)
        self.error: OSError | TypeError | None = None
        self._log = recorder
        self._lock = Lock()
        self._n_reads = 0
        self._n_bytes = 0
        self._n_chunks = 0
        self._n_written = 0
        self._undelivered: deque[int] = deque()
        self._marks: dict[str, int] = {}
        self._meta = dict(recorder.meta)
        first = _first_line(self._meta)
        self._meta_line = lines.meta(self._meta)
        with _refusals(self.path):
            self._file: FileIO | None = _begun(self.path, first)
        THREAD.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def pump(self) -> None:
        """Write what is new since the last call; `journal_thread` calls this."""
        with self._lock:
            self._keep(self._news())

    def close(self, server_sent_ns: Sequence[int] | None = None) -> None:
        """Write the rest and the stream's end, and close the file.

        Parameters
        ----------
        server_sent_ns : sequence of int, optional
            When the lab wrote the last byte of each read; known only after the stream.

        If the recorder still runs, the file gets no end and loads as ``"cut"``.

        Warns
        -----
        RuntimeWarning
            If the file ends early; see `error`.
        """
        if self._finish(server_sent_ns or ()) and self.error is not None:
            warnings.warn(
                f"the journal {self.path} is not complete: {self.error}. It has the first "
                f"{self._n_written} reads; save the recording somewhere else.",
                RuntimeWarning,
                stacklevel=2,
            )

    def abandon(self) -> None:
        """Close without a warning, because the interpreter exits."""
        self._finish(())

    def _finish(self, server_sent_ns: Sequence[int]) -> bool:
        THREAD.remove(self)
        with self._lock:
            if self._file is None:
                return False
            self._keep(self._rest(server_sent_ns))
            self._file.close()
            self._file = None
        return True

    def _keep(self, news: Iterator[bytes]) -> None:
        """Write lines."""
        # A failed write may leave half a line.  Only the last line may be incomplete, so
        # nothing more is written after the first failure.
        if self._file is None or isinstance(self.error, OSError):
            return
        try:
            while some := b"".join(islice(news, _LINES_A_WRITE)):
                _write(self._file, some)
                self._n_written = self._n_reads
        except OSError as failed:
            self.error = failed

    def _news(self) -> Iterator[bytes]:
        if self._log.meta != self._meta:
            yield from self._new_meta()
        if self._log.marks != self._marks:
            yield from self._new_marks()
        if chunk_ends := self._log.chunk_ends[self._n_chunks :]:
            self._n_chunks += len(chunk_ends)
            yield lines.chunks(chunk_ends.tolist())
        yield from self._new_reads()
        delivered_ns = self._log.columns.delivered_ns
        while self._undelivered and delivered_ns[self._undelivered[0]] != UNKNOWN:
            row = self._undelivered.popleft()
            yield lines.late(row, delivered_ns=delivered_ns[row])

    def _rest(self, server_sent_ns: Sequence[int]) -> Iterator[bytes]:
        # `ended` is read before the news.  A recorder refuses reads after its end, so the
        # news then have all reads.  In the other order, reads that arrive between the two steps
        # would be missing from a file that claims to be complete.
        ended = self._log.ended
        yield from self._news()
        yield from self._new_meta()
        for row in self._undelivered:
            t_ns = self._log.columns.delivered_ns[row]
            if t_ns != UNKNOWN:
                yield lines.late(row, delivered_ns=t_ns)
        for row, t_ns in enumerate(server_sent_ns[: self._n_reads]):
            if t_ns != UNKNOWN:
                yield lines.late(row, server_sent_ns=t_ns)
        if ended is not None:
            yield lines.end(ended)

    def _new_meta(self) -> Iterator[bytes]:
        self._meta = dict(self._log.meta)
        try:
            line = lines.meta(self._meta)
        except TypeError as unwritable:
            self.error = unwritable  # the reads are still written
            return
        if line != self._meta_line:
            self._meta_line = line
            yield line

    def _new_marks(self) -> Iterator[bytes]:
        for name, t_ns in dict(self._log.marks).items():
            if self._marks.get(name) != t_ns:
                self._marks[name] = t_ns
                yield lines.mark(name, t_ns)

    def _new_reads(self) -> Iterator[bytes]:
        columns, body = self._log.columns, self._log.body
        # All reads but the last are final; the last may still grow (`Recorder.extend`).  Its
        # later bytes get a line `more`.  `body` has at least the bytes that `ends` names.
        n_reads = len(columns.ends)
        last = self._n_reads - 1
        if last >= 0 and columns.ends[last] > self._n_bytes:
            data = body[self._n_bytes : columns.ends[last]]
            self._n_bytes += len(data)
            yield lines.more(last, data)
        for row in range(self._n_reads, n_reads):
            if columns.delivered_ns[row] == UNKNOWN:
                self._undelivered.append(row)
            data = body[self._n_bytes : columns.ends[row]]
            self._n_reads, self._n_bytes = row + 1, self._n_bytes + len(data)
            yield lines.read(columns, row, data)


def save(tape: Tape, path: str | PathLike[str]) -> None:
    """Write a finished tape as a journal.

    An existing file is replaced after the new one is complete.

    Raises
    ------
    OSError
        If `path` cannot be written; an existing file is then unchanged.
    UsageError
        If the tape's meta is not JSON.
    """
    where = _path(path)
    _first_line(tape.meta)
    special = where.exists() and not where.is_file()  # a folder, a pipe, a device
    with _refusals(where):
        if special:
            _write_whole(tape, where)
        else:
            _replace_by(tape, where.resolve())


def _replace_by(tape: Tape, path: Path) -> None:
    # `replace` is atomic within one folder, hence the neighbour.  A full disk or a kill in the
    # middle of writing leaves the old file.  `path` is resolved: a link stays a link.
    part = path.with_name(path.name + ".part")
    try:
        _write_whole(tape, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_whole(tape: Tape, path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(lines.whole(tape))


def _path(path: str | PathLike[str]) -> Path:
    return Path(fspath(path)).expanduser()


def _begun(path: Path, first: bytes) -> FileIO:
    """Return a new, unbuffered file with its first line."""
    file = FileIO(path, "wb")
    try:
        _write(file, first)
    except OSError:
        file.close()
        raise
    return file


def _write(file: FileIO, data: bytes) -> None:
    # An unbuffered write may take a part only, for example on a disk that is nearly full.
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turn an OSError into one sentence with the path and a remedy."""
    try:
        yield
    except OSError as refused:
        message = (
            f"cannot write {path}: {refused.strerror}. "
            "Choose a file in a folder that exists and can be written."
        )
        raise type(refused)(message) from None


def _first_line(meta: Mapping[str, object]) -> bytes:
    try:
        return lines.header(meta)
    except TypeError as unwritable:
        raise UsageError(
            f"meta must be made of JSON values, and {unwritable}. Put text or numbers there."
        ) from None
