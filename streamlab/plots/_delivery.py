"""Streams side by side: when the kernel had each read, how much later the program had it."""

from collections.abc import Mapping

import numpy as np

from streamlab.metrics import Tables
from streamlab.metrics.intervals import quantile
from streamlab.metrics.tables import Streams, tables_by_name
from streamlab.plots import _lanes, lag
from streamlab.plots._picture import Look, Picture, ink, ms, new_axes, picture_of, sign

# Those of the first two streams in the live scope: a stream keeps its colour at the end.
LIGHT, DARK = ("#8a3f8a", "#00664b"), ("#dda0dd", "#3fd1a5")
CLOSE_MS = 1.0  # reads of two streams agree if they arrived within this time of each other


def plot_delivery(recordings: Streams, *, dark: bool = False) -> Picture:
    """Draw sync beside async: the arrivals agree, the deliveries differ.

    Above, each of the `recordings`, an iterable or a mapping, has a lane of arrivals from its
    own t0; below is ``delivered − arrived`` of each read, in ms.  `dark` is light ink on a dark
    ground.  UsageError if there is no recording.
    """
    tables = tables_by_name("plot_delivery", recordings)
    lanes, below = new_axes([0.2 + 0.12 * len(tables), 0.75], dark=dark)
    _lanes.fill(lanes, tables, aligned=True)
    colours = dict(zip(tables, DARK if dark else LIGHT, strict=False))
    for name, each in tables.items():
        look: Look = {"color": colours[name]} if name in colours else {}
        lag.draw_marks(below, each, name, look)
    title = "arrived: when the kernel had each read"
    lanes.set_title(title, loc="left", size=9, color=ink(lanes))
    lanes.label_outer()  # the axis of time is shared: its label stands once, below
    sign(below, caption(tables))
    return picture_of(below)


def caption(tables: Mapping[str, Tables]) -> str:
    """Return what agrees and what differs, in two sentences."""
    lags = {name: lag.delivered_ms(each) for name, each in tables.items()}
    had = ", ".join(
        f"{name} at most {ms(values.max())} later (p50 {ms(quantile(values, 0.5))})"
        for name, values in lags.items()
        if values.notna().any()
    )
    agreement = f"{_agreement(tables)} " if len(tables) > 1 else ""
    return f"{agreement}When the program had the reads with a known lag: {had or 'not known'}."


def _agreement(tables: Mapping[str, Tables]) -> str:
    arrivals = {name: each.reads["t_ms"].to_numpy() for name, each in tables.items()}
    n_reads = {len(t_ms) for t_ms in arrivals.values()}
    if len(n_reads) > 1:
        counts = ", ".join(f"{name} {len(t_ms):,}" for name, t_ms in arrivals.items())
        return f"The numbers of reads differ: {counts}."
    apart_ms = np.ptp(np.array([*arrivals.values()]), axis=0)
    if not len(apart_ms):
        return "No read arrived."
    close, farthest = int((apart_ms <= CLOSE_MS).sum()), ms(apart_ms.max())
    if close == len(apart_ms):
        return f"The arrivals agree: {close:,} of {close:,} reads within {farthest}."
    of = f"{close:,} of {len(apart_ms):,} reads arrived within {ms(CLOSE_MS)} of each other"
    return f"{of}; the farthest are {farthest} apart."
