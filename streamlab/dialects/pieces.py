"""Text that is cut within a character or within a tag, put together over deltas."""

from __future__ import annotations

import json

from streamlab.dialects.deltas import GENERATED, Delta, Kind
from streamlab.dialects.reading import mended

OPENING, CLOSING = "<think>", "</think>"


class Pieces:
    """Joins halves of characters; with `split_tags`, reads ``<think>`` as reasoning."""

    # A server that cuts its text by UTF-16 units escapes each half of a pair in an event of its
    # own.  Half a pair must not go further: no encoder accepts it.  So half a character at the
    # end of a delta, and a part of a tag, wait for the next delta of the same kind and choice.

    def __init__(self) -> None:
        self.split_tags = False
        self._held: dict[tuple[Kind, int | None, int | None], str] = {}
        self._thinks: set[int | None] = set()

    def concern(self, data: str) -> bool:
        """Return whether the deltas of these data may be cut, or complete one that was."""
        halved = "\\" in data and ("\\ud" in data or "\\uD" in data)
        return halved or self.split_tags or any(self._held.values())

    def feed(self, deltas: list[Delta]) -> list[Delta]:
        """Return the deltas with whole characters, and without tags."""
        return [each for delta in deltas for each in self._whole(delta)]

    def close(self) -> list[Delta]:
        """Return the texts that waited for their rest."""
        held, self._held = self._held, {}
        rest = [
            self._told(Delta(k, text, c, index=i)) for (k, c, i), text in held.items() if text
        ]
        return [delta._replace(text=mended(delta.text)) for delta in rest]

    def _whole(self, delta: Delta) -> list[Delta]:
        others = json.dumps([delta.id, delta.name, delta.value], ensure_ascii=False)
        call_id, name, value = json.loads(mended(others))
        delta = delta._replace(id=call_id, name=name, value=value)
        if delta.kind not in GENERATED:
            return [delta._replace(text=mended(delta.text))]
        place = (delta.kind, delta.choice, delta.index)
        rest, out, found = self._held.pop(place, "") + delta.text, list[Delta](), "a tag"
        while found:
            is_split = self.split_tags and delta.kind == "content"
            tag = (CLOSING if delta.choice in self._thinks else OPENING) if is_split else "\n"
            text, found, after = rest.partition(tag) if is_split else (rest, "", "")
            n_held = 0 if found else _n_open(text, tag)
            self._held[place] = text[len(text) - n_held :]
            text = mended(text[: len(text) - n_held])
            # The count of a delta is that of its whole text.
            count = delta.n_tokens if text == delta.text else None
            if text or not delta.text:
                out.append(self._told(delta._replace(text=text, n_tokens=count)))
            self._thinks ^= {delta.choice} if found else set()
            rest = after
        return out or ([delta._replace(text="")] if delta.id or delta.name else [])

    def _told(self, delta: Delta) -> Delta:
        thinks = delta.kind == "content" and delta.choice in self._thinks
        return delta._replace(kind="reasoning") if thinks else delta


def _n_open(text: str, tag: str) -> int:
    """Return the length of half a character, or of the part of a tag, at the end of a text."""
    half = "\ud800" <= text[-1:] <= "\udbff"
    return half or max(n for n in range(len(tag)) if text.endswith(tag[:n]))
