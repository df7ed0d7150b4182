"""The table of lines as a notebook shows it: each line elided, as in all faces."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from streamlab.follow import Follower
from streamlab.follow.elide import LONGEST, elided, joined
from streamlab.metrics.schema import BYTES, STRING, blobs, strings


class Source:
    """The stream of a table, for its deltas; a copy in another process has none."""

    def __init__(self, follower: Follower | None = None) -> None:
        self.follower = follower

    def __reduce__(self) -> tuple[type[Source], tuple[()]]:
        return Source, ()

    def deltas(self) -> dict[str, list[str]]:
        """Return the texts that each event adds, by the beginning of its data."""
        found: dict[str, list[str]] = {}
        if (follower := self.follower) is not None:
            follower.interpret()
            for number in range(len(follower.events)):
                texts = [delta.text for delta in follower.deltas_of(number, LONGEST)]
                data = follower.events.item(number, 4 * LONGEST).data[:LONGEST]
                found.setdefault(data, []).extend(texts)
        return found


def beginnings(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the beginnings of its texts: one can be as long as the stream."""
    made = pd.DataFrame(table)
    kinds = dict(made.dtypes) if made.columns.is_unique else {}
    for name in (name for name, kind in kinds.items() if kind in (STRING, BYTES)):
        found, is_text = pa.chunked_array(pa.array(made[name].array)), kinds[name] == STRING
        if (pc.max(pc.binary_length(found)).as_py() or 0) > LONGEST:
            cut = (pc.utf8_slice_codeunits if is_text else pc.binary_slice)(found, 0, LONGEST)
            made[name] = strings(cut) if is_text else blobs(cut)
    return made


class AnyTable(type):
    """The type of `ElidedLines`, of which every DataFrame is an instance."""

    # `assert_frame_equal` asks whether the one table is an instance of the other's class.  A
    # table that a user reads from a file must be as equal to ours as a plain one.
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, pd.DataFrame)


class ElidedLines(pd.DataFrame, metaclass=AnyTable):
    """A table of lines.  Its cells are whole; only what a notebook shows of them is not."""

    # pandas hands these attributes on to what is made of a table: `head`, a selection.
    _metadata = ["_source"]  # noqa: RUF012

    def told(self, follower: Follower) -> ElidedLines:
        """Return the table, which now knows its stream."""
        self._source = Source(follower)
        return self

    @property
    def _constructor(self) -> type[ElidedLines]:
        return ElidedLines

    def __repr__(self) -> str:
        return repr(beginnings(self))

    def _repr_html_(self) -> str:
        deltas, before = getattr(self, "_source", Source()).deltas(), ""

        def value(text: object) -> str:
            nonlocal before
            said = joined(elided(str(text), deltas.get(str(text), ()), before))
            before = str(text) or before  # a blank line stands between two events
            return said

        rows = pd.get_option("display.max_rows")
        if rows and len(self) > rows:
            rows = pd.get_option("display.min_rows")
        raw = {"raw": lambda data: repr(data)[:24] + "…" * (len(repr(data)) > 24)}
        shown = beginnings(self).round({"t_ms": 3, "gap_ms": 3})  # stamps are good to 1 µs
        return shown.to_html(max_rows=rows, notebook=True, formatters={"value": value, **raw})
