"""Text that is cut within a character or within a tag, put together over deltas."""

import json
import re

from streamlab.dialects.deltas import GENERATED, Delta, Kind
from streamlab.dialects.reading import mended

OPENING, CLOSING = "<think>", "</think>"
_TAGS = re.compile(f"({OPENING}|{CLOSING})")


class Pieces:
    """Joins halves of characters; with `split_tags`, ``<think>`` begins reasoning."""

    # A server that cuts its text by UTF-16 units escapes each half of a pair in an event of its
    # own.  Half a pair must not go further: no encoder accepts it.  So half a character at the
    # end of a delta, and a part of a tag, wait for the next delta of the same kind and choice.

    def __init__(self, split_tags: bool = False) -> None:
        self._split_tags = split_tags
        self._held: dict[tuple[Kind, int | None, int | None], str] = {}
        # A chat template may begin the thinking: then `</think>` comes first, and all before it
        # was reasoning.
        self._thinks: dict[int | None, bool] = {}  # the choices that had a tag
        self.thought: list[int | None] = []  # choices whose content so far was reasoning

    def concern(self, data: str) -> bool:
        """Return whether the deltas of these data may be cut, or complete one that was."""
        halved = "\\" in data and ("\\ud" in data or "\\uD" in data)
        return halved or self._split_tags or any(self._held.values())

    def feed(self, deltas: list[Delta]) -> list[Delta]:
        """Return the deltas with whole characters, and without tags."""
        return [each for delta in deltas for each in self._whole(delta)]

    def close(self) -> list[Delta]:
        """Return the texts that waited for their rest."""
        held, self._held = self._held, {}
        rest = [Delta(kind, text, c, index=i) for (kind, c, i), text in held.items() if text]
        return [self._told(delta) for delta in rest]

    def _whole(self, delta: Delta) -> list[Delta]:
        if delta.kind not in GENERATED:
            return [self._told(delta)]
        place = (delta.kind, delta.choice, delta.index)
        splits = self._split_tags and delta.kind == "content"
        text = self._held.pop(place, "") + delta.text
        end = len(text) - _n_open(text, splits)
        self._held[place], out = text[end:], list[Delta]()
        for part in _TAGS.split(text[:end]) if splits else [text[:end]]:
            thinks = self._thinks.get(delta.choice)
            if splits and part in (OPENING, CLOSING) and thinks is not (part == OPENING):
                if part == CLOSING and thinks is None:
                    self.thought.append(delta.choice)
                    out = [each._replace(kind="reasoning") for each in out]
                self._thinks[delta.choice] = part == OPENING
            elif part or not delta.text:
                # The count of a delta is that of its whole text.
                count = delta.n_tokens if part == delta.text else None
                out.append(self._told(delta._replace(text=part, n_tokens=count)))
        return out or ([delta._replace(text="")] if delta.id or delta.name else [])

    def _told(self, delta: Delta) -> Delta:
        thinks = delta.kind == "content" and self._thinks.get(delta.choice)
        others = json.dumps([delta.id, delta.name, delta.value], ensure_ascii=False)
        call_id, name, value = json.loads(mended(others))
        kind: Kind = "reasoning" if thinks else delta.kind
        whole = delta._replace(kind=kind, text=mended(delta.text))
        return whole._replace(id=call_id, name=name, value=value)


def _n_open(text: str, splits: bool) -> int:
    """Return the length of half a character, or of a part of a tag, at the end of a text."""
    if "\ud800" <= text[-1:] <= "\udbff":
        return 1
    starts = (tag[:n] for tag in (OPENING, CLOSING) for n in range(len(tag)))
    return max(len(start) for start in starts if text.endswith(start)) if splits else 0
