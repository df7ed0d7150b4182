"""Thinking that stands between tags in the content, for models behind no reasoning parser."""

from __future__ import annotations

from streamlab.dialects.deltas import Delta, Kind, text_delta

OPENING, CLOSING = "<think>", "</think>"


class ThinkTags:
    """Splits the content of each choice at its tags, which may be cut anywhere.

    The tags are in no delta.  A text that may be the beginning of a tag waits for the next
    delta, which decides it.
    """

    def __init__(self) -> None:
        self._held: dict[int | None, str] = {}
        self._thinks: set[int | None] = set()

    def feed(self, deltas: list[Delta]) -> list[Delta]:
        """Return the deltas, with the content between the tags as reasoning."""
        out: list[Delta] = []
        for delta in deltas:
            out += self._split(delta) if delta.kind == "content" else [delta]
        return out

    def close(self) -> list[Delta]:
        """Return the texts that waited for the rest of a tag."""
        held, self._held = self._held, {}
        return [
            each
            for choice, text in held.items()
            for each in text_delta(self._kind(choice), text, choice)
        ]

    def _split(self, delta: Delta) -> list[Delta]:
        choice, out = delta.choice, list[Delta]()
        text = self._held.pop(choice, "") + delta.text
        while True:
            tag = CLOSING if choice in self._thinks else OPENING
            before, found, text = text.partition(tag)
            if not found:
                break
            out += text_delta(self._kind(choice), before, choice)
            self._thinks ^= {choice}
        size = next((n for n in range(len(tag) - 1, 0, -1) if before.endswith(tag[:n])), 0)
        if size:
            self._held[choice], before = before[-size:], before[:-size]
        out += text_delta(self._kind(choice), before, choice)
        # The count of a delta is that of its whole text.
        same = len(out) == 1 and out[0].text == delta.text
        return [out[0]._replace(n_tokens=delta.n_tokens)] if same else out

    def _kind(self, choice: int | None) -> Kind:
        return "reasoning" if choice in self._thinks else "content"
