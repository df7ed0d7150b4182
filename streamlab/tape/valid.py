"""What a tape from a file must be, so that every table, face and number of it can be made.

Rule: a file is refused when it is loaded, or it is usable.  It may come from another person.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from operator import le, lt
from typing import get_args
from urllib.parse import urlsplit

from streamlab.tape.reads import ARRIVALS, TIERS, UNKNOWN, How, Tape

NANOSECONDS = range(-(2**60), 2**60)
"""36 years of the monotonic clock.  A difference or a sum of two of them has 64 bits too."""

_WALL_NS = range(2**62)  # until 2116
_DEEPEST = 100  # levels of JSON: Python encodes, copies and prints them without RecursionError


def check(tape: Tape) -> None:
    """Raise a ValueError that says, after the name of a file, what is wrong with its tape."""
    _check_reads(tape)
    end, meta = tape.end, tape.meta
    _check(_is_moment(end.t_ns), "a time in ns as its end", end.t_ns)
    _check(end.how in get_args(How), "one of streamlab's ends", end.how)
    _check(_is_text(end.detail), "text as the detail of its end", end.detail)
    for name, t_ns in tape.marks.items():
        _check(_is_moment(t_ns), f"a time in ns as its mark {said(name)}", t_ns)
    _check(_is_shallow(meta, _DEEPEST), f"metadata of at most {_DEEPEST} levels", meta)
    for name, (is_right, what) in _META.items():
        value = meta.get(name)
        _check(value is None or is_right(value), f"{what} as its {name}", value)


def said(value: object) -> str:
    """Return a value of a file, as a sentence about the file quotes it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _check(is_right: bool, what: str, value: object) -> None:
    if not is_right:
        raise ValueError(f"needs {what} and has {said(value)}")


def _check_reads(tape: Tape) -> None:
    columns, n_reads = tape.columns, len(tape)
    sent, chunks = tape.server_sent_ns or (), tape.chunk_ends or ()
    for column in tape.sends or ():
        _check(_are(column, NANOSECONDS), "the lab's log", column)
    for times in (columns.arrived_ns, columns.seen_ns, columns.delivered_ns, columns.lo_ns):
        _check(len(times) == n_reads and _are(times, NANOSECONDS), "a time a read", times)
    _check(len(sent) in (0, n_reads) and _are(sent, NANOSECONDS), "a send time a read", sent)
    for numbers, within, what in (
        (columns.n_segments, range(UNKNOWN, 2**31), "numbers of segments"),
        (columns.tier, range(len(TIERS)), "known tiers"),
        (columns.arrival, range(UNKNOWN, len(ARRIVALS)), "known arrivals"),
        (chunks, NANOSECONDS, "ends of chunks"),
    ):
        _check(_are(numbers, within), what, numbers)
    bounds, size = array("q", [0]) + columns.ends, len(tape.body)
    _check(_rise(bounds, lt) and bounds[-1] == size, f"reads of {size} bytes", columns.ends)
    _check(_rise(chunks, le), "ends of chunks in their order", chunks)


def _are(values: Sequence[int], within: range) -> bool:
    return not values or (min(values) in within and max(values) in within)


def _rise(values: Sequence[int], in_order: Callable[[int, int], bool]) -> bool:
    return all(map(in_order, values, islice(values, 1, None)))


def _is_moment(value: object) -> bool:
    return type(value) is int and value in NANOSECONDS  # a bool is an int to `isinstance`


def _is_shallow(value: object, levels: int) -> bool:
    inside: Iterable[object] = ()
    if isinstance(value, Mapping):
        inside = value.values()
    elif isinstance(value, list):
        inside = value
    return levels > 0 and all(_is_shallow(each, levels - 1) for each in inside)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_url(value: object) -> bool:
    try:
        return isinstance(value, str) and urlsplit(value).port is not False
    except ValueError:
        return False


def _is_anchor(value: object) -> bool:
    names = ("mono_ns", "wall_ns", "error_ns")
    return (
        isinstance(value, Mapping)
        and set(value) == set(names)
        and all(_is_moment(value[name]) for name in ("mono_ns", "error_ns"))
        and type(value["wall_ns"]) is int
        and value["wall_ns"] in _WALL_NS
    )


def _is_paths(value: object) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value.values()))


_TEXT = (_is_text, "text")
_META: Mapping[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(("label", "dialect", "model", "method", "reason", "lab_stream"), _TEXT),
    **dict.fromkeys(("http_version", "content_type", "content_encoding"), _TEXT),
    "url": (_is_url, "a URL"),
    "status": (lambda value: type(value) is int and value in range(1000), "a status of HTTP"),
    "reader": (_is_paths, "paths"),
    "anchor": (_is_anchor, "mono_ns, wall_ns and error_ns"),
}
