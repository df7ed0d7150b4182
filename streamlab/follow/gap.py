"""The gap: the time from each arrival to the arrival before it, computed in this one place.

Tables, metrics, plots, faces and the live view take their gaps from here.  The function is
plain Python: the live view needs it before the request is sent, and importing NumPy and
pandas there would delay the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import nan


def gaps_ms(arrived_ns: Sequence[int]) -> list[float]:
    """Return the time from each arrival to the one before it.

    Parameters
    ----------
    arrived_ns : sequence of int
        When each arrival was stamped, in ns, in order.  Rows of one read are one arrival:
        give its stamp once.

    Returns
    -------
    list of float, as long as `arrived_ns`
        In ms; NaN for the first arrival, because no arrival came before it.
    """
    # The stamps are subtracted as integers.  Times since t0 are floats of milliseconds: in
    # a long stream their difference has lost the last nanoseconds.
    known = [(after - before) / 1e6 for before, after in pairwise(arrived_ns)]
    return [nan, *known][: len(arrived_ns)]
