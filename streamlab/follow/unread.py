"""What of a stream was not read, in one sentence, with the usual cause.

An event that is not JSON, a part of an answer that no dialect reads, or events of another
format: the text is then empty or has gaps, while the stream looks complete.
"""

from __future__ import annotations

from streamlab.decode import JSON, OTHER, TAIL, Event
from streamlab.dialects import GENERATED
from streamlab.dialects.reader import DONE, NOT_JSON
from streamlab.dialects.reading import a_dict, parse
from streamlab.follow.log import Framed
from streamlab.follow.text import counted, one_line

_LOOKED_AT = 100
"""At most so many lines are looked at for JSON without a field."""

_SILENT = frozenset({"meta", "unread", "comment", "ping", "done"})


def unread_events(framed: Framed) -> str | None:
    """Return the sentence about events that are not JSON, or of which none was understood."""
    pairs = zip(framed.deltas, framed.delta_events, strict=True)
    broken = [at for delta, at in pairs if delta.kind == "unread" and delta.text == NOT_JSON]
    if broken:
        first, n_events = framed.events[broken[0]], len(framed.events)
        are = "is" if len(broken) == 1 else "are"
        said = f"{len(broken)} of {counted(n_events, 'event')} {are} not JSON"
        where = f"the first in line {first.first_line}"
        return f"{said}, {where}: {_cause(framed, first)}."
    if all(delta.kind in _SILENT for delta in framed.deltas) and _is_strange(framed):
        first = next(event for event in framed.events if event.data.strip() != DONE)
        keys = ", ".join(a_dict(parse(first.data))) or first.type
        return (
            f"no event was understood as {framed.dialect}: the first has {one_line(keys, 200)}."
            " Name another dialect, or read the events with sl.endpoint(url, text=…)."
        )
    return None


def parts_unread(framed: Framed) -> str | None:
    """Return the sentence about parts of the answer that were not read."""
    found = [delta.text for delta in framed.deltas if delta.kind == "unread"]
    # A key beside an answer, such as the sources of a relay, is no loss where there is a text.
    if any(delta.kind in GENERATED for delta in framed.deltas):
        found = [text for text in found if not text.isidentifier()]
    if not found:
        return None
    names = ", ".join(one_line(text, 100) for text in dict.fromkeys(found[:10]))
    return f"{counted(len(found), 'part')} of the answer {_was(found)} not read: {names}."


def json_lines(framed: Framed) -> str | None:
    """Return the sentence about JSON lines that are labelled as server-sent events."""
    lines = framed.lines.kinds[:_LOOKED_AT]
    numbers = [n for n, kind in enumerate(lines) if kind in (OTHER, TAIL)]
    found = [n for n in numbers if isinstance(parse(framed.line(n)), dict)]
    if len(found) < 2:
        return None
    return (
        f'{counted(len(found), "line")} of JSON came without "data:", the first in line '
        f"{found[0]}: JSON lines that are labelled as server-sent events. "
        'Name the dialect, such as dialect="ollama" or "ndjson".'
    )


def _is_strange(framed: Framed) -> bool:
    """Return whether an event has data that should have been understood."""
    return framed.dialect not in ("sse", "ndjson") and any(
        event.data.strip() not in ("", DONE) for event in framed.events
    )


def _was(found: list[str]) -> str:
    return "was" if len(found) == 1 else "were"


def _cause(framed: Framed, event: Event) -> str:
    """Return why the data of an event are not JSON, else how the data begin."""
    data = event.data.strip()
    if framed.lines.kinds[event.first_line] == JSON and data.startswith(("data:", "event:")):
        return "server-sent events that are labelled as JSON lines"
    if data.startswith("data:"):
        return 'the server writes "data:" twice'
    if "data:" in data:
        return "an event was cut, and the next one is glued to it"
    lines = [line for line in data.split("\n") if line.strip() not in ("", DONE)]
    if len(lines) > 1 and all(isinstance(parse(line), dict) for line in lines):
        return "the blank line between the events is missing"
    if data.startswith(("{'", "b'", "[{'")):
        return "it is written as Python prints it"
    return f"it begins with {one_line(data, 40)!r}"
