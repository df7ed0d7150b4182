"""One finished stream, with its facts, its tables and its pictures.

A `Recording` computes nothing.  Facts come from the tape, tables from ``metrics``, pictures
from ``plots``, files from ``formats``; each of them is made when it is first used.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from streamlab.dialects import DIALECTS, FUNCTION, EventReader, Reading
from streamlab.dialects.calls import ToolCall
from streamlab.dialects.custom import checked
from streamlab.errors import FormatError, StreamFailedError, UnknownNameError, UsageError
from streamlab.faces import frozen, text
from streamlab.follow.columns import described
from streamlab.tape import End, Tape
from streamlab.tape.valid import said

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from streamlab.live.player import Player
    from streamlab.metrics import Tables
    from streamlab.metrics.lens_table import Lens


class Recording:
    """One finished stream, from ``sl.record``, ``sl.stream``, ``sl.load``, ….

    The attribute `tape` has the facts: reads and their stamps.
    """

    def __init__(self, tape: Tape, dialect: Reading = "", label: str = "") -> None:
        self.tape = tape
        self._label = label
        self._dialect = dialect or str(tape.meta.get("dialect") or "auto")

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
        """The name of the recording in tables and pictures."""
        return str(self._label or self.meta.get("label") or self.meta.get("model") or "stream")

    @property
    def dialect(self) -> str:
        """The provider's format of the events; for ``auto``, the format that was found."""
        return self.tables.follower.dialect

    @property
    def body(self) -> bytes:
        """The body as it was sent, all reads joined; compressed if it was sent so."""
        return bytes(self.tape.body)

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
    def tool_calls(self) -> list[ToolCall]:
        """The tool calls: ``id``, ``name``, and ``arguments`` as text."""
        return list(self.tables.answer.tool_calls)

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped, as the provider reports it."""
        return self.tables.answer.finish_reason

    @property
    def finish_detail(self) -> Mapping[str, Any] | None:
        """The reason behind the finish, in the provider's keys: ``{"reason": …}``."""
        return self.tables.answer.finish_detail

    @property
    def usage(self) -> Mapping[str, Any] | None:
        """The usage that the server reported, in the provider's keys; None without a report."""
        return self.tables.answer.usage

    @property
    def server_times(self) -> pd.DataFrame:
        """What the server says of its own times: ``name``, ``ms``, ``source``."""
        return self.tables.server_times

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The error object that came in the stream."""
        return self.tables.answer.error

    @property
    def complete(self) -> bool | None:
        """Whether the API's own terminal signal came, and no error.

        None where the format has no such signal (plain SSE, NDJSON).
        """
        return self.tables.answer.complete

    @property
    def problem(self) -> str | None:
        """What went wrong, in one sentence; None if nothing did."""
        return self.tables.problem

    def raise_for_status(self) -> Recording:
        """Return this recording; StreamFailedError, which says `problem`, if there is one."""
        if self.problem:
            raise StreamFailedError(self.problem)
        return self

    @cached_property
    def tables(self) -> Tables:
        """The tables, each made when it is first used."""
        from streamlab.metrics import Tables

        return Tables(self.tape, self._dialect, self.label)

    @property
    @described("reads")
    def reads(self) -> pd.DataFrame:
        """One row a read of the socket: bytes and stamps, the only facts."""
        return self.tables.reads

    @property
    @described("lines")
    def lines(self) -> pd.DataFrame:
        """One row a line, blank ones and those the standard discards included."""
        return self.tables.lines

    @property
    @described("events")
    def events(self) -> pd.DataFrame:
        """One row a dispatched event."""
        return self.tables.events

    @property
    @described("deltas")
    def deltas(self) -> pd.DataFrame:
        """One row for each delta: what an event adds."""
        return self.tables.deltas

    @property
    @described("sends")
    def sends(self) -> pd.DataFrame:
        """One row a write of the lab, from its own log; no row for any other server."""
        return self.tables.sends

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

    def lens(self, tokenizer: Callable[[str], object] | None = None) -> Lens:
        """Return every benchmark tool's TTFT, ITL, TPOT, … from this one stream.

        The `tokenizer` makes tokens of a text, or their number, for the tools that tokenise by
        themselves: ``tiktoken.get_encoding("o200k_base").encode``, for example.  Without it,
        these tools use the server's count, and the column ``tokens`` says so.
        """
        from streamlab.metrics.lens import lens

        return lens(self.tables, tokenizer)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the events for polars, duckdb or pyarrow."""
        import pyarrow as pa

        return pa.table(self.events).__arrow_c_stream__(requested_schema)

    @property
    def plot(self) -> Plots:
        """The pictures: ``rec.plot()``, ``rec.plot.gaps(ax=ax)``, …."""
        return Plots(self)

    def __repr__(self) -> str:
        # `asyncio.run` formats its task twice, with the result in it, and prints neither.
        # Debuggers and tracebacks format results too.  So a repr must be cheap, while the
        # rich face makes all tables.
        return text.short(self.tape, self.label)

    def __str__(self) -> str:
        return text.text(self.tables)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the rich face as the result of a cell, and the short one within a list."""
        nested = len(printer.stack) > 1  # IPython pushes an object to the stack, then prints it
        printer.text(repr(self) if nested else str(self))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": str(self)}

    def _repr_html_(self) -> str:
        return frozen.static_html(self.tables)

    def play(self) -> Player:
        """Show the parser in slow motion on this recording, byte by byte, in a notebook."""
        from streamlab.live.player import Player

        return Player(self.tables)

    def to_html(self, path: str | PathLike[str]) -> Path:
        """Write the recording as one page with facts, pictures and the player; return its path.

        The page needs no kernel, no other file and no network.  It has the bytes of the stream,
        and no key.  An OSError says that the file cannot be written.
        """
        from streamlab.faces.report import page
        from streamlab.tape.whole import whole

        made, target = page(self.tables).encode(), Path(path).expanduser()
        with whole(target) as file:
            file.write(made)
        return target

    def save(self, path: str | PathLike[str]) -> Path:
        """Save the recording and return its path; the ending of the name is the format.

        Parameters
        ----------
        path : str or path
            ``.jsonl`` (a journal) and ``.parquet`` keep every stamp, and can be loaded.
            For other tools: ``.sse`` or ``.ndjson`` (the body alone), ``.trace.json`` (for
            Perfetto).  An existing file is replaced.

        Raises
        ------
        UnknownNameError
            If the ending is none of these.
        OSError
            If the file cannot be written; an existing file is then unchanged.
        """
        from streamlab import formats

        return formats.save(self.tables, path)


def load(
    path: str | PathLike[str],
    dialect: str = "",
    label: str = "",
    *,
    think_tags: bool | None = None,
    reader: EventReader | None = None,
) -> Recording:
    """Return the recording in a saved file, or in the journal of a process that was killed.

    Parameters
    ----------
    path : str or path
        A ``.jsonl`` journal or a ``.parquet`` file.
    dialect : str
        The dialect of the events; by default the one in the file, or the paths there.
    label : str
        The name in tables and pictures; by default the one in the file.
    think_tags : bool, optional
        Read content between ``<think>`` and ``</think>`` as reasoning; by default as recorded.
    reader : callable, optional
        The function that read the events; there is a warning if it is missing.

    Raises
    ------
    FormatError
        If the file is no recording, or its format does not keep every stamp.
    FileNotFoundError
        If there is no such file.
    UnknownNameError
        If there is no such dialect.
    """
    from streamlab import formats

    if dialect and dialect not in ("auto", *DIALECTS):
        raise UnknownNameError("dialect", dialect, DIALECTS)
    tape = formats.load(path)
    named = tape.meta.get("dialect")
    if not dialect and named and named not in ("auto", *DIALECTS):
        raise FormatError(
            f"{path} names the dialect {said(named)}, which this streamlab does not read. "
            "Upgrade streamlab, or pass dialect='auto'."
        )
    meta = {**tape.meta, **({} if think_tags is None else {"think_tags": think_tags})}
    if dialect:
        meta.pop("reader", None)
    paths = meta.get("reader")
    if isinstance(paths, Mapping) and FUNCTION in paths and reader is None:
        function = f"the function {said(paths[FUNCTION])} read the events. "
        warnings.warn(f"{function}Give it again: reader=….", stacklevel=2)
    elif isinstance(paths, Mapping) and reader is None:
        try:
            checked(paths)
        except UsageError as wrong:
            raise FormatError(f"{path} has a reader that is none: {wrong}") from None
    return Recording(replace(tape, meta=meta), reader or dialect, label)


class Draw(Protocol):
    """One picture of a recording."""

    def __call__(
        self, *, ax: Axes | None = None, dark: bool = False, **options: object
    ) -> Axes:
        """Draw it on `ax`, or on a new figure; `options` go to its main artist."""


class Plots:
    """The pictures of one recording, by name: ``rec.plot.gaps()`` is ``rec.plot("gaps")``.

    A new picture needs one line here, for type checkers; at run time its file is enough.
    """

    ecdf: Draw
    gaps: Draw
    lag: Draw
    lens: Draw
    phases: Draw
    staircase: Draw

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def __call__(
        self,
        kind: str = "staircase",
        *,
        ax: Axes | None = None,
        dark: bool = False,
        **options: object,
    ) -> Axes:
        """Draw a picture by its name; by default the staircase: how much had arrived, when."""
        from streamlab import plots

        return plots.draw(kind, self._recording.tables, ax=ax, dark=dark, **options)

    # A type checker that sees `__getattr__` accepts every name, a misspelt one too.
    if not TYPE_CHECKING:

        def __getattr__(self, name):
            from streamlab import plots

            if name not in plots.PLOTS:
                raise AttributeError(str(UnknownNameError("plot", name, plots.PLOTS)))
            draw = partial(plots.draw, name, self._recording.tables)
            draw.__doc__ = plots.PLOTS[name].__doc__
            return draw

    def __dir__(self) -> list[str]:
        from streamlab import plots

        return sorted(plots.PLOTS)
