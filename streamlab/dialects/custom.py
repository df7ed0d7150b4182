"""A reader of the user's own: paths to the values in an event, or a function of an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from streamlab.dialects.deltas import Delta, meta, text_delta, unread
from streamlab.dialects.failures import failure_of
from streamlab.dialects.paths import Path, path_of, values_at
from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import a_dict, parse, texts_of, whole
from streamlab.errors import UsageError

FUNCTION = "function"
"""The key in the metadata of a recording that a function read; its value is the name."""


class Incoming(NamedTuple):
    """An event, as a function of the user's own receives it."""

    type: str
    data: str

    @property
    def json(self) -> object:
        """The JSON in the data; None if the data are not JSON."""
        return parse(self.data)


EventReader = Callable[[Incoming], str | Iterable[Delta] | None]
"""Takes an event; returns its text, or its deltas."""

Reading = str | EventReader
"""How to read events: the name of a dialect, or a function of the user's own."""

Custom = Mapping[str, str] | EventReader
"""A function, or paths by name: text, reasoning, done, finish, tokens, error."""


def checked(paths: Mapping[str, str]) -> dict[str, Path]:
    """Return the paths, without ``done`` if it is a word; raise UsageError if one is none."""
    found = dict[str, Path]()
    for name, text in paths.items():
        path = path_of(text)
        if path is not None:
            found[name] = path
        elif name != "done" or text.startswith("$"):
            raise UsageError(
                f"{name}= is a path such as $.response or $.choices[0].text, not {text!r}. "
                "Begin with $, then .name, [0] or [*]."
            )
    return found


class CustomReader(Reader):
    """Takes the values at the paths, or what the function returns."""

    def __init__(self, custom: Custom) -> None:
        super().__init__()
        paths = {} if callable(custom) else custom
        self._call = custom if callable(custom) else None
        self._paths, self._word = checked(paths), paths.get("done", "$")
        # A function shows by a ``finish`` that its format has a terminal signal.
        self.decides = not paths.keys().isdisjoint(("done", "finish"))

    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one event adds."""
        if self._call is not None:
            return self._called(self._call, Incoming(type, data))
        if data.strip() == self._word:
            self.finished = True
            return self._done(self._word)
        event = parse(data)
        if not isinstance(event, dict | list):
            return self._bare(type, data)
        out = text_delta("reasoning", self._text("reasoning", event), 0)
        out += text_delta("content", self._text("text", event), 0)
        self._count(event, out)
        failure = self._values("error", event) or [failure_of(a_dict(event))]
        out += self._error(failure[0]) + self._end(event)
        known = any(self._values(name, event) for name in self._paths)
        return out or (meta(type) if known else unread(a_dict(event), (), "") or meta(type))

    def _values(self, name: str, event: object) -> list[object]:
        return values_at(event, self._paths[name]) if name in self._paths else []

    def _text(self, name: str, event: object) -> str:
        return "".join(map(texts_of, self._values(name, event)))

    def _count(self, event: object, out: list[Delta]) -> None:
        """Read the tokens: a list of this event's, the number so far, or a usage object."""
        for found in self._values("tokens", event):
            self.counts.listed(found, "tokens", out)
            if (count := whole(found)) is not None:
                self.counts.running(count, "tokens", out)
                out += self._used({"output_tokens": count})
            out += self._used(found)

    def _end(self, event: object) -> list[Delta]:
        done = any(self._values("done", event))
        reasons = self._values("finish", event) + self._values("done", event)
        out = [delta for reason in reasons for delta in self._finish(reason)]
        self.finished = self.finished or done
        return out or (self._done("done") if done else [])

    def _called(self, call: EventReader, event: Incoming) -> list[Delta]:
        try:
            found = call(event)
            out = (
                text_delta("content", found, 0) if isinstance(found, str) else [*(found or ())]
            )
        except Exception as exc:
            return [Delta("unread", f"the reader raised {exc!r}")]
        for delta in out:
            if not isinstance(delta, Delta):
                raise UsageError(
                    f"a reader returns text or deltas, and {delta!r} came. "
                    'Return event.json["text"], or [streamlab.dialects.Delta("content", …)].'
                )
            self.decides = self.finished = self.finished or delta.kind == "finish"
            self.failed = self.failed or delta.kind == "error"
        return out or meta(event.type)
