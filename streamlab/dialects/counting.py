"""How many tokens a delta is, where the server said so for this very delta.

Two kinds of report say it: a list of the tokens (logprobs, token ids), and a
running count whose difference between two events is what came between.

The difference is undefined, and nothing is given, where an event holds two
generated deltas or where generated text came since the last count.
"""

from __future__ import annotations

from typing import Any

from streamlab.dialects.base import GENERATED, Delta


class Counts:
    """Gives deltas their ``n_tokens``.

    Attributes
    ----------
    source : str or None
        What the last count was taken from; None as long as nothing was counted.
    """

    def __init__(self) -> None:
        self.source: str | None = None
        self._counted: int | None = 0  # at the last report; None: text came since

    def listed(self, tokens: Any, source: str, out: list[Delta], start: int = 0) -> None:
        """Count a list of tokens that belongs to the one generated delta from `start` on."""
        rows = _generated(out, start)
        if isinstance(tokens, list) and tokens and len(rows) == 1:
            self._give(len(tokens), source, out, rows[0])

    def running(self, count: int, source: str, out: list[Delta], trusted: bool = True) -> None:
        """Count the tokens since the last running count, if nothing else came between.

        `trusted` is False where the server counts what it does not send.
        """
        rows, before = _generated(out), self._counted
        self._counted = count
        if trusted and before is not None and count > before and len(rows) == 1:
            self._give(count - before, source, out, rows[0])

    def nothing(self, out: list[Delta]) -> None:
        """Note an event without a running count."""
        if self._counted is not None and _generated(out):
            self._counted = None

    def _give(self, n_tokens: int, source: str, out: list[Delta], row: int) -> None:
        out[row] = out[row]._replace(n_tokens=n_tokens)
        self.source = source


def _generated(out: list[Delta], start: int = 0) -> list[int]:
    return [row for row in range(start, len(out)) if out[row].kind in GENERATED]
