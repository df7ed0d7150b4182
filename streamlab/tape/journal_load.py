"""Load a journal; `journal` defines its lines.

A file that is cut off anywhere gives the tape up to its last whole line, and its `End` is
``"cut"``.  Any other mistake is a `FormatError` with the file, the line and a remedy.
"""

from __future__ import annotations

import json
import re
from array import array
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO, TypeVar, get_args

from streamlab.errors import FormatError
from streamlab.tape.journal_lines import MAX_LINE_BYTES, NAME, VERSION
from streamlab.tape.reads import (
    ARRIVALS,
    TIERS,
    UNKNOWN,
    End,
    How,
    Recorder,
    Sends,
    Stamp,
    Tape,
)
from streamlab.tape.valid import NANOSECONDS, check, said

_PASS = "Pass a file that rec.save or save= wrote."
_FIRST = f'{{"streamlab":"{NAME}"'
_FIRST_BYTES = 4096
_LOOKS_RIGHT = re.compile(rb'\s*\{\s*"streamlab"')
# The kinds of the lines after the first; a method of `_Loader` takes each.
_KINDS = ("read", "more", "late", "again", "mark", "chunks", "sends", "meta", "end")
_Word = TypeVar("_Word", bound=str)
_INT32 = range(-(2**31), 2**31)


def load(path: str | PathLike[str]) -> Tape:
    """Return the tape that a journal holds, up to the last whole line.

    If the file has no end, ``tape.end.how`` is ``"cut"`` and ``tape.end.detail`` says where.
    A FormatError says that `path` is no journal, a newer one, or damaged before its last line;
    an OSError that it cannot be read.
    """
    where = Path(fspath(path)).expanduser()
    if where.is_dir():
        raise FormatError(f"{where} is a folder. Pass the path of one recording in it.")
    try:
        file = where.open("rb")
    except OSError as refused:
        message = f"cannot read {where}: {refused.strerror}. Pass the path of a recording."
        raise type(refused)(message) from None
    with file:
        return _Loader(where).load(file)


class _Loader:
    """Rebuilds a recorder from the lines of a journal, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        self.log = Recorder()
        self.meta: dict[str, object] = {}
        self.sent: array[int] = array("q")
        self.sends: Sends | None = None
        self.end: End | None = None
        self.hole = ""

    def load(self, file: BinaryIO) -> Tape:
        """Return the tape in `file`."""
        self._header(file)
        while raw := self._line_of(file):
            entry = self._parse(raw)
            if entry is None:
                return self._tape(f"The file ends within line {self.line}, which is left out.")
            if entry:
                self._take(entry)
            if self.hole:
                return self._tape(self.hole)
        return self._tape(f"The file ends after line {self.line}, without the stream's end.")

    def _line_of(self, file: BinaryIO, begun: bytes = b"") -> bytes:
        """Return the next line; at the end of the file, nothing."""
        raw = begun if begun.endswith(b"\n") else begun + file.readline(MAX_LINE_BYTES)
        self.line += bool(raw)
        if len(raw) >= MAX_LINE_BYTES and not raw.endswith(b"\n"):
            raise self._broken(f"is longer than {MAX_LINE_BYTES:,} bytes")
        return raw

    def _header(self, file: BinaryIO) -> None:
        # A file of another kind can be endless, or one line of a gigabyte.
        begun = file.readline(_FIRST_BYTES)
        if not begun:
            raise FormatError(f"{self.path} is empty. {_PASS}")
        may_be = len(begun) < _FIRST_BYTES or _LOOKS_RIGHT.match(begun)
        raw = self._line_of(file, begun) if may_be else begun
        try:
            entry = json.loads(raw)
        except (ValueError, RecursionError):
            entry = None
        if entry is None and _is_cut(raw):
            raise FormatError(
                f"{self.path} was cut off within its first line; it holds no read."
            )
        if not isinstance(entry, dict) or entry.get("streamlab") != NAME:
            raise FormatError(
                f"{self.path} is not a recording: its first line must begin with "
                f"{_FIRST} and is {raw[:40]!r}. {_PASS}"
            )
        version = entry.get("version")
        if version != VERSION:
            raise FormatError(
                f"{self.path} is a journal of version {said(version)}, and this streamlab "
                f"reads version {VERSION}. Upgrade streamlab."
            )
        self._meta(entry)

    def _parse(self, raw: bytes) -> dict[str, object] | None:
        """Return the object of a line; {} for a blank line, None for one that was cut off."""
        if not raw.strip():
            return {}
        try:
            entry = json.loads(raw)
        except (ValueError, RecursionError):
            # Without an LF this is the last line, and a killed process left it incomplete.
            # With an LF, an edit or a damaged disk has broken it.
            if not raw.endswith(b"\n"):
                return None
            raise self._broken("is not JSON") from None
        if not isinstance(entry, dict):
            raise self._broken("is no JSON object")
        return entry

    def _take(self, entry: Mapping[str, object]) -> None:
        if self.end is not None:
            raise self._broken("comes after the stream's end")
        kind = next((kind for kind in _KINDS if kind in entry), "")
        if not kind:
            raise self._broken(f"is none of {', '.join(_KINDS)}")
        getattr(self, f"_{kind}")(entry)

    def _is_missing(self, row: object, known: int) -> bool:
        """Note a hole: the file lacks a read that comes before this line."""
        # A journal of an older streamlab, whose writer once had no memory, goes on after it.
        if type(row) is int and row > known:
            missing = f"Read {len(self.log)} is missing before line {self.line}"
            self.hole = f"{missing}; what comes after it is left out."
        return bool(self.hole)

    def _read(self, entry: Mapping[str, object]) -> None:
        if self._is_missing(entry["read"], len(self.log)):
            return
        if entry["read"] != len(self.log):
            raise self._broken(f"should be read {len(self.log)} and is {said(entry['read'])}")
        tier = self._one_of(TIERS, entry, "stamp")
        stamp = Stamp(
            self._int(entry, "arrived_ns"),
            self._int(entry, "seen_ns"),
            tier,
            self._int(entry, "n_segments", UNKNOWN, _INT32),
            self._int(entry, "lo_ns", UNKNOWN),
            self._one_of(ARRIVALS, entry, "arrival") if "arrival" in entry else None,
        )
        self.log.append(self._bytes(entry), stamp)
        self.log.columns.delivered_ns[-1] = self._int(entry, "delivered_ns", UNKNOWN)
        self.sent.append(self._int(entry, "server_sent_ns", UNKNOWN))

    def _more(self, entry: Mapping[str, object]) -> None:
        if self._is_missing(entry["more"], len(self.log) - 1):
            return
        if not len(self.log) or entry["more"] != len(self.log) - 1:
            raise self._broken(f"continues read {said(entry['more'])}, which is not the last")
        self.log.extend(self._bytes(entry))

    def _late(self, entry: Mapping[str, object]) -> None:
        row = self._int(entry, "late")
        if self._is_missing(row, len(self.log) - 1):
            return
        if row < 0:
            raise self._broken(f"has stamps of read {row}, which is not in the file")
        for name, column in (
            ("delivered_ns", self.log.columns.delivered_ns),
            ("server_sent_ns", self.sent),
        ):
            if name in entry:
                column[row] = self._int(entry, name)

    def _sends(self, entry: Mapping[str, object]) -> None:
        given = entry["sends"]
        columns = [self._ints(given, name) for name in Sends._fields]
        if len({len(column) for column in columns}) != 1:
            raise self._broken(f"has sends of several lengths: {', '.join(Sends._fields)}")
        self.sends = Sends(*columns)

    def _again(self, _entry: Mapping[str, object]) -> None:
        marks, self.log, self.sent = self.log.marks, Recorder(), array("q")
        self.log.marks.update(marks)

    def _mark(self, entry: Mapping[str, object]) -> None:
        if not isinstance(entry["mark"], str):
            raise self._broken(f"needs text as its mark and has {said(entry['mark'])}")
        self.log.mark(entry["mark"], self._int(entry, "t_ns"))

    def _chunks(self, entry: Mapping[str, object]) -> None:
        self.log.chunk_ends.extend(self._ints(entry, "chunks"))

    def _ints(self, entry: object, name: str) -> array[int]:
        found = entry.get(name) if isinstance(entry, Mapping) else None
        if not isinstance(found, list) or any(
            type(e) is not int or e not in NANOSECONDS for e in found
        ):
            raise self._broken(f"needs whole numbers as its {name} and has {said(found)}")
        return array("q", found)

    def _meta(self, entry: Mapping[str, object]) -> None:
        meta = entry.get("meta")
        if not isinstance(meta, dict):
            raise self._broken("has no object as its meta")
        self.meta = meta

    def _end(self, entry: Mapping[str, object]) -> None:
        end = entry["end"]
        if not isinstance(end, dict) or end.get("how") not in get_args(How):
            raise self._broken(f"has an end that is none of streamlab's: {said(end)}")
        self.end = End(self._int(end, "t_ns"), end["how"], str(end.get("detail", "")))

    def _bytes(self, entry: Mapping[str, object]) -> bytes:
        text, encoded, data = entry.get("text"), entry.get("b64"), None
        with suppress(ValueError):  # a lone surrogate, or not base64
            if isinstance(text, str):
                data = text.encode()
            elif isinstance(encoded, str):
                data = b64decode(encoded, validate=True)
        if data is None:
            raise self._broken('has no bytes: neither valid "text" nor "b64"')
        if not data:
            raise self._broken("has no bytes, and a read has at least one")
        return data

    def _one_of(
        self, words: tuple[_Word, ...], entry: Mapping[str, object], name: str
    ) -> _Word:
        found = next((word for word in words if word == entry.get(name)), None)
        if found is None:
            raise self._broken(f"has {said(entry.get(name))} as its {name}, none of {words}")
        return found

    def _int(
        self,
        entry: Mapping[str, object],
        name: str,
        default: int | None = None,
        within: range = NANOSECONDS,
    ) -> int:
        value = entry.get(name, default)
        # `type`, because JSON's true and false are ints to `isinstance`.  A number outside the
        # column's range would raise OverflowError in `array.append`.
        if type(value) is not int or value not in within:
            raise self._broken(f"needs a whole number as {name} and has {said(value)}")
        return value

    def _broken(self, what: str) -> FormatError:
        return FormatError(
            f"{self.path}, line {self.line}, {what}. "
            "Correct the line, or delete it and all lines after it."
        )

    def _tape(self, missing: str) -> Tape:
        end = self.end or End(self._last_ns(), "cut", missing)
        sent = self.sent if any(t_ns != UNKNOWN for t_ns in self.sent) else None
        tape = replace(self.log.finish(), end=end, meta=self.meta)
        tape = replace(tape, server_sent_ns=sent, sends=self.sends)
        try:
            check(tape)
        except ValueError as wrong:
            raise FormatError(f"{self.path} {wrong}. {_PASS}") from None
        return tape

    def _last_ns(self) -> int:
        columns = self.log.columns
        stamps = (*columns.seen_ns[-1:], *columns.delivered_ns[-1:], *self.log.marks.values())
        return max(stamps, default=0)


def _is_cut(first: bytes) -> bool:
    begins = _FIRST.encode()
    return not first.endswith(b"\n") and begins.startswith(first[: len(begins)])
