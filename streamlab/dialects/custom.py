"""A reader of the user's own: paths to the values in an event, or a function of an event."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from streamlab.dialects.deltas import Delta, meta, text_delta, unread
from streamlab.dialects.failures import failure_of
from streamlab.dialects.paths import Path, path_of, values_at
from streamlab.dialects.reader import NO_REASONS, Reader
from streamlab.dialects.reading import a_dict, parse, text_in, whole
from streamlab.errors import UsageError

# The key in the metadata of a recording that a function read; its value is the name.
FUNCTION = "function"
RAISED = "the reader raised"


class Incoming(NamedTuple):
    """An event, as a function of the user's own receives it."""

    type: str
    data: str

    @property
    def json(self) -> object:
        """The JSON in the data; None if the data are not JSON."""
        return parse(self.data)


# Takes an event; returns its text, or its deltas.
EventReader = Callable[[Incoming], str | Iterable[Delta] | None]
# How to read events: the name of a dialect, or a function of the user's own.
Reading = str | EventReader


def checked(paths: Mapping[str, object]) -> dict[str, Path]:
    """Return the paths, without ``done`` if it is a word; raise UsageError if one is none."""
    found = dict[str, Path]()
    for name, text in paths.items():
        path = path_of(text) if isinstance(text, str) else None
        if path is not None:
            found[name] = path
        elif name != "done" or not isinstance(text, str) or text.startswith("$"):
            raise UsageError(
                f"{name}= is a path such as $.response or $.choices[0].text, not {text!r}. "
                "Begin with $, then .name, [0] or [*]."
            )
    return found


class CustomReader(Reader):
    """Takes the values at the paths, or what the function returns."""

    def __init__(self, custom: Mapping[str, str] | EventReader) -> None:
        super().__init__()
        paths = {} if callable(custom) else custom
        self._call = custom if callable(custom) else None
        self._paths, self._word = checked(paths), paths.get("done", "$")
        self.decides = "done" in paths  # a function shows it by a ``finish``

    def read(self, type: str, data: str) -> list[Delta]:  # noqa: A002
        """Return what one event adds."""
        if self._call is not None:
            return self._called(self._call, Incoming(type, data))
        event = parse(data)
        if data.strip() == self._word:
            self.finished = True
            return self._done(self._word)
        if event is None:
            return self._bare(type, data)
        found = {name: values_at(event, path) for name, path in self._paths.items()}
        texts = found.get("text", [])
        out = text_delta("reasoning", text_in(found.get("reasoning")), 0)
        out += text_delta("content", text_in(texts), 0)
        out += [
            Delta("unread", "text=")
            for each in texts
            if not (text_in(each) or each in ("", [], {}))
        ]
        for tokens in found.get("tokens", ()):
            self._count(tokens, out)
        if (failure := failure_of(a_dict(event))) is not event or not out:
            out += self._error(failure)  # a text at the path is no message of an error
        for done in found.get("done", ()):
            if done and str(done).lower() not in (*NO_REASONS, "false"):
                out += self._finish(done) or self._done("done")
                self.finished = True
        return out or ([] if any(found.values()) else unread(a_dict(event), (), ""))

    def _count(self, tokens: object, out: list[Delta]) -> None:
        self.counts.listed(tokens, out)
        count = whole(tokens)
        if count is not None:
            self.counts.running(count, out)
        out += self._used(tokens if count is None else {"output_tokens": count})

    def _called(self, call: EventReader, event: Incoming) -> list[Delta]:
        try:
            found = call(event)
            given = [Delta("content", found, 0)] if isinstance(found, str) else found
            out = [delta for delta in given or () if delta.text or delta.kind != "content"]
        except Exception as exc:
            return [Delta("unread", f"{RAISED} {exc!r}")]
        kinds = {delta.kind for delta in out}
        self.decides = self.finished = self.finished or "finish" in kinds
        self.failed = self.failed or "error" in kinds
        return out or meta(event.type)
