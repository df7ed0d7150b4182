"""A stream in the user's own loop, recorded on our tape.

`Stream` is for ``with`` and ``for``, `AsyncStream` for their async twins.  ``sl.stream``
returns an `Opening`; ``with`` or ``async with`` makes one of the two of it.

Each iterator starts at the beginning, and at the end waits for more bytes.  Lines,
events and deltas are views of the same reads, and may be mixed.
"""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack
from types import TracebackType
from typing import Generic, Never, Self, TypeVar

from streamlab.capture.request import OwnRequest, apieces, atake_rest, pieces, take_rest
from streamlab.capture.session import Session
from streamlab.decode import Event
from streamlab.dialects import Delta
from streamlab.errors import UsageError, WrongLoopError
from streamlab.follow import Follower
from streamlab.follow.text import counted, one_line
from streamlab.recording import Recording
from streamlab.tape import Recorder

T = TypeVar("T")
P = TypeVar("P")
Kind = type[BaseException] | None
Trace = TracebackType | None


class _Streaming(Generic[P]):
    """The base of both kinds of stream: all parts but the loop."""

    _others: tuple[str, ...]
    _not_yet = (
        "a recording exists when its stream has ended, and this one runs. "
        "Leave the with block first; until then use .recorder."
    )

    def __init__(
        self,
        session: Session,
        pieces: P,
        own: OwnRequest | None = None,
        beside: AbstractContextManager[object] | None = None,
    ) -> None:
        self._pieces = pieces  # closed before what runs beside
        self._session, self._own = session, own
        self._is_left = False
        # Kept open as long as the stream: without `with`, its opening may be gone before.
        self._beside = beside
        self._follower = Follower(self.recorder, session.dialect)

    def __del__(self) -> None:
        # The garbage collector took an open stream.
        if not self._is_left and self._own is not None:
            self._session.end("closed")

    def __repr__(self) -> str:
        recorder, what = self._session.recorder, type(self).__name__
        came = counted(len(recorder), "read")
        state = "ended" if self._session.done else "not ended"
        return one_line(f"<{what} '{recorder.meta['label']}', {came} so far, {state}>")

    @property
    def recorder(self) -> Recorder:
        """The tape as it grows."""
        return self._session.recorder

    @property
    def recording(self) -> Recording:
        """The recording, once the stream has ended or its block was left; UsageError before."""
        if not self._session.done:
            raise UsageError(self._not_yet)
        return self._session.recording()

    @property
    def _is_new(self) -> bool:
        # Whether the request was not sent yet, and may be sent.
        return not self._session.recorder.marks and not self._session.enough

    def _follow(self, piece: bytes | None) -> None:
        # Decode what has arrived; None in place of a piece is the end of the stream.
        if piece is None:
            self._follower.close()
        else:
            self._follower.poll()

    def __getattr__(self, name: str) -> Never:
        if name in self._others:
            raise self._wrong_loop()
        raise AttributeError(f"a stream has no {name!r}")

    def _wrong_loop(self) -> WrongLoopError:
        ours, other = ("", "async ") if isinstance(self, Stream) else ("async ", "")
        return WrongLoopError(
            f"this stream was opened by {ours}with, so it needs {ours}for, not {other}for. "
            f"Write: {other}with sl.stream(…) as s, to use {other}for."
        )

    def _lines(self, first: int) -> Iterable[str]:
        return map(self._follower.line, range(first, len(self._follower.lines)))

    def _events(self, first: int) -> Iterable[Event]:
        return self._follower.events[first:]

    def _deltas(self, first: int) -> Iterable[Delta]:
        self._follower.interpret()
        return self._follower.deltas[first:]


class Stream(_Streaming[Generator[bytes, None, None]]):
    """An open stream, for ``with`` and ``for``.

    A failure of the network ends the loop and is in ``.recording.end``; it is not raised.
    """

    _others = ("aiter_lines", "aiter_events", "aiter_raw")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Kind, exc: BaseException | None, trace: Trace) -> None:
        self._is_left = True
        try:
            if self._session.left(exc) and self._own is not None:
                take_rest(self._own, self._pieces)
            self._before_close()
        finally:  # also where Ctrl-C strikes in here
            self._pieces.close()

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
        """Yield the pieces of the body that HTTP returns from now on."""
        while (piece := self._pull()) is not None:
            yield piece

    def __aiter__(self) -> Never:
        raise self._wrong_loop()

    def _each(self, since: Callable[[int], Iterable[T]]) -> Iterator[T]:
        seen, ended = 0, False
        while (some := [*since(seen)]) or not ended:
            yield from some
            seen += len(some)
            ended = not some and self._pull() is None

    def _pull(self) -> bytes | None:
        piece = next(self._pieces, None)
        self._follow(piece)
        return piece

    def _before_close(self) -> None:
        # Send the request, also if the block never read: the user opened the stream.
        if self._own is None:
            self._session.end("closed")  # the response of another library
        elif self._is_new:
            next(self._pieces, None)


class AsyncStream(_Streaming[AsyncGenerator[bytes, None]]):
    """An open stream, for ``async with`` and ``async for``.

    A failure of the network ends the loop and is in ``.recording.end``; it is not raised.
    """

    _others = ("iter_lines", "iter_events", "iter_raw")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: Kind, exc: BaseException | None, trace: Trace) -> None:
        self._is_left = True
        try:
            if self._session.left(exc) and self._own is not None:
                await atake_rest(self._own, self._pieces)
            await self._before_close()
        finally:
            await self._pieces.aclose()

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
        """Yield the pieces of the body that HTTP returns from now on."""
        while (piece := await self._pull()) is not None:
            yield piece

    def __iter__(self) -> Never:
        raise self._wrong_loop()

    async def _each(self, since: Callable[[int], Iterable[T]]) -> AsyncIterator[T]:
        seen, ended = 0, False
        while (some := [*since(seen)]) or not ended:
            for thing in some:
                yield thing
            seen += len(some)
            ended = not some and await self._pull() is None

    async def _pull(self) -> bytes | None:
        piece = await anext(self._pieces, None)
        self._follow(piece)
        return piece

    async def _before_close(self) -> None:
        if self._own is None:
            self._session.end("closed")
        elif self._is_new:
            await anext(self._pieces, None)


class Opening:
    """A stream not yet opened: enter it by ``with`` or by ``async with``.

    `beside` is a context that is open as long as the block, such as a journal.
    """

    def __init__(self, own: OwnRequest, beside: AbstractContextManager[object]) -> None:
        self._own, self._beside = own, beside
        self._held, self._aheld = ExitStack(), AsyncExitStack()
        self._is_new = True

    def __enter__(self) -> Stream:
        own = self._begun(self._held)
        stream = Stream(own.session, pieces(own), own, self._beside)
        self._held.push(stream)
        return stream

    def __exit__(self, kind: Kind, exc: BaseException | None, trace: Trace) -> None:
        self._held.__exit__(kind, exc, trace)

    async def __aenter__(self) -> AsyncStream:
        own = self._begun(self._aheld)
        stream = AsyncStream(own.session, apieces(own), own, self._beside)
        self._aheld.push_async_exit(stream)
        return stream

    async def __aexit__(self, kind: Kind, exc: BaseException | None, trace: Trace) -> None:
        await self._aheld.__aexit__(kind, exc, trace)

    def _begun(self, held: ExitStack | AsyncExitStack) -> OwnRequest:
        if not self._is_new:
            raise UsageError(
                "a stream is opened once, and this one was opened before. "
                "Call sl.stream(…) again for another request."
            )
        self._is_new = False
        held.enter_context(self._beside)
        return self._own

    def __repr__(self) -> str:
        endpoint = self._own.options.endpoint
        return f"<Opening of {endpoint!r}: enter it by with or async with>"

    def __iter__(self) -> Never:
        raise self._unopened("")

    def __aiter__(self) -> Never:
        raise self._unopened("async ")

    def _unopened(self, kind: str) -> WrongLoopError:
        return WrongLoopError(
            f"a stream is opened before it is read, and {kind}for came first. "
            f"Write: {kind}with sl.stream(…) as s, and then: {kind}for delta in s."
        )
