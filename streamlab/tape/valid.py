"""What a tape from a file must be, so that every table, face and number of it can be made.

Rule: a file is refused when it is loaded, or it is usable.  It may come from another person.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from operator import le, lt
from typing import get_args
from urllib.parse import urlsplit

from streamlab.tape.reads import ARRIVALS, TIERS, UNKNOWN, How, Tape

NANOSECONDS = range(-(2**60), 2**60)
"""36 years of the monotonic clock.  A difference or a sum of two of them has 64 bits too."""

_ANCHOR = {"mono_ns": NANOSECONDS, "wall_ns": range(2**62), "error_ns": NANOSECONDS}
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
    columns, chunks = tape.columns, tape.chunk_ends or ()
    times = (columns.arrived_ns, columns.seen_ns, columns.delivered_ns, columns.lo_ns)
    for values, within, what in (
        *((each, NANOSECONDS, "times in ns") for each in (*times, *(tape.sends or ()))),
        (tape.server_sent_ns or (), NANOSECONDS, "send times in ns"),
        (columns.n_segments, range(UNKNOWN, 2**31), "numbers of segments"),
        (columns.tier, range(len(TIERS)), "known tiers"),
        (columns.arrival, range(UNKNOWN, len(ARRIVALS)), "known arrivals"),
        (chunks, NANOSECONDS, "ends of chunks"),
    ):
        _check(not values or (min(values) in within and max(values) in within), what, values)
    bounds, size = array("q", [0]) + columns.ends, len(tape.body)
    _check(_rise(bounds, lt) and bounds[-1] == size, f"reads of {size} bytes", columns.ends)
    _check(_rise(chunks, le), "ends of chunks in their order", chunks)


def _rise(values: Sequence[int], in_order: Callable[[int, int], bool]) -> bool:
    return all(map(in_order, values, islice(values, 1, None)))


def _is_moment(value: object) -> bool:
    return type(value) is int and value in NANOSECONDS  # a bool is an int to `isinstance`


def _is_shallow(value: object, levels: int) -> bool:
    inside = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(inside, list):
        return True
    return levels > 0 and all(_is_shallow(each, levels - 1) for each in inside)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_url(value: object) -> bool:
    try:
        return isinstance(value, str) and urlsplit(value).port is not False
    except ValueError:
        return False


def _is_anchor(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and value.keys() == _ANCHOR.keys()
        and all(type(value[name]) is int and value[name] in _ANCHOR[name] for name in _ANCHOR)
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
