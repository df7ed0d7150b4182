"""What each column of the tables means: the one text behind docstrings, files and `explain`."""

# It is here, and not beside the tables, because a docstring is made at import, when pandas must
# not be loaded.

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

# Table, column, meaning.  Units are in the names, see `unit_of`.
COLUMNS: Mapping[str, Mapping[str, str]] = json.loads(
    Path(__file__).with_suffix(".json").read_text("utf-8")
)

HOW_TO_ASK = 'sl.explain("icl_p50_ms") says what a metric means, sl.explain() lists all.'

_UNITS = {
    "_ms": "ms",
    "_ns": "ns of the monotonic clock",
    "_bytes": "bytes",
    "_share": "from 0 to 1",
}


def unit_of(name: str) -> str:
    """Return the unit of a column or a metric by its name; "" without one."""
    if name.startswith(("tok_s", "prefill_tok_s")):
        return "tokens/s"
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")


def described(table: str) -> Callable[[F], F]:
    """Add the meanings of the columns of a table to the docstring of a function."""

    def add(function: F) -> F:
        rows = "\n".join(f"- ``{name}``: {said}" for name, said in COLUMNS[table].items())
        function.__doc__ = f"{function.__doc__}\n\nColumns:\n\n{rows}\n"
        return function

    return add
