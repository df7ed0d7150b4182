"""The phases of a request: how long the client, the connection and the server took.

The capture marks moments on the tape; a phase is the time between two marks.  A phase
that did not happen, such as TLS over plain HTTP, has no row.
"""

import pandas as pd

from streamlab.metrics.tables import Tables

# Name, mark where it begins, mark where it ends; ``end`` is the end of the stream.
PHASES = (
    ("client", "called", "pool"),
    ("connect", "connect", "connected"),
    ("tls", "tls", "tls_done"),
    ("send", "request_sent", "request_done"),
    ("wait", "request_done", "first_read"),
    ("headers", "first_read", "headers"),
    ("body", "headers", "end"),
)
# Ends of a stream that can come in the middle of a phase.
_AMID = ("connect", "timeout", "reset", "error", "cancelled", "interrupted")


def phases(tables: Tables) -> pd.DataFrame:
    """Return the phases of a request that happened, in order, as a DataFrame.

    ``phase`` (client, connect, tls, send, wait, headers, body), ``start_ms`` and ``end_ms``
    since t0 (negative before the request was sent), ``duration_ms``.
    """
    marks = {**tables.tape.marks, "end": tables.tape.end.t_ns}
    if "first_read" in marks and "request_done" in marks:
        # A fast server's response can be in the kernel before Python returns from the send.
        # `first_read` is a kernel stamp and `request_done` is not, so the wait for the response
        # would be negative.
        marks["request_done"] = min(marks["request_done"], marks["first_read"])
    if tables.tape.end.how in _AMID:
        marks = _with_the_broken_off(marks)
    at_ms = {name: (t_ns - tables.t0_ns) / 1e6 for name, t_ns in marks.items()}
    whole = [phase for phase in PHASES if phase[1] in marks and phase[2] in marks]
    rows = [(name, at_ms[start], at_ms[stop]) for name, start, stop in whole]
    table = pd.DataFrame(rows, columns=["phase", "start_ms", "end_ms"])
    table = table.astype({"start_ms": "float64", "end_ms": "float64"})
    return table.assign(duration_ms=table["end_ms"] - table["start_ms"])


def _with_the_broken_off(marks: dict[str, int]) -> dict[str, int]:
    """Return the marks; a phase that the failure interrupted ends when the stream ended."""
    # Only the phase that began last was running.  An earlier phase without an end lacks its
    # mark; it did not last until the failure.
    begun = [stop for _, start, stop in PHASES if start in marks and stop not in marks]
    return marks | dict.fromkeys(begun[-1:], marks["end"])
