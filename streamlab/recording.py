"""What a user holds: one stream, with its facts, its tables and its pictures.

A `Recording` computes nothing.  Facts come from the tape, tables from ``metrics``,
pictures from ``plots``, files from ``formats``; all of them when they are first asked for.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamlab.errors import StreamFailedError
from streamlab.faces import html, text
from streamlab.tape import End, Tape

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from streamlab.metrics import Tables
    from streamlab.metrics.lens import Lens


class Recording:
    """One finished stream.

    Made by ``sl.record``, ``sl.stream``, ``sl.load`` and their kin.

    Attributes
    ----------
    tape : Tape
        The facts: reads and their stamps.
    """

    def __init__(self, tape: Tape, dialect: str = "", label: str = "") -> None:
        self.tape = tape
        self._label = label
        self._dialect = dialect or str(tape.meta.get("dialect") or "auto")

    # facts

    @property
    def meta(self) -> Mapping[str, Any]:
        """Request and response in JSON values; never a key."""
        return self.tape.meta

    @property
    def end(self) -> End:
        """How the stream ended: ``end.how``, ``end.detail``, ``end.t_ns``."""
        return self.tape.end

    @property
    def label(self) -> str:
        """What tables and pictures call it."""
        return str(self._label or self.meta.get("label") or self.meta.get("model") or "stream")

    @property
    def dialect(self) -> str:
        """The provider's format in which it was read; found out, if it was ``auto``."""
        return self.tables.follower.dialect

    @property
    def body(self) -> bytes:
        """The body as it was sent, all reads joined; compressed if it was sent so."""
        return bytes(self.tape.body)

    # the answer

    @property
    def text(self) -> str:
        """The content, joined."""
        return self.tables.answer.text

    @property
    def reasoning(self) -> str:
        """The reasoning, joined."""
        return self.tables.answer.reasoning

    @property
    def refusal(self) -> str:
        """The refusal, joined."""
        return self.tables.answer.refusal

    @property
    def tool_calls(self) -> list[Any]:
        """The tool calls: ``id``, ``name``, and ``arguments`` as text."""
        return list(self.tables.answer.tool_calls)

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped, in the provider's word."""
        return self.tables.answer.finish_reason

    @property
    def usage(self) -> Mapping[str, Any] | None:
        """What the server says it used, in the provider's keys; None if it did not say."""
        return self.tables.answer.usage

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The error object that came in the stream."""
        return self.tables.answer.error

    @property
    def complete(self) -> bool | None:
        """Whether the API's own terminal signal came, and no error.

        None where the format has none, so that nobody can say (plain SSE, NDJSON).
        """
        return self.tables.answer.complete

    @property
    def problem(self) -> str | None:
        """What went wrong, in one sentence; None if nothing did."""
        return self.tables.problem

    def raise_for_status(self) -> Recording:
        """Return this recording if all went well.

        Raises
        ------
        StreamFailedError
            With `problem` as its message.
        """
        if self.problem:
            raise StreamFailedError(self.problem)
        return self

    # tables

    @cached_property
    def tables(self) -> Tables:
        """Where the tables are made, each when first asked for."""
        from streamlab.metrics import Tables

        return Tables(self.tape, self._dialect, self.label)

    @property
    def reads(self) -> pd.DataFrame:
        """One row a read of the socket: bytes and stamps, the only facts."""
        return self.tables.reads

    @property
    def lines(self) -> pd.DataFrame:
        """One row a line, blank ones and those the standard discards included."""
        return self.tables.lines

    @property
    def events(self) -> pd.DataFrame:
        """One row a dispatched event."""
        return self.tables.events

    @property
    def deltas(self) -> pd.DataFrame:
        """One row for each thing an event adds."""
        return self.tables.deltas

    @property
    def summary(self) -> pd.Series[Any]:
        """The metrics of this one stream; NaN where undefined."""
        from streamlab.metrics import summary

        return summary(self.tables)

    @property
    def phases(self) -> pd.DataFrame:
        """From the call to the end, one row a phase, in ms since t0."""
        from streamlab.metrics.phases import phases

        return phases(self.tables)

    def lens(self, tokenizer: Callable[[str], Any] | None = None) -> Lens:
        """Return every benchmark tool's TTFT, ITL, TPOT, … from this one stream.

        Parameters
        ----------
        tokenizer : callable, optional
            Text to tokens, or to their number, for the tools that tokenise by themselves;
            without it they are given the server's count, and ``tokens`` says so.
        """
        from streamlab.metrics.lens import lens

        return lens(self.tables, tokenizer)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the events to polars, duckdb or pyarrow."""
        import pyarrow as pa

        return pa.table(self.events).__arrow_c_stream__(requested_schema)

    # pictures

    @property
    def plot(self) -> Plots:
        """The pictures: ``rec.plot()``, ``rec.plot.gaps(ax=ax)``, …."""
        return Plots(self)

    def __repr__(self) -> str:
        return text.text(self.tables)

    def _repr_html_(self) -> str:
        return html.html(self.tables)

    # files

    def save(self, path: str | PathLike[str]) -> Path:
        """Save the recording; the ending of the name chooses the format.

        Parameters
        ----------
        path : str or path
            Loaded again with every stamp: ``.jsonl`` (a journal) and ``.parquet``.  For
            others: ``.sse`` or ``.ndjson`` (the body alone), ``.trace.json`` (for Perfetto).
            A file that is there is replaced.

        Returns
        -------
        Path
            Where it is.

        Raises
        ------
        UnknownNameError
            If the ending is another.
        OSError
            If the file cannot be written; one that was there is then unharmed.
        """
        from streamlab import formats

        return formats.save(self.tables, path)


def load(path: str | PathLike[str], dialect: str = "", label: str = "") -> Recording:
    """Load a recording that was saved, or whose process was killed.

    Parameters
    ----------
    path : str or path
        A ``.jsonl`` journal or a ``.parquet`` file.
    dialect : str
        Read it in another dialect than it was recorded in.
    label : str
        Call it otherwise than it was called.

    Raises
    ------
    FormatError
        If the file is no recording, or its format does not keep every stamp.
    FileNotFoundError
        If there is none.
    """
    from streamlab import formats

    return Recording(formats.load(path), dialect, label)


def _in_few_words(recording: Recording, level: int) -> str:
    """Name a recording where a debugger would print it: asyncio puts results into reprs.

    ``asyncio.run`` formats its task twice, with the result in it; a full repr would make all
    the tables for that.
    """
    del level
    return f"<Recording {recording.label!r}, {len(recording.tape)} reads>"


reprlib.aRepr.repr_Recording = _in_few_words  # type: ignore[attr-defined]


class Plots:
    """The pictures of one recording, by name; called, it draws the staircase."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def __call__(self, *, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the staircase: how much had arrived, when."""
        return self._draw("staircase", ax=ax, **options)

    def __getattr__(self, name: str) -> Callable[..., Axes]:
        from streamlab import plots

        if name.startswith("_") or name not in plots.PLOTS:
            raise AttributeError(
                f"no plot {name!r}; there are: {', '.join(sorted(plots.PLOTS))}. "
                "Call one of them."
            )

        def draw(*, ax: Axes | None = None, **options: Any) -> Axes:
            return self._draw(name, ax=ax, **options)

        draw.__doc__ = plots.PLOTS[name].__doc__
        return draw

    def __dir__(self) -> list[str]:
        from streamlab import plots

        return sorted(plots.PLOTS)

    def _draw(self, name: str, **options: Any) -> Axes:
        from streamlab import plots

        return plots.draw(name, self._recording.tables, **options)
