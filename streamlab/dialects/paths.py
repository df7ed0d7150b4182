"""A small language of paths to a value in JSON: ``$.choices[0].text``.

A path is ``$``, the whole value, and then names and numbers: ``.name``, ``["any name"]``,
``[0]``; ``[*]`` is every element of a list.
"""

import re

from streamlab.dialects.reading import a_dict, a_list

# Keys and indexes; None is every element.
Path = tuple[str | int | None, ...]
# The longest list that `placed` makes.
MOST = 1000

_STEP = re.compile(r"""\.([^.\[\]"'\s]+)|\[(-?\d+)\]|\[(\*)\]|\[("[^"]*"|'[^']*')\]""")


def path_of(text: str) -> Path | None:
    """Return the steps of a path; None if `text` is no path."""
    found = list(_STEP.finditer(text, 1))
    if text != "$" + "".join(step[0] for step in found):
        return None
    return tuple(
        int(number) if number else None if every else name or quoted[1:-1]
        for name, number, every, quoted in (step.groups() for step in found)
    )


def values_at(value: object, path: Path) -> list[object]:
    """Return the values at a path, without null; usually one or none."""
    values = [value]
    for step in path:
        if isinstance(step, str):
            values = [a_dict(each).get(step) for each in values]
        else:
            place = slice(None) if step is None else slice(step, step + 1 or None)
            values = [inner for each in values for inner in a_list(each)[place]]
    return [each for each in values if each is not None]


def placed(inner: object, path: Path, leaf: object) -> object:
    """Return a value with `leaf` at a path, and with all that is missing on the way."""
    if not path:
        return leaf
    step, *rest = path
    if isinstance(step, str):
        found = a_dict(inner)
        return {**found, step: placed(found.get(step), tuple(rest), leaf)}
    row = a_list(inner)
    if step is None or not 0 <= step < MOST:
        return row
    row = row + [None] * (step + 1 - len(row))
    return [*row[:step], placed(row[step], tuple(rest), leaf), *row[step + 1 :]]
