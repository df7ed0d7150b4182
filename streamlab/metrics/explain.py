"""What a metric or a column means: its unit, its formula, its source, what tools do instead."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from streamlab.errors import UnknownNameError, UsageError
from streamlab.follow.columns import COLUMNS, unit_of
from streamlab.metrics.definitions import DEFINITIONS
from streamlab.metrics.schema import TABLES
from streamlab.metrics.summary import METRICS

# The beginnings of our metrics that tools have too, by the same name in capitals.
_TOOLS = ("ttft", "ttfo", "ttst", "icl", "itl", "tpot", "ntpot", "e2e")
# The columns of tables that are no rows of one tape.
_OTHERS = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))


class Explanation(str):
    """Text that a notebook and a prompt show as it is, line by line."""

    __slots__ = ()
    __repr__ = str.__str__


def columns(table: str) -> pd.DataFrame:
    """Return the columns of a table: a DataFrame of ``dtype``, ``unit``, ``meaning``, by name.

    The `table` is ``reads``, ``lines``, ``events``, ``deltas`` or ``sends``; else UsageError.
    """
    if table not in [*COLUMNS]:
        raise UnknownNameError("table", table, COLUMNS)
    rows = {
        name: (str(TABLES[table][name]), unit_of(name), said)
        for name, said in COLUMNS[table].items()
    }
    names = ["dtype", "unit", "meaning"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names).rename_axis("column")


def explain(name: str = "") -> Explanation:
    """Return what a metric of ``rec.summary`` or a column means; UsageError for another name.

    The `name` is ``"icl_p50_ms"``, ``"reads.t_lo_ms"``, or a table: ``"reads"``.  By default
    all names are listed.
    """
    if name and name != str(name):
        said = f"explain takes a name in quotes, and {type(name).__name__} came."
        raise UsageError(f'{said} Pass "icl_p50_ms", for example.')
    metrics = {metric.__name__: metric for metric in METRICS}
    tables = {**COLUMNS, **_OTHERS}
    found = {
        f"{table}.{each}": said for table in tables for each, said in tables[table].items()
    }
    if not name or name in tables:
        first = {k: str(metric.__doc__).partition("\n")[0] for k, metric in metrics.items()}
        listed = found if name else first | found
        begin = f"{name}." * bool(name)
        wanted = (f"{k}: {v}" for k, v in listed.items() if k.startswith(begin))
        return Explanation("\n".join(wanted))
    if (base := name.removesuffix("_diff")) != name and base in metrics:
        said = f"{name}, of sl.compare\n  `{base}` minus that of the first recording.\n"
        return Explanation(said + explain(base))
    if name in metrics:
        return Explanation("\n".join(_metric(metrics[name])))
    # A column's name alone is enough: the meanings of all tables that have it.
    keys = [key for key in found if name in (key, key.partition(".")[2])]
    if not keys:
        raise UnknownNameError("metric or column", name, [*metrics, *found])
    return Explanation("\n".join(f"{_head(key)}\n  {found[key]}." for key in keys))


def _metric(metric: Callable[..., object]) -> Iterator[str]:
    name = metric.__name__
    yield _head(name)
    lines = map(str.strip, str(metric.__doc__).splitlines())
    yield from (f"  {line}" for line in lines if line)
    yield f"  Source: {metric.__module__}"
    stem = name.partition("_")[0]
    if stem in _TOOLS:
        tools = stem.replace("icl", "itl").upper()
        yield f"  What tools call {tools}, each from its own code (rec.lens() has the numbers):"
        parts = ((each.tool, _part(each, tools)) for each in DEFINITIONS)
        yield from (f"    {tool}: {said}" for tool, said in parts if said)


def _part(definition: Any, name: str) -> str:
    parts = re.split(r"(?<=[.;]) (?=[A-Z][A-Z0-9]*:)", definition.formula)
    found = (part.removeprefix(f"{name}: ") for part in parts if part.startswith(f"{name}: "))
    return next(found, "").rstrip(";")


def _head(name: str) -> str:
    unit = unit_of(name)
    return f"{name}, in {unit}" if unit else name
