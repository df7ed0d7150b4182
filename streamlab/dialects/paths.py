"""A small language of paths to a value in JSON: ``$.choices[0].text``.

A path is ``$``, the whole value, and then names and numbers: ``.name``, ``["any name"]``,
``[0]``; ``[*]`` is every element of a list.
"""

from __future__ import annotations

import re
from itertools import pairwise

Step = str | int | None
"""A key, an index, or None for every element."""

_STEP = re.compile(r"""\.([^.\[\]"'\s]+)|\[(-?\d+)\]|\[(\*)\]|\[("[^"]*"|'[^']*')\]""")


def steps(path: str) -> tuple[Step, ...]:
    """Return the steps of a path.

    Raises
    ------
    ValueError
        If `path` is none.
    """
    found, at = list[Step](), 1
    if not path.startswith("$"):
        raise ValueError(path)
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(path)
        name, number, every, quoted = step.groups()
        key = name if quoted is None else quoted[1:-1]
        found.append(int(number) if number else None if every else key)
        at = step.end()
    return tuple(found)


def values_at(value: object, path: tuple[Step, ...]) -> list[object]:
    """Return the values at a path, without null; usually one or none."""
    values = [value]
    for step in path:
        values = [inner for each in values for inner in _inner(each, step)]
    return [each for each in values if each is not None]


def _inner(value: object, step: Step) -> list[object]:
    if isinstance(value, dict):
        return [value[step]] if step in value else []
    if not isinstance(value, list) or isinstance(step, str):
        return []
    at = slice(None) if step is None else slice(step, step + 1 or None)
    return value[at]


def put(
    root: dict[str, object], path: tuple[Step, ...], leaf: object, limit: int = 1000
) -> bool:
    """Set a value at a path, with all that is missing on the way; return whether it could be.

    A list grows by at most `limit` elements.
    """
    if not path or not isinstance(path[0], str):
        return False
    inner: object = root
    for step, after in pairwise(path):
        empty: object = {} if isinstance(after, str) else []
        inner = _entered(inner, step, empty, limit)
    return _entered(inner, path[-1], leaf, limit, replace=True) is leaf


def _entered(
    inner: object, step: Step, value: object, limit: int, replace: bool = False
) -> object:
    """Return the value at a step, which is `value` where there was none."""
    if isinstance(inner, list) and isinstance(step, int) and 0 <= step < len(inner) + limit:
        inner.extend([None] * (step + 1 - len(inner)))
        at: object = inner[step]
    elif isinstance(inner, dict) and isinstance(step, str):
        at = inner.get(step)
    else:
        return None
    if replace or at is None:
        inner[step] = at = value  # type: ignore[index]
    return at
