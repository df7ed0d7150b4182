"""Text that is cut within a character or within a tag, put together over deltas."""

from __future__ import annotations

import json

from streamlab.dialects.deltas import GENERATED, Delta, Kind, text_delta
from streamlab.dialects.reading import mended

OPENING, CLOSING = "<think>", "</think>"


class Halves:
    """Joins a surrogate pair whose halves come in two deltas; the second has the character."""

    # A server that cuts its text by UTF-16 units escapes each half of a pair in an event of its
    # own.  Half a pair must not go further: no encoder accepts it.

    def __init__(self) -> None:
        self.held: dict[tuple[Kind, int | None, int | None], str] = {}

    def feed(self, deltas: list[Delta]) -> list[Delta]:
        """Return the deltas with whole characters; one that was half a character waits."""
        joined = [(delta, self._joined(delta)) for delta in deltas]
        return [new for old, new in joined if new.text or not old.text or new.id or new.name]

    def close(self) -> list[Delta]:
        """Return the halves that stayed alone, each as U+FFFD."""
        places, self.held = list(self.held), {}
        return [Delta(kind, "\ufffd", choice, index=index) for kind, choice, index in places]

    def _joined(self, delta: Delta) -> Delta:
        text, place = delta.text, (delta.kind, delta.choice, delta.index)
        if delta.kind in GENERATED:
            text = self.held.pop(place, "") + text
            if "\ud800" <= text[-1:] <= "\udbff":
                self.held[place], text = text[-1], text[:-1]
        others = json.dumps([delta.id, delta.name, delta.value], ensure_ascii=False)
        call_id, name, value = json.loads(mended(others))
        return delta._replace(text=mended(text), id=call_id, name=name, value=value)


class ThinkTags:
    """Splits the content of each choice at its tags, which may be cut anywhere."""

    # The tags are in no delta.  The part of a tag at the end of a delta waits for the next one.

    def __init__(self) -> None:
        self._held: dict[int | None, str] = {}
        self._thinks: set[int | None] = set()

    def feed(self, deltas: list[Delta]) -> list[Delta]:
        """Return the deltas, with the content between the tags as reasoning."""
        return [
            each
            for delta in deltas
            for each in (self._split(delta) if delta.kind == "content" else [delta])
        ]

    def close(self) -> list[Delta]:
        """Return the texts that waited for the rest of a tag."""
        held, self._held = self._held, {}
        return [each for choice, text in held.items() for each in self._told(text, choice)]

    def _split(self, delta: Delta) -> list[Delta]:
        choice, out = delta.choice, list[Delta]()
        rest, found = self._held.pop(choice, "") + delta.text, "a tag"
        while found:
            tag = CLOSING if choice in self._thinks else OPENING
            before, found, rest = rest.partition(tag)
            size = (
                max(n for n in range(len(tag)) if before.endswith(tag[:n])) if not found else 0
            )
            self._held[choice] = before[len(before) - size :]
            out += self._told(before[: len(before) - size], choice)
            self._thinks ^= {choice} if found else set()
        # The count of a delta is that of its whole text.
        same = len(out) == 1 and out[0].text == delta.text
        return [out[0]._replace(n_tokens=delta.n_tokens)] if same else out

    def _told(self, text: str, choice: int | None) -> list[Delta]:
        return text_delta("reasoning" if choice in self._thinks else "content", text, choice)
