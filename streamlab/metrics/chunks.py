"""A stream as benchmark tools see it: its chunks, its end, and the counts of its tokens.

Here a chunk is an event with any content, as in the tools.  (The table `Tables.chunks` has only
the events with generated text.)  The tools read chat completions, and of each chunk only
``choices[0]``; this module does so for every dialect.

Rule: the time of a chunk is the arrival of its read.  The tools stamp after parsing, so two
chunks of one read are a few µs apart for them; here they are 0 apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cached_property
from math import nan
from typing import Any, NamedTuple

from streamlab.dialects import GENERATED, Delta
from streamlab.dialects.reading import a_dict, a_list, parse
from streamlab.metrics import latency, tokens
from streamlab.metrics.tables import Tables

Tokenizer = Callable[[str], object]  # takes a text; returns its tokens or their number
_IN_A_CHOICE = GENERATED | {"role", "finish"}


class Chunk(NamedTuple):
    """One event, as a client reads it."""

    t_ms: float  # its arrival, since t0
    has_choices: bool  # with any content: a role, an empty string, a finish
    content: str
    reasoning: str
    tool: str  # name and arguments
    has_tool: bool
    finished: bool
    has_usage: bool
    is_done: bool  # the API's terminator, such as ``[DONE]``
    n_tokens: float  # as the server reports them for this chunk alone; else NaN

    @property
    def text(self) -> str:
        """Reasoning and content."""
        return self.reasoning + self.content


class Seen:
    """The part of a stream that a tool sees: `chunks`, one for each event, in order."""

    def __init__(self, tables: Tables, tokenizer: Tokenizer | None = None) -> None:
        self.tables = tables
        self.tokenizer = tokenizer
        self.chunks = _chunks(tables)

    @cached_property
    def called_ms(self) -> float:
        """When the user's code called, since t0: 0 or less; 0 if only the send is known.

        NaN if neither was seen; then every time that counts from it is NaN too.
        """
        t0_ns = self.tables.t0_ns
        if not self.tables.t0_known:
            return nan
        return min(self.tables.tape.marks.get("called", t0_ns) - t0_ns, 0) / 1e6

    @property
    def sent_ms(self) -> float:
        """When the request was sent, since t0: 0; NaN if the send was not seen."""
        return 0.0 if self.tables.t0_known else nan

    @cached_property
    def eof_ms(self) -> float:
        """When the body ended, since t0; NaN if the stream broke off."""
        return latency.e2e_eof_ms(self.tables)

    @property
    def done_ms(self) -> float:
        """When the API's terminator came, such as ``[DONE]``; of several the first."""
        return next((chunk.t_ms for chunk in self.chunks if chunk.is_done), nan)

    @property
    def last_ms(self) -> float:
        """When the last event of any kind came; NaN if none came."""
        return self.chunks[-1].t_ms if self.chunks else nan

    @property
    def in_one_piece(self) -> bool:
        """Whether the response is one JSON document instead of a stream."""
        kind = str(self.tables.meta.get("content_type") or "").partition(";")[0].strip()
        return kind == "application/json" and not self.chunks

    def first(self, n_chunks: int) -> Seen:
        """Return the part that a tool sees if it stops reading after `n_chunks` chunks."""
        # The copy keeps the cached times of the call and the end: no chunk changes them.
        cut = copy(self)
        cut.chunks = self.chunks[:n_chunks]
        return cut

    @property
    def until_done(self) -> Seen:
        """The part up to the API's terminator, such as ``[DONE]``, where some tools stop."""
        ends = (number for number, chunk in enumerate(self.chunks, 1) if chunk.is_done)
        return self.first(next(ends, len(self.chunks)))

    def times(self, wanted: Callable[[Chunk], object]) -> list[float]:
        """Return the times of the chunks for which `wanted` is true."""
        return [chunk.t_ms for chunk in self.chunks if wanted(chunk)]

    def count(self, text: str) -> float:
        """Return how many tokens the tokenizer counts in a text; NaN without a tokenizer."""
        if self.tokenizer is None:
            return nan
        return _number(self.tokenizer(text)) if text else 0.0

    def reported(self, text: str) -> tuple[float, str]:
        """Return the server's count, else the tokenizer's, and the source of the count."""
        count = tokens.n_tokens(self.tables)
        return (count, "server") if count == count else self.tokenized(text)

    def tokenized(self, text: str) -> tuple[float, str]:
        """Return the tokenizer's count, else the server's, and the source of the count."""
        if self.tokenizer is not None:
            return self.count(text), "tokenizer"
        count = tokens.n_tokens(self.tables)
        known = "server, as no tokenizer=" if count == count else "none: pass tokenizer="
        return count, known

    @property
    def content(self) -> str:
        """The content of all chunks."""
        return "".join(chunk.content for chunk in self.chunks)

    @property
    def requested(self) -> float:
        """The largest number of tokens that the request allowed; NaN without a limit."""
        asked = self.tables.meta.get("request")
        for key in ("max_completion_tokens", "max_tokens", "max_output_tokens"):
            if isinstance(asked, Mapping) and isinstance(asked.get(key), int):
                return float(asked[key])
        return nan


def _chunks(tables: Tables) -> list[Chunk]:
    events, follower = tables.events, tables.follower
    is_chat = follower.dialect in ("openai_chat", "openai_completions")
    rows = zip(events["event"], events["t_ms"], events["data"], strict=True)
    return [_chunk(float(t), data, follower.deltas_of(n), is_chat) for n, t, data in rows]


def _chunk(t_ms: float, data: str, found: list[Delta], is_chat: bool) -> Chunk:
    in_choices = [delta.choice for delta in found if delta.kind in _IN_A_CHOICE]
    first = in_choices[0] if in_choices else None
    # Deltas show only which choices added text.  If the first of several choices is
    # empty, the tools see an empty chunk.  So an event that may have several choices is
    # parsed again: that is slow and rare.
    if is_chat and data.count('"delta"') > 1:
        first = _first_choice(data, first)
    mine = [delta for delta in found if delta.choice in (first, None)]
    made = [delta for delta in mine if delta.kind in GENERATED]
    tools = [delta for delta in made if delta.kind == "tool_call"]
    counts = [delta.n_tokens for delta in made]
    return Chunk(
        t_ms,
        bool(in_choices) or (is_chat and latency.names_choices(data)),
        "".join(delta.text for delta in made if delta.kind == "content"),
        "".join(delta.text for delta in made if delta.kind == "reasoning"),
        "".join((delta.name or "") + delta.text for delta in tools),
        bool(tools),
        any(delta.kind == "finish" for delta in mine),
        any(delta.kind == "usage" for delta in found),
        any(delta.kind == "done" for delta in found),
        float(sum(c for c in counts if c)) if counts and None not in counts else nan,
    )


def _first_choice(data: str, otherwise: int | None) -> int | None:
    """Return the index of the first choice, even if that choice adds nothing."""
    choices = a_list(a_dict(parse(data)).get("choices"))
    index = a_dict(choices[0]).get("index") if choices else None
    return index if isinstance(index, int) else otherwise


def _number(found: Any) -> float:
    """Return how many tokens: a number, a list, or an encoding with its ``input_ids``."""
    if isinstance(found, Mapping) and "input_ids" in found:
        found = found["input_ids"]
    return float(len(found) if hasattr(found, "__len__") else found)
