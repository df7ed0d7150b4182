"""The log that a follower reads: a `Recorder` that still grows, or a finished `Tape`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from streamlab.tape import Columns, End

Body = bytes | bytearray | memoryview


class Log(Protocol):
    """What a `Recorder` and a `Tape` have in common; `ended` is None while the stream runs."""

    @property
    def body(self) -> Body: ...  # noqa: D102
    @property
    def columns(self) -> Columns: ...  # noqa: D102
    @property
    def marks(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def meta(self) -> Mapping[str, object]: ...  # noqa: D102
    @property
    def ended(self) -> End | None: ...  # noqa: D102
