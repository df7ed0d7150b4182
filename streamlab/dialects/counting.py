"""The number of tokens of a delta, where the server reported it for this very delta.

There are two kinds of reports: a list of tokens (logprobs, token ids), and a running count
whose difference between two events is the number of tokens that came between.

The difference means nothing, and ``n_tokens`` stays None, if an event has two generated deltas
or if generated text came since the last count.
"""

from streamlab.dialects.deltas import GENERATED, Delta


class Counts:
    """Sets the ``n_tokens`` of deltas."""

    def __init__(self) -> None:
        self._counted: int | None = 0  # at the last report; None if text came since

    def listed(self, tokens: object, out: list[Delta], start: int = 0) -> None:
        """Count a list of tokens, if `out` has one generated delta from `start` on."""
        rows = _generated(out, start)
        if isinstance(tokens, list) and tokens and len(rows) == 1:
            out[rows[0]] = out[rows[0]]._replace(n_tokens=len(tokens))

    def running(self, count: int, out: list[Delta], trusted: bool = True) -> None:
        """Count the tokens since the last running count, if one generated delta came between.

        `trusted` is False if the server also counts tokens that it does not send.
        """
        rows, before = _generated(out), self._counted
        self._counted = count
        if trusted and before is not None and count > before and len(rows) == 1:
            out[rows[0]] = out[rows[0]]._replace(n_tokens=count - before)

    def nothing(self, out: list[Delta]) -> None:
        """Record an event without a running count."""
        if self._counted is not None and _generated(out):
            self._counted = None


def _generated(out: list[Delta], start: int = 0) -> list[int]:
    return [row for row in range(start, len(out)) if out[row].kind in GENERATED]
