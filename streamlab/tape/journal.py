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
``again``      all reads again, decoded: the reads before this line do not count
``mark``       a phase of the request, and its ``t_ns``
``meta``       request and response again, as they are known now
``sends``      when the lab wrote what, a column each: ``ends``, ``sent_ns``, ``due_ns``
``end``        the last line: when and how the stream ended
=============  ====================================================================

Unknown values are left out.  Only the last line of a file may be incomplete.

Rule 1: the journal asks the recorder for news.  A recorder never waits for a disk.
Rule 2: a journal has what the tape has, and no more: no environment, no key.
Rule 3: what was written is noted after the write.  After any failure the file is cut to its
last noted line, and the next round writes the same lines again.
"""

# Why the file can be trusted after a kill: it is unbuffered, and the operating system writes
# in the order of the calls, so a killed process leaves a beginning of the file.  There is no
# `fsync`: a crash of the machine may lose more, and a slow disk would delay the other journals.

import os
import stat
import sys
import warnings
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import FileIO
from itertools import chain, islice, pairwise, takewhile
from os import PathLike, fspath
from pathlib import Path
from threading import RLock
from typing import NamedTuple, Self

from streamlab.errors import UsageError
from streamlab.tape import journal_lines as lines
from streamlab.tape.journal_load import load
from streamlab.tape.journal_thread import THREAD
from streamlab.tape.reads import UNKNOWN, Recorder, Sends, Tape
from streamlab.tape.whole import refusals, whole

__all__ = ["Journal", "load", "save"]

# Few lines a write: a write releases the GIL, so that other threads run often.
_LINES_A_WRITE = 64
# The errors of values that JSON does not have; a second try would fail too.
_UNWRITABLE = (TypeError, ValueError, RecursionError)


class _Place(NamedTuple):
    """How far a file has come, in whole lines."""

    size: int
    n_reads: int
    n_bytes: int
    n_chunks: int


class Journal:
    """A file that follows a recorder until it is closed.

    One thread asks the recorders of all open journals for news every 40 ms and writes the
    lines at once.  A killed process loses less than 100 ms of reads.

    A failure (a full disk, no memory) does not disturb the stream: each round tries again.  If
    the last try fails too, the file ends early, `error` keeps the reason, and `close` warns.
    A forked child writes nothing to the file of its parent.

    Parameters
    ----------
    recorder : Recorder
        Never changed by the journal.  Assign new values to ``recorder.meta``: a value that
        is changed in place is not written before `close`.
    path : str or path-like
        Opened at once; an existing file is replaced.  An OSError says that it cannot be
        written, a UsageError that the meta is not JSON, or another journal writes to it.

    Examples
    --------
    >>> with Journal(recorder, "a.jsonl"):  # doctest: +SKIP
    ...     record_into(recorder)
    """

    _file: FileIO | None = None

    def __init__(self, recorder: Recorder, path: str | PathLike[str]) -> None:
        self.path = _path(path)
        self.error: Exception | None = None
        self._log = recorder
        self._pid = os.getpid()
        # The garbage collector can close a journal in the middle of a round over it, in the
        # same thread: `_busy` keeps the two apart there, and the lock in all other cases.
        self._lock = RLock()
        self._busy = False
        self._closing: Sequence[int] | None = None
        self._torn = False  # the file may be longer than `_place` notes
        self._sends: Sends | None = None
        self._undelivered: deque[int] = deque()
        self._is_again = False
        self._n_queued = 0  # reads whose delivery was asked about
        self._marks: dict[str, int] = {}
        self._meta = dict(recorder.meta)
        self._unwritable: Exception | None = None  # why the newest metadata are not written
        first = _first_line(self._meta)
        self._meta_line = lines.entry("meta", self._meta)
        try:
            # Made before it is opened: Ctrl-C between the two steps must find what to close.
            self._file = file = FileIO.__new__(FileIO)
            with refusals(self.path):
                _open(file, self.path)
                self._place = _Place(_write(file, first), 0, 0, 0)
            THREAD.add(self)
        except BaseException:
            self._shut()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._file is not None:
            self.abandon()

    def pump(self) -> None:
        """Write what is new since the last call; `journal_thread` calls this."""
        self._work(None)

    def close(
        self, server_sent_ns: Sequence[int] | None = None, sends: Sends | None = None
    ) -> None:
        """Write the rest and the stream's end, and close the file; warn if it ends early.

        What the lab wrote when is known only after the stream.  If the recorder still runs, the
        file gets no end and loads as ``"cut"``.
        """
        was_open, self._sends = self._file is not None, sends
        self._work(server_sent_ns or ())
        if was_open and self.error is not None:
            reason = str(self.error) or type(self.error).__name__
            warnings.warn(
                f"the journal {self.path} is not complete: {reason}. It has the first "
                f"{self._place.n_reads} reads; save the recording somewhere else.",
                RuntimeWarning,
                stacklevel=2,
            )

    def abandon(self) -> None:
        """Close without a warning, because the interpreter exits."""
        self._work(())

    def _work(self, closing: Sequence[int] | None) -> None:
        """Write the news, and with `closing`, the lab's send times, all of the rest."""
        # A child has a copy of the journal, with the same file behind it, and with a lock that
        # a thread of the parent may hold for ever.
        if self._file is None or os.getpid() != self._pid:
            return self._shut()
        with self._lock:
            self._closing = closing if self._closing is None else self._closing
            if self._busy:
                return None
            self._busy = True
            try:
                if self._closing is None:
                    self._keep(self._news)
                if self._closing is not None:  # since the beginning, or since a moment ago
                    self._finish()
            finally:
                self._busy = False

    def _finish(self) -> None:
        try:
            self._keep(self._rest)
        finally:  # also after Ctrl-C: what arrived before it is written first
            try:
                if self._torn:
                    self._keep(self._rest)
            finally:
                self._shut()

    def _keep(self, write: Callable[[], None]) -> None:
        """Call a method that writes lines; note its failure, and mend the file after one."""
        try:
            if self._torn and self._file is not None:
                self._file.truncate(self._place.size)  # a failed write may leave half a line
            self._torn = True
            write()
            self._torn, self.error = False, self._unwritable
        except Exception as failed:
            self.error = self.error or failed

    def _shut(self) -> None:
        """Close the file at its last whole line, and write no more."""
        THREAD.remove(self)
        file, self._file = self._file, None
        if file is None:
            return
        try:
            if os.getpid() == self._pid:
                with suppress(OSError, ValueError):  # ValueError: it was not opened
                    if self._torn:
                        file.truncate(self._place.size)
                    _lock(file)  # a forked child may hold the file open for long
        finally:
            try:
                file.close()
            except OSError as failed:  # a disk of the network may report a full disk here
                self.error = self.error or failed

    def _put(self, some: bytes, **read: int) -> None:
        assert self._file is not None
        size = self._place.size + _write(self._file, some)
        self._place = self._place._replace(size=size, **read)

    def _news(self) -> None:
        if self._log.meta != self._meta:
            self._new_meta()
        if self._log.marks != self._marks:
            self._new_marks()
        if chunk_ends := self._log.chunk_ends[self._place.n_chunks :].tolist():
            n_chunks = self._place.n_chunks + len(chunk_ends)
            self._put(lines.entry("chunks", chunk_ends), n_chunks=n_chunks)
        self._new_reads()
        delivered_ns = self._log.columns.delivered_ns
        waiting = self._undelivered
        while rows := list(takewhile(self._is_delivered, islice(waiting, _LINES_A_WRITE))):
            late = (lines.entry("late", row, delivered_ns=delivered_ns[row]) for row in rows)
            self._put(b"".join(late))
            for _ in rows:
                waiting.popleft()

    def _rest(self) -> None:
        # `ended` is read before the news.  A recorder refuses reads after its end, so the
        # news then have all reads.  In the other order, reads that arrive between the two steps
        # would be missing from a file that claims to be complete.
        ended = self._log.ended
        self._news()
        self._new_meta()
        delivered_ns = self._log.columns.delivered_ns
        late = chain(
            (
                lines.entry("late", row, delivered_ns=delivered_ns[row])
                for row in self._undelivered
                if self._is_delivered(row)
            ),
            (
                lines.entry("late", row, server_sent_ns=t_ns)
                for row, t_ns in enumerate((self._closing or ())[: self._place.n_reads])
                if t_ns != UNKNOWN
            ),
        )
        while some := b"".join(islice(late, _LINES_A_WRITE)):
            self._put(some)
        if self._sends is not None:
            self._put(lines.sends(self._sends))
        if ended is not None:
            self._put(lines.end(ended))

    def _is_delivered(self, row: int) -> bool:
        known = self._log.columns.delivered_ns
        return row < len(known) and known[row] != UNKNOWN  # `Recorder.become` has fewer rows

    def _new_meta(self) -> None:
        meta = dict(self._log.meta)
        try:
            line = lines.entry("meta", meta)
        except _UNWRITABLE as unwritable:
            self._unwritable = unwritable  # the reads are still written
        else:
            if line != self._meta_line:
                self._put(line)
                self._meta_line = line
        self._meta = meta

    def _new_marks(self) -> None:
        for name, t_ns in dict(self._log.marks).items():
            if self._marks.get(name) != t_ns:
                self._put(lines.entry("mark", name, t_ns=t_ns))
                self._marks[name] = t_ns

    def _new_reads(self) -> None:
        known = self._place.n_reads
        first = max(known - 1, 0)
        body, final, meta = self._log.final(first)
        if "stored" in meta and not self._is_again:
            return self._begin_again()
        if not any(final):  # the first read may be a secret, and none of its bytes is final
            return None
        columns = self._log.columns
        # All reads but the last are final; the last may still grow (`Recorder.extend`).  Its
        # later bytes get a line `more`.  `body` has at least the bytes that `ends` names.
        n_bytes = self._place.n_bytes
        if known and final[0] > n_bytes:
            data = bytes(body[n_bytes : final[0]])
            self._put(lines.more(known - 1, data), n_bytes=n_bytes + len(data))
        for begin in range(known - first, len(final), _LINES_A_WRITE):
            ends = final[begin : begin + _LINES_A_WRITE]
            bounds = pairwise([self._place.n_bytes, *ends])
            rows = range(first + begin, first + begin + len(ends))
            self._queue(rows)
            some = [
                lines.read(columns, row, bytes(body[start:end]))
                for row, (start, end) in zip(rows, bounds, strict=True)
            ]
            self._put(b"".join(some), n_reads=rows.stop, n_bytes=ends[-1])
        return None

    def _begin_again(self) -> None:
        """Write all reads again: they are stored decoded, because a secret stood in them."""
        # The lines before are left as they are, so that no kill can lose a read.
        self._put(lines.entry("again", 0), n_reads=0, n_bytes=0, n_chunks=0)
        self._undelivered.clear()
        self._n_queued, self._is_again = 0, True
        self._new_reads()

    def _queue(self, rows: range) -> None:
        """Remember, once, the rows that are written without their delivery."""
        new = rows[max(self._n_queued - rows.start, 0) :]
        self._undelivered.extend(row for row in new if not self._is_delivered(row))
        self._n_queued = max(self._n_queued, rows.stop)


def save(tape: Tape, path: str | PathLike[str]) -> None:
    """Write a finished tape as a journal; an old file is replaced when the new is complete.

    An OSError says that `path` cannot be written, a UsageError that the meta is not JSON.
    """
    _first_line(tape.meta)
    with whole(_path(path)) as file:
        file.writelines(lines.whole(tape))


def _path(path: str | PathLike[str]) -> Path:
    return Path(fspath(path)).expanduser()


def _open(file: FileIO, path: Path) -> None:
    # Empty, unbuffered, and no other journal writes to it.
    # "ab", because "wb" would empty the other journal's file before the lock is asked.
    file.__init__(path, "ab")  # type: ignore[misc]
    kind = os.fstat(file.fileno()).st_mode
    if stat.S_ISREG(kind) or stat.S_ISFIFO(kind):
        _lock(file, path)
    if stat.S_ISREG(kind):
        file.truncate(0)


def _lock(file: FileIO, path: Path | None = None) -> None:
    """Refuse a file to which a journal of any process writes; without a path, unlock it."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB if path else fcntl.LOCK_UN)
    except BlockingIOError:
        raise UsageError(
            f"cannot save to {path}: another stream is being saved to this file. "
            "Choose another file."
        ) from None
    except OSError:
        pass  # a file system without locks


def _write(file: FileIO, data: bytes) -> int:
    # An unbuffered write may take a part only, for example on a disk that is nearly full.
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    return len(data)


def _first_line(meta: Mapping[str, object]) -> bytes:
    try:
        return lines.header(meta)
    except _UNWRITABLE as unwritable:
        raise UsageError(
            f"meta must be made of JSON values, and {unwritable}. Put text or numbers there."
        ) from None
