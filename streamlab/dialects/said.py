"""What a stream has said so far, so that a closing event adds only what is new."""

from __future__ import annotations


class Said:
    """The texts of a stream, by family (such as ``output_text``) and place in the answer."""

    def __init__(self) -> None:
        self._texts: dict[str, dict[object, list[str]]] = {}

    @property
    def families(self) -> set[str]:
        """The families that came."""
        return set(self._texts)

    def has(self, family: str, place: object) -> bool:
        """Return whether something came at a place."""
        return place in self._texts.get(family, {})

    def note(self, family: str, place: object, text: str) -> None:
        """Note a text that came."""
        if text:
            self._texts.setdefault(family, {}).setdefault(place, []).append(text)

    def rest(self, family: str, place: object, whole: str, unique: bool = False) -> str:
        """Return the part of a whole text that did not come before.

        With `unique`, a text that came at another place came before: gateways number their
        closing events differently.
        """
        came = self._texts.get(family, {})
        before = "".join(came.get(place, ()))
        if unique and not before and whole in map("".join, came.values()):
            return ""
        return whole[len(before) :]
