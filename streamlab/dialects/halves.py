"""Text that is cut within a character: a surrogate pair whose halves come in two deltas."""

from __future__ import annotations

import json

from streamlab.dialects.deltas import GENERATED, Delta
from streamlab.dialects.reading import mended


class Halves:
    """Joins the halves; the second delta has the whole character, because it completed it.

    Attributes
    ----------
    held : dict
        The first halves, by kind, choice and tool call, that wait for their second.
    """

    # A server that cuts its text by UTF-16 units escapes each half of a pair in an event of its
    # own.  Half a pair must not go further: no encoder accepts it.

    def __init__(self) -> None:
        self.held: dict[tuple[str, int | None, int | None], str] = {}

    def feed(self, deltas: list[Delta]) -> list[Delta]:
        """Return the deltas with whole characters; one that was half a character waits."""
        joined = [(delta, self._joined(delta)) for delta in deltas]
        return [new for old, new in joined if new.text or not old.text or new.id or new.name]

    def close(self) -> list[Delta]:
        """Return the halves that stayed alone, each as U+FFFD."""
        places, self.held = list(self.held), {}
        return [Delta(kind, "\ufffd", c, index=i) for kind, c, i in places]  # type: ignore[arg-type]

    def _joined(self, delta: Delta) -> Delta:
        text = delta.text
        if delta.kind in GENERATED:
            place = (delta.kind, delta.choice, delta.index)
            text = self.held.pop(place, "") + text
            if "\ud800" <= text[-1:] <= "\udbff":
                self.held[place], text = text[-1], text[:-1]
        others = json.dumps([delta.id, delta.name, delta.value], ensure_ascii=False)
        call_id, name, value = json.loads(mended(others))
        return delta._replace(text=mended(text), id=call_id, name=name, value=value)
