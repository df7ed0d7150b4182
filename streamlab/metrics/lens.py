"""One stream, every tool's answer: what each would have reported, side by side.

The definitions are in `definitions`, one small function each; here they are asked, and
their answers put into a table with the words about them.

Rule: a tool counts a stream that failed as a failure; of such a stream it has no end
to end time, and nothing that is divided by it.
"""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from streamlab.errors import UsageError
from streamlab.metrics.definitions import DEFINITIONS, Answer, Definition, Seen, Tokenizer
from streamlab.metrics.lens_table import EXTRAS, MAIN, WORDS, Lens, spread
from streamlab.metrics.tables import Tables

__all__ = ["Lens", "answers", "lens", "spread", "starts_ms", "tokenizer_of"]


def lens(tables: Tables, tokenizer: Tokenizer | None = None) -> Lens:
    """Return what each tool would report for this very stream.

    Parameters
    ----------
    tables : Tables
    tokenizer : callable, optional
        Text to its tokens, or to their number, for the tools that count tokens by
        themselves; without it they are given the server's count, and ``tokens`` says so.

    Returns
    -------
    DataFrame, one row a definition, indexed by ``tool``
        ``ttft_ms``, ``itl_mean_ms``, ``itl_p50_ms``, ``itl_max_ms``, ``n_itl`` (its
        samples), ``tpot_ms``, ``e2e_ms``, ``tok_s``: as the tool would report them, in ms
        since its own clock starts; percentiles interpolate linearly.  ``ttfo_ms``,
        ``ttst_ms``, ``ntpot_ms``, ``tok_s_user``: what only some tools have.
        ``n_tokens``; ``tokens``: who counted them.  ``starts_ms``: where its clock starts,
        since t0; ``clock``: what that moment is.  ``formula``, ``differs`` (why its numbers
        are not ours), ``source``: words.  Undefined is NaN, never 0.  Where the send was not
        seen, as of an attached response, all that counts from it is undefined; gaps are not.

    Raises
    ------
    UsageError
        If `tokenizer` cannot be called.

    Examples
    --------
    ``lens(rec.tables, tokenizer=tiktoken.get_encoding("o200k_base").encode)``
    """
    seen = Seen(tables, tokenizer_of(tokenizer))
    rows = [_row(definition, answer, seen) for definition, answer in answers(seen)]
    return Lens(rows, index=pd.Index([made.tool for made in DEFINITIONS], name="tool"))


def answers(seen: Seen) -> list[tuple[Definition, Answer]]:
    """Return every definition with its answer, without an end where there was none."""
    found = [(definition, definition.answer(seen)) for definition in DEFINITIONS]
    if _failed(seen.tables):
        found = [(definition, _endless(answer)) for definition, answer in found]
    return found


def starts_ms(definition: Definition, seen: Seen) -> float:
    """Return where a tool's clock starts, in ms since t0: 0, or before it; NaN if unknown."""
    return seen.called_ms if definition.clock == "the call" else seen.sent_ms


def tokenizer_of(given: Any) -> Tokenizer | None:
    """Return a tokenizer that can be called.

    Raises
    ------
    UsageError
        If it cannot.
    """
    if given is not None and not callable(given):
        raise UsageError(
            "a tokenizer is a function from a text to its tokens or to their number, "
            f"and {type(given).__name__} came. "
            'Pass for example tokenizer=tiktoken.get_encoding("o200k_base").encode.'
        )
    tokenizer: Tokenizer | None = given
    return tokenizer


def _row(definition: Definition, answer: Answer, seen: Seen) -> dict[str, Any]:
    main = (answer.ttft_ms, *_itl(answer), answer.tpot_ms, answer.e2e_ms, answer.tok_s)
    return {
        **dict(zip(MAIN, main, strict=True)),
        **{name: getattr(answer, name) for name in EXTRAS},
        "n_tokens": answer.n_tokens,
        "tokens": answer.tokens,
        "starts_ms": starts_ms(definition, seen),
        **{name: getattr(definition, name) for name in WORDS},
    }


def _itl(answer: Answer) -> tuple[float, float, float, float]:
    """Return mean, median, maximum and number of the samples; all a tool has may be a mean."""
    if answer.gaps_ms:
        gaps = np.array(answer.gaps_ms)
        return float(gaps.mean()), float(np.median(gaps)), float(gaps.max()), float(len(gaps))
    if answer.gaps_ms is not None:
        return nan, nan, nan, 0.0
    mean_ms = answer.itl_mean_ms
    return mean_ms, nan, nan, 1.0 if mean_ms == mean_ms else nan


def _failed(tables: Tables) -> bool:
    """Say whether a tool would count this stream as a failure."""
    reader = tables.follower.reader
    broke = tables.tape.end.how != "eof" and tables.answer.complete is not True
    return broke or (reader is not None and reader.failed)


def _endless(answer: Answer) -> Answer:
    rates = replace(answer, tok_s=nan, tok_s_user=nan)
    return replace(rates, itl_mean_ms=nan, tpot_ms=nan, e2e_ms=nan, ntpot_ms=nan)
