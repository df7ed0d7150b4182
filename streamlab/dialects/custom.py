"""A reader of the user's own: paths to the values in an event, or a function of an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from streamlab.dialects.deltas import Delta, text_delta, unread
from streamlab.dialects.failures import failure_of
from streamlab.dialects.paths import Step, steps, values_at
from streamlab.dialects.reader import Reader
from streamlab.dialects.reading import a_dict, parse, texts_of, whole
from streamlab.errors import UsageError

Paths = Mapping[str, str]
"""The paths of `PathReader` by name: text, reasoning, done, finish, tokens, error."""

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

Custom = Paths | EventReader


def check_paths(paths: Paths) -> None:
    """Raise UsageError unless each is a path; ``done`` may also be a word, as ``[DONE]``."""
    for name, path in paths.items():
        if name == "done" and not path.startswith("$"):
            continue
        try:
            steps(path)
        except ValueError:
            raise UsageError(
                f"{name}= is a path such as $.response or $.choices[0].text, not {path!r}. "
                "Begin with $, then .name, [0] or [*]."
            ) from None


def custom_reader(custom: Custom) -> Reader:
    """Return the reader of one stream."""
    return CalledReader(custom) if callable(custom) else PathReader(custom)


class PathReader(Reader):
    """Takes the values at some paths."""

    def __init__(self, paths: Paths) -> None:
        super().__init__()
        done = paths.get("done", "")
        self._word = "" if done.startswith("$") else done
        found = {name: steps(path) for name, path in paths.items() if path[:1] == "$"}
        self._paths: dict[str, tuple[Step, ...]] = found
        self.decides = "done" in paths or "finish" in paths

    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one event adds."""
        if self._word and data.strip() == self._word:
            self.finished = True
            return self._done(self._word)
        event = parse(data)
        if not isinstance(event, dict | list):
            return self._bare(type, data)
        out = text_delta("reasoning", self._text("reasoning", event), 0)
        out += text_delta("content", self._text("text", event), 0)
        self._counted(event, out)
        failure = self._values("error", event) or [failure_of(a_dict(event))]
        out += self._error(failure[0])
        out += self._ended(event)
        known = any(self._values(name, event) for name in self._paths)
        return out or ([] if known else unread(a_dict(event), (), "") or [Delta("meta")])

    def _values(self, name: str, event: object) -> list[object]:
        return values_at(event, self._paths[name]) if name in self._paths else []

    def _text(self, name: str, event: object) -> str:
        return "".join(map(texts_of, self._values(name, event)))

    def _counted(self, event: object, out: list[Delta]) -> None:
        """Read the tokens: a list of this event's, the number so far, or a usage object."""
        for found in self._values("tokens", event):
            self.counts.listed(found, "tokens", out)
            if (count := whole(found)) is not None:
                self.counts.running(count, "tokens", out)
                out += self._used({"output_tokens": count})
            out += self._used(found)

    def _ended(self, event: object) -> list[Delta]:
        values = self._values("finish", event) + self._values("done", event)
        ended = [value for value in values if value]
        out = [delta for value in ended for delta in self._finish(value)]
        if any(self._values("done", event)):
            self.finished = True
            out += [] if out else self._done("done")
        return out


class CalledReader(Reader):
    """Calls a function for each event.

    A ``finish`` that it returns is the terminal signal; without one, `complete` is None.  An
    exception is an ``unread`` that names it.
    """

    decides = False

    def __init__(self, call: EventReader) -> None:
        super().__init__()
        self._call = call

    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one event adds."""
        try:
            found = self._call(Incoming(type, data))
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
            self._note(delta)
        return out or [Delta("meta", type)]

    def _note(self, delta: Delta) -> None:
        if delta.kind == "finish":
            self.decides = self.finished = True
        self.failed = self.failed or delta.kind == "error"
        if delta.kind == "done":
            self.terminator = self.terminator or delta.text
