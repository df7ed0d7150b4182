"""One stream, the figures of every tool: the numbers that each tool would print, side by side.

`definitions` has a small function for each; this module calls them all, and makes one
table of their figures and the explanations.

Rule: tools count a stream that failed as a failure.  So a failed stream has no end-to-end time,
and no figure that is computed from it.
"""

from dataclasses import replace
from math import nan

import numpy as np
import pandas as pd

from streamlab.errors import UsageError
from streamlab.metrics.definitions import DEFINITIONS, Definition, Figures, Seen, Tokenizer
from streamlab.metrics.lens_table import EXTRAS, MAIN, WORDS, Lens
from streamlab.metrics.tables import Tables


def lens(tables: Tables, tokenizer: Tokenizer | None = None) -> Lens:
    """Return what each tool would print for this one stream; see `Recording.lens`.

    Returns
    -------
    DataFrame, one row a definition, indexed by ``tool``
        ``ttft_ms``, ``itl_mean_ms``, ``itl_p50_ms``, ``itl_max_ms``, ``n_itl`` (its
        samples), ``tpot_ms``, ``e2e_ms``, ``tok_s``: as the tool would print them, in ms
        since it starts its clock; percentiles interpolate linearly.  ``ttfo_ms``,
        ``ttst_ms``, ``ntpot_ms``, ``tok_s_user``: only some tools have these.
        ``n_tokens``; ``tokens``: the source of this count.  ``starts_ms``: when the tool
        starts its clock, since t0; ``clock``: that moment in words.  ``formula``, ``differs``
        (why its numbers are not ours), ``source``: words.  Undefined is NaN, never 0.  If the
        send was not seen (an attached response), all that counts from it is undefined; gaps
        are not.
    """
    seen = Seen(tables, tokenizer_of(tokenizer))
    rows = [_row(definition, figures, seen) for definition, figures in figures_of(seen)]
    found = Lens(rows, index=pd.Index([made.tool for made in DEFINITIONS], name="tool"))
    found.attrs["merged"] = merged_note(tables)
    return found


def merged_note(tables: Tables) -> str:
    """Return how many of the tools' times are those of merged reads; "" for none."""
    arrival = tables.reads["arrival"].reindex(tables.events["read"])
    n_merged = int((arrival == "merged").sum())
    times = f"{n_merged:,} of {len(arrival):,} times are those of merged reads"
    return f"{times}: a tool takes their end for the time of each event" if n_merged else ""


def figures_of(seen: Seen) -> list[tuple[Definition, Figures]]:
    """Return every definition with its figures; those of a failed stream have no end."""
    found = [(each, each.figures(seen)) for each in DEFINITIONS]
    failed = _failed(seen.tables)
    return [(each, _endless(figures)) for each, figures in found] if failed else found


def starts_ms(definition: Definition, seen: Seen) -> float:
    """Return when a tool starts its clock, in ms since t0: 0 or less; NaN if unknown."""
    return seen.called_ms if definition.clock == "the call" else seen.sent_ms


def tokenizer_of(given: object) -> Tokenizer | None:
    """Return a tokenizer, which can be called."""
    if given is not None and not callable(given):
        raise UsageError(
            "a tokenizer is a function from a text to its tokens or to their number, "
            f"and {type(given).__name__} came. "
            'Pass for example tokenizer=tiktoken.get_encoding("o200k_base").encode.'
        )
    return given


def _row(definition: Definition, figures: Figures, seen: Seen) -> dict[str, object]:
    main = (figures.ttft_ms, *_itl(figures), figures.tpot_ms, figures.e2e_ms, figures.tok_s)
    return {
        **dict(zip(MAIN, main, strict=True)),
        **{name: getattr(figures, name) for name in EXTRAS},
        "n_tokens": figures.n_tokens,
        "tokens": figures.tokens,
        "starts_ms": starts_ms(definition, seen),
        **{name: getattr(definition, name) for name in WORDS},
    }


def _itl(figures: Figures) -> tuple[float, float, float, float]:
    """Return mean, median, maximum and number of a tool's ITL; some tools have only a mean."""
    if figures.gaps_ms:
        gaps = np.array(figures.gaps_ms)
        return float(gaps.mean()), float(np.median(gaps)), float(gaps.max()), float(len(gaps))
    if figures.gaps_ms is not None:
        return nan, nan, nan, 0.0
    mean_ms = figures.itl_mean_ms
    return mean_ms, nan, nan, 1.0 if mean_ms == mean_ms else nan


def _failed(tables: Tables) -> bool:
    # Many clients stop reading after the terminator and before the body ends.  Their streams
    # end as "closed" and are complete, so the answer decides, and not the end of the body.
    reader = tables.follower.reader
    broke = tables.tape.end.how != "eof" and tables.answer.complete is not True
    return broke or (reader is not None and reader.failed)


def _endless(figures: Figures) -> Figures:
    rates = replace(figures, tok_s=nan, tok_s_user=nan)
    return replace(rates, itl_mean_ms=nan, tpot_ms=nan, e2e_ms=nan, ntpot_ms=nan)
