"""Everything streamlab raises on purpose.

- ``StreamlabError``
    - ``UsageError`` (also a ``ValueError``): a call that has no meaning
        - ``UnknownNameError`` (also a ``LookupError``): no such scenario, dialect, plot, …
        - ``MissingKeyError``: an endpoint needs a key and none was given
        - ``WrongLoopError`` (also a ``TypeError``): ``for`` over an async stream, …
    - ``FormatError`` (also a ``ValueError``): a file that is not of its format
    - ``SchemaError`` (also a ``ValueError``): a table lacks a column it needs
    - ``StreamFailedError``: the stream failed; only ``rec.raise_for_status()`` raises it
    - ``LabError``: the lab did not start, or its port is taken

A stream that breaks off is none of these.  That is an observation, and a recording keeps
it as its ``End``.  Every message has four parts: what was expected, what came, where, and
what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class StreamlabError(Exception):
    """Base of every error raised on purpose."""


class UsageError(StreamlabError, ValueError):
    """A call that has no meaning, however the network behaves."""


class UnknownNameError(UsageError, LookupError):
    """No scenario, dialect, plot or format has this name.

    `what` is the family, for example ``"scenario"``, and `known` has all its names.
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.what, self.name, self.known = what, name, tuple(sorted(known))
        close = get_close_matches(str(name), self.known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else "Choose one of them."
        super().__init__(f"no {what} {name!r}; there are: {', '.join(self.known)}. {hint}")


class MissingKeyError(UsageError):
    """An endpoint needs a key and none was given."""

    def __init__(self, provider: str, variable: str) -> None:
        self.provider, self.variable = provider, variable
        super().__init__(
            f"{provider} needs a key and {variable} is not set. "
            f"Set {variable}, pass api_key=…, or stream from the lab: sl.serve().endpoint()."
        )


class WrongLoopError(UsageError, TypeError):
    """``for`` over an async stream, or ``async for`` over a sync one."""


class FormatError(StreamlabError, ValueError):
    """A file, or a line of it, is not of its format."""


class SchemaError(StreamlabError, ValueError):
    """A table lacks a column it needs."""

    def __init__(self, missing: str, present: Iterable[str]) -> None:
        self.missing, self.present = missing, tuple(present)
        has = ", ".join(self.present) or "none"
        super().__init__(
            f"the table has no column {missing!r}; it has: {has}. "
            "Pass a table of a recording, such as rec.events."
        )


class StreamFailedError(StreamlabError):
    """The stream failed; only ``raise_for_status`` raises it."""


class LabError(StreamlabError):
    """The lab did not start, or does not answer any more."""
