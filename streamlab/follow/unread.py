"""What of a stream was not read, in one sentence with the usual cause."""

import re
from itertools import islice

from streamlab.decode import JSON, OTHER, TAIL, Event
from streamlab.dialects import GENERATED, PLAIN
from streamlab.dialects.custom import RAISED
from streamlab.dialects.reader import DONE, NOT_JSON
from streamlab.dialects.reading import a_dict, parse
from streamlab.follow.follower import Follower
from streamlab.follow.text import counted, one_line

_LONGEST = 1 << 16  # bytes of a line
_LOOKED_AT = 100  # lines: a search for JSON without a field is bounded
_KEYS = "text|content|parts|choices|delta|output|output_text|response|completion"
_TEXT = re.compile(rf'"({_KEYS})"\s*:\s*\[?\s*"[^"]')
_SILENT = frozenset({"meta", "unread", "comment", "ping", "done"})


def unread(framed: Follower) -> str | None:
    """Return what was not read: events that are not JSON, all events, or parts."""
    rows = framed.deltas.of_kind("unread")
    found = [(framed.deltas[row].text, framed.delta_events[row]) for row in rows]
    broken = [at for text, at in found if text == NOT_JSON]
    n_events, are = counted(len(framed.events), "event"), _are(broken)
    if broken:
        event = framed.events[broken[0]]
        where = f"the first in line {event.first_line}"
        what = "not JSON" if parse(event.data) is None else "no JSON object"
        cause = _cause(framed, event)
        return f"{len(broken)} of {n_events} {are} {what}, {where}: {cause}."
    if raised := [text for text, _ in found if text.startswith(RAISED)]:
        return f"{one_line(raised[0], 200)}, in {len(raised)} of {n_events}. Mend the reader."
    kinds = frozenset(framed.deltas.kinds)
    is_silent, is_empty = kinds <= _SILENT, kinds.isdisjoint(GENERATED)
    # One by one, as they can be long.
    events = islice(framed.events if is_silent or (is_empty and not found) else (), _LOOKED_AT)
    strange = (event for event in events if event.data.strip() not in ("", DONE))
    # An answer with an end and without a text is empty only if no event has a text.
    unheard = (event for event in events if _TEXT.search(event.data))
    first = next(strange if is_silent else unheard, None)
    if framed.dialect not in PLAIN and first:
        keys = one_line(", ".join(a_dict(parse(first.data))) or first.type, 200)
        what = "event was understood" if is_silent else "text was read"
        said = f"no {what} as {framed.dialect}: the first has {keys}"
        return f"{said}. Name another dialect, or read them with sl.endpoint(url, text=…)."
    # A key beside an answer, such as the sources of a relay, is no loss where there is a text.
    parts = [text for text, _ in found if is_empty or not text.isidentifier()]
    names = ", ".join(one_line(text, 100) for text in dict.fromkeys(parts[:10]))
    count = f"{counted(len(parts), 'part')} of the answer {_are(parts)} not read"
    return f"{count}: {names}." if parts else None


def json_lines(framed: Follower) -> str | None:
    """Return the sentence about JSON lines that have another label."""
    kinds = framed.lines.kinds[:_LOOKED_AT]
    loose = [number for number, kind in enumerate(kinds) if kind in (OTHER, TAIL)]
    found = [n for n in loose if isinstance(parse(framed.line(n, _LONGEST)), dict)]
    label = one_line(str(framed.log.meta.get("content_type") or "nothing"), 60)
    # One line of JSON that is labelled as JSON is a whole document.
    if len(found) < (1 if "event-stream" in label else 2):
        return None
    came = f'{counted(len(found), "line")} of JSON came without "data:", the first in line'
    hint = 'Name the dialect, such as dialect="ollama" or "ndjson".'
    return f"{came} {found[0]}: JSON lines that are labelled as {label}. {hint}"


def _are(found: list[int] | list[str]) -> str:
    return "is" if len(found) == 1 else "are"


def _cause(framed: Follower, event: Event) -> str:
    data = event.data.strip()
    if framed.lines.kinds[event.first_line] == JSON and data.startswith(("data:", "event:")):
        return "server-sent events that are labelled as JSON lines"
    lines = [line for line in data.split("\n") if line.strip() not in ("", DONE)]
    whole = [isinstance(parse(line), dict) for line in lines]
    if len(lines) > 1 and all(whole):
        return "the blank line between the events is missing"
    if "data:" in data or (len(lines) > 1 and whole[-1]):
        glued = "an event was cut, and the next one is glued to it"
        return 'the server writes "data:" twice' if data.startswith("data:") else glued
    as_python = data.startswith(("{'", "b'", "[{'"))
    begins = f"it begins with {one_line(data, 40)!r}"
    return "it is written as Python prints it" if as_python else begins
