"""A stream in somebody's own loop: their loop, our tape.

`Stream` for ``with`` and ``for``, `AsyncStream` for their async twins; an `Opening` is what
``sl.stream`` returns, before it is known which of the two is meant.

Each iterator starts at the beginning and waits for more where it has seen all: lines,
events and deltas are views of the same reads, and may be mixed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from types import TracebackType
from typing import Generic, Never, TypeVar

from streamlab.capture.request import Attempt, apieces, pieces
from streamlab.decode import Event
from streamlab.dialects import Delta
from streamlab.errors import UsageError, WrongLoopError
from streamlab.follow import Follower
from streamlab.tape import How, Recorder, Tape

R = TypeVar("R")
T = TypeVar("T")


class _Streaming(Generic[R]):
    """What both kinds of stream share: all but the loop."""

    def __init__(self, attempt: Attempt, make: Callable[[Tape], R]) -> None:
        self._attempt, self._make = attempt, make
        self._follower = Follower(attempt.recorder, attempt.endpoint.dialect)
        self._recording: R | None = None

    @property
    def recorder(self) -> Recorder:
        """The tape as it grows."""
        return self._attempt.recorder

    @property
    def recording(self) -> R:
        """The recording, once the stream has ended or its block was left.

        Raises
        ------
        UsageError
            While the stream runs.
        """
        self._finish()
        if self._recording is None:
            raise UsageError(
                "a recording is there when its stream has ended, and this one runs. "
                "Leave the with block first; until then there is .recorder."
            )
        return self._recording

    def _finish(self) -> None:
        if self._recording is None and self._attempt.tape is not None:
            self._recording = self._make(self._attempt.tape)

    def _leave(self, exc: BaseException | None) -> None:
        """Say how the block was left, for the tape."""
        how: dict[type[BaseException], tuple[How, str]] = {
            KeyboardInterrupt: ("interrupted", "Ctrl-C"),
            asyncio.CancelledError: ("cancelled", "the task was cancelled"),
        }
        if exc is not None and self._attempt.taping.stopping is None:
            self._attempt.taping.stopping = how.get(type(exc), ("closed", type(exc).__name__))

    def _lines(self) -> Sequence[str]:
        return _LineTexts(self._follower)

    def _events(self) -> Sequence[Event]:
        return self._follower.events

    def _deltas(self) -> Sequence[Delta]:
        self._follower.interpret()
        return self._follower.deltas


class Stream(_Streaming[R]):
    """A stream under way, for ``with`` and ``for``.

    A failure of the network ends the loop and is in ``.recording.end``; it is not raised.
    """

    def __enter__(self) -> Stream[R]:
        self._pieces = pieces(self._attempt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave(exc)
        try:
            self._start_if_new()
            self._pieces.close()
        finally:
            self._finish()

    def __iter__(self) -> Iterator[Delta]:
        """Yield the deltas as they arrive."""
        return self._each(self._deltas)

    def iter_lines(self) -> Iterator[str]:
        """Yield the lines, without their ends."""
        return self._each(self._lines)

    def iter_events(self) -> Iterator[Event]:
        """Yield the events."""
        return self._each(self._events)

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the pieces of the body as HTTP hands them over, from where it stands."""
        while (piece := self._pull()) is not None:
            yield piece

    def __aiter__(self) -> Never:
        raise WrongLoopError(
            "this stream was opened by with, so it wants for, not async for. "
            "Write: async with sl.stream(…) as s, to use async for."
        )

    def __getattr__(self, name: str) -> Never:
        if name in ("aiter_lines", "aiter_events", "aiter_raw"):
            self.__aiter__()
        raise AttributeError(f"a stream has no {name!r}")

    def _each(self, found: Callable[[], Sequence[T]]) -> Iterator[T]:
        seen, more = 0, True
        while more:
            things = found()
            while seen < len(things):
                yield things[seen]
                seen += 1
            more = self._pull() is not None or seen < len(found())

    def _pull(self) -> bytes | None:
        piece = next(self._pieces, None)
        if piece is None:
            self._follower.close()
            self._finish()
        else:
            self._follower.poll()
        return piece

    def _start_if_new(self) -> None:
        """Send the request of a block that never looked: it was asked for."""
        if not self._attempt.recorder.marks and self._attempt.taping.stopping is None:
            next(self._pieces, None)


class AsyncStream(_Streaming[R]):
    """A stream under way, for ``async with`` and ``async for``.

    A failure of the network ends the loop and is in ``.recording.end``; it is not raised.
    """

    async def __aenter__(self) -> AsyncStream[R]:
        self._pieces = apieces(self._attempt)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave(exc)
        try:
            await self._start_if_new()
            await self._pieces.aclose()
        finally:
            self._finish()

    def __aiter__(self) -> AsyncIterator[Delta]:
        """Yield the deltas as they arrive."""
        return self._each(self._deltas)

    def aiter_lines(self) -> AsyncIterator[str]:
        """Yield the lines, without their ends."""
        return self._each(self._lines)

    def aiter_events(self) -> AsyncIterator[Event]:
        """Yield the events."""
        return self._each(self._events)

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        """Yield the pieces of the body as HTTP hands them over, from where it stands."""
        while (piece := await self._pull()) is not None:
            yield piece

    def __iter__(self) -> Never:
        raise WrongLoopError(
            "this stream was opened by async with, so it wants async for, not for. "
            "Write: with sl.stream(…) as s, to use for."
        )

    def __getattr__(self, name: str) -> Never:
        if name in ("iter_lines", "iter_events", "iter_raw"):
            self.__iter__()
        raise AttributeError(f"a stream has no {name!r}")

    async def _each(self, found: Callable[[], Sequence[T]]) -> AsyncIterator[T]:
        seen, more = 0, True
        while more:
            things = found()
            while seen < len(things):
                yield things[seen]
                seen += 1
            more = await self._pull() is not None or seen < len(found())

    async def _pull(self) -> bytes | None:
        piece = await anext(self._pieces, None)
        if piece is None:
            self._follower.close()
            self._finish()
        else:
            self._follower.poll()
        return piece

    async def _start_if_new(self) -> None:
        """Send the request of a block that never looked: it was asked for."""
        if not self._attempt.recorder.marks and self._attempt.taping.stopping is None:
            await anext(self._pieces, None)


class Opening(Generic[R]):
    """A stream not yet opened: enter it by ``with`` or by ``async with``.

    `beside` makes a context that is held as long as the block, such as a journal.
    """

    def __init__(
        self,
        attempt: Attempt,
        make: Callable[[Tape], R],
        beside: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._attempt, self._make = attempt, make
        self._beside = beside
        self._held = ExitStack()
        self._open: Stream[R] | AsyncStream[R] | None = None

    def __enter__(self) -> Stream[R]:
        self._held.enter_context(self._beside())
        self._open = stream = Stream(self._attempt, self._make)
        return stream.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert isinstance(self._open, Stream)
        with self._held:
            self._open.__exit__(kind, exc, trace)

    async def __aenter__(self) -> AsyncStream[R]:
        self._held.enter_context(self._beside())
        self._open = stream = AsyncStream(self._attempt, self._make)
        return await stream.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert isinstance(self._open, AsyncStream)
        with self._held:
            await self._open.__aexit__(kind, exc, trace)

    def __repr__(self) -> str:
        return f"<Opening of {self._attempt.endpoint!r}: enter it by with or async with>"

    def __iter__(self) -> Never:
        raise WrongLoopError(
            "a stream is opened before it is read, and for came first. "
            "Write: with sl.stream(…) as s, and then: for delta in s."
        )

    def __aiter__(self) -> Never:
        raise WrongLoopError(
            "a stream is opened before it is read, and async for came first. "
            "Write: async with sl.stream(…) as s, and then: async for delta in s."
        )


class _LineTexts(Sequence[str]):
    """The lines of a follower as text, made when asked for."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def __len__(self) -> int:
        return len(self._follower.lines)

    def __getitem__(self, row: int) -> str:  # type: ignore[override]
        return line_text(self._follower, row)


def line_text(follower: Follower, row: int) -> str:
    """Return a line as text, without its end."""
    return follower.line(row)
