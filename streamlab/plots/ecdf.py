"""The share of the gaps that are at most so long: all gaps of a stream in one curve.

A steep curve is a steady stream.  The marks are p50 and p90; a percentile that the data do
not have is not drawn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from streamlab.follow.text import counted
from streamlab.metrics import Tables
from streamlab.metrics.intervals import pieces
from streamlab.plots import _picture as base
from streamlab.plots import _stairs as stairs

GID = "streamlab-ecdf"
MARKS = ((0.5, "p50", "o"), (0.9, "p90", "s"))
WIDE = 30  # above this ratio of the longest gap to the median, the axis of gaps is logarithmic


def draw(ax: Axes, tables: Tables, **line_kws: object) -> None:
    """Draw the share of the known gaps that are at most so long, in %, against ms.

    The gaps are those of ``icl_p50_ms``, between pieces of the answer; where the format has
    no known answer, between events.
    """
    draw_curve(ax, tables, gaps_of(tables), tables.label or "gaps", line_kws)


def draw_curve(
    ax: Axes, tables: Tables, gaps_ms: pd.Series[float], name: str, line_kws: dict[str, object]
) -> None:
    """Draw the curve of some gaps, which can be those of several streams."""
    number = len(base.rows_of(ax, GID))
    look = stairs.usual(number) | {"label": name} | line_kws
    # The curve begins at 0 %: a first vertical line at the shortest gap.
    x_ms = np.sort(np.append(gaps_ms.min() if len(gaps_ms) else [], gaps_ms))
    share = 100 * np.arange(len(x_ms)) / max(len(x_ms) - 1, 1)
    (line,) = ax.step(x_ms, share, where="post", gid=f"{GID}-{number}", **look)
    for at_ms, mark, marker in base.known(gaps_ms, MARKS):
        look = {"marker": marker, "label": f"{mark} {base.ms(at_ms)}"}
        stairs.mark(ax, line, [at_ms], look)
    if not len(x_ms):
        base.tell_empty(ax, tables, "no gaps")
    _frame(ax)


def gaps_of(tables: Tables) -> pd.Series[float]:
    """Return the known gaps of a stream, in ms."""
    return pieces(tables)[0]["gap_ms"].dropna()


def _frame(ax: Axes) -> None:
    low_ms, high_ms = ax.dataLim.minposx, ax.dataLim.xmax
    wide = 0 < low_ms < high_ms < np.inf and high_ms > WIDE * low_ms
    ax.set_xscale("log" if wide else "linear")
    base.frame(ax, GID, "gap (ms)", "share of the gaps (%)", left=None if wide else 0)
    ax.set_ylim(0, 103, auto=None)


def caption(tables: Tables) -> str:
    """Return the caption of the curve, one sentence."""
    gaps_ms, (_, what) = gaps_of(tables), pieces(tables)
    if gaps_ms.empty:
        return base.sentence(tables, f"no gap between {what} is known")
    known = [f"{name} {base.ms(value)}" for value, name, _ in base.known(gaps_ms, MARKS)]
    known.append(f"longest {base.ms(gaps_ms.max())}")
    text = f"{counted(len(gaps_ms), 'known gap')} between {what}: {', '.join(known)}"
    return base.sentence(tables, text)
