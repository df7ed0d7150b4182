"""What a tape from a file must be, so that every table, face and number of it can be made.

Rule: a file is refused when it is loaded, or it is usable.  It may come from another person.
"""

from array import array
from collections.abc import Callable, Mapping
from itertools import islice
from operator import le, lt
from typing import get_args
from urllib.parse import urlsplit

from streamlab.tape.reads import ARRIVALS, TIERS, UNKNOWN, How, Tape

# 36 years of the monotonic clock.  A difference or a sum of two of them has 64 bits too.
NANOSECONDS = range(-(2**60), 2**60)
_ANCHOR = {"mono_ns": NANOSECONDS, "wall_ns": range(2**62), "error_ns": NANOSECONDS}
_DEEPEST = 100  # levels of JSON: Python encodes, copies and prints them without RecursionError


def check(tape: Tape) -> None:
    """Raise a ValueError that says, after the name of a file, what is wrong with its tape."""
    _check_reads(tape)
    end, meta = tape.end, tape.meta
    _check(_is_int(end.t_ns, NANOSECONDS), "a time in ns as its end", end.t_ns)
    _check(end.how in get_args(How), "one of streamlab's ends", end.how)
    _check(isinstance(end.detail, str), "text as the detail of its end", end.detail)
    for name in (*tape.marks, *meta):
        _check(_is_text(name), "text as each name", name)
    for name, t_ns in tape.marks.items():
        _check(_is_int(t_ns, NANOSECONDS), f"a time in ns as its mark {said(name)}", t_ns)
    _check(_is_shallow(meta, _DEEPEST), f"metadata of at most {_DEEPEST} levels", meta)
    for name, is_right in _META.items():
        value = meta.get(name)
        _check(value is None or is_right(value), f"another {name}", value)


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
    lengths = {len(each) for each in tape.sends or ()}
    _check(len(lengths) < 2, "sends of one length", tape.sends)
    bounds, size = array("q", [0]) + columns.ends, len(tape.body)
    grow = all(map(lt, bounds, islice(bounds, 1, None)))
    _check(grow and bounds[-1] == size, f"reads of {size} bytes", columns.ends)
    in_order = all(map(le, chunks, islice(chunks, 1, None)))
    _check(in_order, "ends of chunks in their order", chunks)


def _is_int(value: object, within: range) -> bool:
    return type(value) is int and value in within  # a bool is an int to `isinstance`


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


def _are_headers(value: object) -> bool:
    pairs = value if isinstance(value, list) else [None]
    return all(isinstance(p, list) and len(p) == 2 and all(map(_is_text, p)) for p in pairs)


def _is_anchor(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and value.keys() == _ANCHOR.keys()
        and all(_is_int(value[name], within) for name, within in _ANCHOR.items())
    )


_TEXTS = (
    *("label", "dialect", "model", "method", "reason", "lab_stream", "http_version"),
    *("content_type", "content_encoding"),
)
_META: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(_TEXTS, _is_text),
    "url": _is_url,
    "status": lambda value: _is_int(value, range(1000)),
    "reader": lambda value: isinstance(value, Mapping) and all(map(_is_text, value.values())),
    "anchor": _is_anchor,
    "headers": _are_headers,
}
