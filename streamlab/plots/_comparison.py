"""Groups of streams compared: all gaps of each as one curve, and a dot a stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from streamlab.errors import UsageError
from streamlab.follow.text import between, counted, one_line
from streamlab.metrics import Tables
from streamlab.metrics.latency import ttft_ms
from streamlab.metrics.tables import HasTables, tables_by_name
from streamlab.plots import _picture as base
from streamlab.plots import ecdf, lag


def plot_comparison(
    recordings: Mapping[str, HasTables | Iterable[HasTables]], *, dark: bool = False
) -> base.Picture:
    """Draw the gaps of recordings as curves (ECDF, with p50 and p90), and each first token.

    `recordings` maps names to recordings or lists: ``{"sync": rec, "async": [arec, again]}``.
    The gaps of a list, in ms, are one curve; each stream has a mark of its own at its
    ``ttft_ms``.  `dark` is light ink on a dark ground.  UsageError if there is nothing to
    compare, or a value is not a recording.
    """
    if not hasattr(recordings, "items") or not recordings:
        raise UsageError(
            "plot_comparison takes a mapping of names to recordings. "
            'Pass for example {"sync": rec, "async": [arec, again]}.'
        )
    groups = {
        one_line(str(name)): [*tables_by_name("plot_comparison", held).values()]
        for name, held in recordings.items()
    }
    curves, dots = base.new_axes([0.75, 0.2 + 0.12 * len(groups)], dark=dark, one_time=False)
    for row, (name, streams) in enumerate(groups.items()):
        ecdf.draw_curve(curves, streams[0], _gaps_ms(streams), name, {})
        first_ms = _first_ms(streams)
        # Each stream has a mark: a mean of few streams would hide their spread.
        marker = lag.MARKERS[row % len(lag.MARKERS)]
        dots.plot(first_ms, [row] * len(first_ms), marker, alpha=0.75)
        base.sign(dots, caption(name, streams))
    base.frame(dots, "", "time to the first token, a mark a stream (ms)", "")
    base.name_rows(dots, [*groups], len(groups))
    return base.picture_of(dots)


def caption(name: str, streams: Sequence[Tables]) -> str:
    """Return one sentence about a group."""
    gaps_ms, first_ms = _gaps_ms(streams), _first_ms(streams)
    parts = [counted(len(streams), "stream"), counted(len(gaps_ms), "known gap")]
    parts += [f"{what} {base.ms(value)}" for value, what, _ in base.known(gaps_ms, ecdf.MARKS)]
    if len(gaps_ms):
        parts.append(f"longest {base.ms(gaps_ms.max())}")
    if len(first_ms):
        parts.append(f"first token after {between(first_ms.min(), first_ms.max(), base.ms)}")
    return f"{name}: {', '.join(parts)}."


def _gaps_ms(streams: Sequence[Tables]) -> pd.Series[float]:
    return pd.concat([ecdf.gaps_of(each) for each in streams], ignore_index=True)


def _first_ms(streams: Sequence[Tables]) -> pd.Series[float]:
    return pd.Series([ttft_ms(each) for each in streams], dtype="float64").dropna()
