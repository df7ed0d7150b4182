"""Make tapes from tapes: slower, later, shorter, or cut into other reads.

An edit is a function ``Tape -> Tape``.  It changes nothing in place and no byte that it keeps,
and t0 stays.  It moves the stamps, the lab's send times, the phases and the end together.
``meta["edits"]`` lists the edits, so an edited tape is not taken for an observation.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from itertools import cycle
from numbers import Real
from operator import index
from typing import SupportsIndex

from streamlab.errors import UsageError
from streamlab.tape.reads import UNKNOWN, Columns, End, How, Sends, Stamp, Tape

__all__ = ["cut", "rechunk", "stall", "stretch"]

_Move = Callable[[int], int]


def stretch(tape: Tape, factor: float) -> Tape:
    """Return a tape on which all times since t0 are multiplied by `factor`, more than 0.

    2 is half as fast, 0.5 twice as fast; anything else raises a UsageError.
    """
    times, t0_ns = _number(factor), tape.t0_ns
    if not 0 < times < math.inf:
        raise UsageError(f"a factor is a number more than 0, and got {factor!r}. Try 2 or 0.5.")
    return _noted(
        _moved(tape, lambda t_ns: t0_ns + round((t_ns - t0_ns) * times), 0, None),
        f"stretch(factor={times:g})",
    )


def stall(
    tape: Tape, for_ms: float, *, read: int | None = None, t_ms: float | None = None
) -> Tape:
    """Return a tape with a pause: all reads after it arrive `for_ms` later, 0 or more.

    Give either `read`, the first read that is late, where a negative number counts from the
    end; or `t_ms`, the moment of the pause, in ms since t0: reads that arrived then or later
    are late.  Anything else raises a UsageError.
    """
    pause_ms = _number(for_ms)
    if not 0 <= pause_ms < math.inf:
        raise UsageError(f"a pause is 0 ms or more, and got {for_ms!r}. Try for_ms=300.")
    _only_one("stall", read=read, t_ms=t_ms)
    if read is not None:
        row = _row(tape, read)
        from_ns = tape.columns.arrived_ns[row]
    else:
        from_ns = _moment(tape, t_ms or 0)
        row = bisect_left(tape.columns.arrived_ns, from_ns)
    pause_ns = round(pause_ms * 1e6)
    place = f"{t_ms=}" if read is None else f"{read=}"
    late = _moved(tape, lambda t_ns: t_ns + pause_ns, row, from_ns)
    # A pause may begin at t0 itself, and t0 is a mark: of these two, whichever there is.
    asked = {name: t for name, t in tape.marks.items() if name in ("called", "request_sent")}
    late = replace(late, marks={**late.marks, **asked})
    return _noted(late, f"stall(for_ms={pause_ms:g}, {place})")


def cut(
    tape: Tape,
    *,
    reads: int | None = None,
    n_bytes: int | None = None,
    t_ms: float | None = None,
    how: How = "reset",
) -> Tape:
    """Return the beginning of a tape, as if the stream had broken off.

    Keep so many `reads` or `n_bytes`: the stream ends when the next would have arrived.  Or
    keep what arrived at most `t_ms` after t0.  Anything but one of the three, or more than the
    tape has, raises a UsageError.  `how` the stream ends then: see `streamlab.tape.How`.
    """
    _only_one("cut", reads=reads, n_bytes=n_bytes, t_ms=t_ms)
    place = f"{reads=}" if reads is not None else f"{n_bytes=}" if t_ms is None else f"{t_ms=}"
    size, end_ns = _break(tape, reads, n_bytes, t_ms)
    columns, sends = _head(tape.columns, size), tape.sends
    # A stream does not end before its last read was seen: `arrived_ns` of the next read, or
    # `t_ms`, may be earlier than that.
    end_ns = max([end_ns, *columns.seen_ns[-1:], *columns.delivered_ns[-1:]])
    shorter = replace(
        tape,
        body=memoryview(tape.body)[:size],
        columns=columns,
        end=End(end_ns, how, f"cut on purpose after {size} bytes"),
        marks={name: at_ns for name, at_ns in tape.marks.items() if at_ns <= end_ns},
        server_sent_ns=tape.server_sent_ns and tape.server_sent_ns[: len(columns.ends)],
        sends=sends
        and Sends(*(each[: bisect_left(sends.ends, size) + bool(size)] for each in sends)),
    )
    return _noted(shorter, f"cut({place}, {how=})")


def rechunk(tape: Tape, sizes: int | Iterable[int]) -> Tape:
    """Return a tape with the same bytes in other reads.

    A new read has the stamp of the old read that brought its last byte, and the lower bound
    ``lo_ns`` of the old read that brought its first byte.  Its number of segments is unknown,
    unless it has the same bytes as an old read.  It is ``merged`` if it has bytes of several.

    The `sizes` of the new reads, in bytes, repeat until the body ends; one that is not a whole
    number, 1 or more, raises a UsageError.
    """
    given = [_whole(size) for size in (sizes if isinstance(sizes, Iterable) else [sizes])]
    if not given or min(given) < 1:
        raise UsageError(
            f"sizes are whole numbers of bytes, 1 or more, and got {sizes!r}. Try sizes=1."
        )
    old, new = tape.columns, Columns()
    sent = tape.server_sent_ns and array("q")
    for start, end in _bounds(len(tape.body), given):
        row = bisect_left(old.ends, end)
        new.append(end, _stamp(old, start, end, row))
        new.delivered_ns[-1] = old.delivered_ns[row]
        if sent is not None and tape.server_sent_ns is not None:
            sent.append(tape.server_sent_ns[row])
    name = f"rechunk({given[0] if len(given) == 1 else given})"
    return _noted(replace(tape, columns=new, server_sent_ns=sent), name)


def _moved(tape: Tape, move: _Move, first: int, from_ns: int | None) -> Tape:
    """Move the reads from row `first` on, and the phases and the end since `from_ns`."""

    def column(times: array[int], first: int = first) -> array[int]:
        later = (t_ns if t_ns == UNKNOWN else move(t_ns) for t_ns in times[first:])
        return times[:first] + array("q", later)

    def moment(t_ns: int) -> int:
        return move(t_ns) if from_ns is None or t_ns >= from_ns else t_ns

    sends = tape.sends
    write = bisect_right(sends.ends, tape.columns.start(first)) if sends else 0
    columns = replace(
        tape.columns,
        arrived_ns=column(tape.columns.arrived_ns),
        seen_ns=column(tape.columns.seen_ns),
        delivered_ns=column(tape.columns.delivered_ns),
        lo_ns=column(tape.columns.lo_ns),
    )
    return replace(
        tape,
        columns=columns,
        end=replace(tape.end, t_ns=moment(tape.end.t_ns)),
        marks={name: moment(t_ns) for name, t_ns in tape.marks.items()},
        server_sent_ns=tape.server_sent_ns and column(tape.server_sent_ns),
        sends=sends and Sends(sends.ends, *(column(each, write) for each in sends[1:])),
    )


def _break(
    tape: Tape, reads: int | None, n_bytes: int | None, t_ms: float | None
) -> tuple[int, int]:
    """Return after how many bytes a stream breaks off, and when, in ns."""
    columns = tape.columns
    if t_ms is not None:
        end_ns = _moment(tape, t_ms)
        return columns.start(bisect_right(columns.arrived_ns, end_ns)), end_ns
    if reads is not None:
        size = columns.start(_within("reads", reads, len(tape)))
    else:
        size = _within("n_bytes", n_bytes, len(tape.body))
    lost = bisect_right(columns.ends, size)
    return size, columns.arrived_ns[lost] if lost < len(tape) else tape.end.t_ns


def _head(columns: Columns, size: int) -> Columns:
    """Return the rows of the first `size` bytes; the last read may be shorter then."""
    n_rows = bisect_left(columns.ends, size) + 1 if size else 0
    head = Columns(*(getattr(columns, column.name)[:n_rows] for column in fields(columns)))
    if n_rows and head.ends[-1] > size:
        head.ends[-1], head.n_segments[-1] = size, UNKNOWN
    return head


def _bounds(size: int, sizes: Iterable[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for step in cycle(sizes):
        if start >= size:
            return
        yield start, min(start + step, size)
        start += step


def _stamp(columns: Columns, start: int, end: int, row: int) -> Stamp:
    """Return the stamp of a new read whose last byte came with the read `row`."""
    stamp = columns.stamp(row)
    if (start, end) == (columns.start(row), columns.ends[row]):
        return stamp
    # A new read that joins old reads is like a merged one: its bytes came in an interval.  The
    # interval begins where the first byte's read began.  A read of one segment has no `lo_ns`,
    # because all of it came at one moment; that moment is then the bound.
    first = bisect_right(columns.ends, start)
    lo_ns = columns.lo_ns[first]
    if first == row:
        return stamp._replace(n_segments=UNKNOWN, lo_ns=lo_ns)
    if lo_ns == UNKNOWN and columns.n_segments[first] == 1:
        lo_ns = columns.arrived_ns[first]
    return stamp._replace(n_segments=UNKNOWN, lo_ns=lo_ns, arrival="merged")


def _noted(tape: Tape, edit: str) -> Tape:
    before = tape.meta.get("edits")
    edits = [*before, edit] if isinstance(before, list) else [edit]
    return replace(tape, meta={**tape.meta, "edits": edits})


def _moment(tape: Tape, t_ms: object) -> int:
    last_ms = (tape.end.t_ns - tape.t0_ns) / 1e6
    if not 0 <= _number(t_ms) <= last_ms:
        raise UsageError(
            f"t_ms must be on the tape, from 0 to {last_ms:g} ms, and got {t_ms!r}. "
            "Choose a moment before its end."
        )
    return tape.t0_ns + round(_number(t_ms) * 1e6)


def _row(tape: Tape, read: object) -> int:
    if isinstance(read, SupportsIndex) and -len(tape) <= index(read) < len(tape):
        return index(read) % len(tape)
    raise UsageError(
        f"read must be one of the tape's {len(tape)} reads, and got {read!r}. "
        "Count from 0, or from the end with -1."
    )


def _within(name: str, value: object, most: int) -> int:
    if 0 <= _whole(value) <= most:
        return _whole(value)
    raise UsageError(
        f"{name} must be a whole number from 0 to {most} (all of the tape), "
        f"and got {value!r}. Choose less."
    )


def _only_one(edit: str, **places: object) -> None:
    given = [name for name, value in places.items() if value is not None]
    if len(given) != 1:
        raise UsageError(
            f"{edit} needs exactly one of {', '.join(places)}, "
            f"and got {' and '.join(given) or 'none'}. Name one place on the tape."
        )


def _number(value: object) -> float:
    return float(value) if isinstance(value, Real) else math.nan


def _whole(value: object) -> int:
    """Return a whole number as int, also numpy's; -1 for anything else."""
    return index(value) if isinstance(value, SupportsIndex) else -1
