"""Reading first: how many consumers of a loop may run before the sockets are read again."""

# With hundreds of streams on one loop, a pass that lets every consumer run takes longer than
# the gap between two events.  The kernel then merges reads that it would have kept apart.  So
# one pass wakes a few consumers, then the loop reads the sockets, then the next ones run.
# Consumers get their data as fast as before, in a fairer order.

import asyncio
from collections import deque
from weakref import WeakKeyDictionary

# Consumers woken in one pass of the loop; each takes some 50 to 100 µs.
A_PASS = 8


class Turns:
    """The consumers of one loop that wait for data which has arrived."""

    # No attribute holds the loop.  `_turns` keeps this object by its loop, weakly; a
    # reference back would keep every loop alive that ever streamed.

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._woken = 0  # in this pass

    def wake(self, consumer: asyncio.Future[None]) -> None:
        """Let a consumer run, in this pass or in one of the next."""
        if self._woken == 0:
            consumer.get_loop().call_soon(self._next_pass)
        if self._woken < A_PASS:
            self._woken += 1
            if not consumer.done():
                consumer.set_result(None)
        else:
            self._waiting.append(consumer)

    def _next_pass(self) -> None:
        waiting, self._woken = self._waiting, 0
        for _ in range(min(A_PASS, len(waiting))):
            self.wake(waiting.popleft())


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


def turns_of(loop: asyncio.AbstractEventLoop) -> Turns:
    """Return the turns of a loop, the same for all its streams."""
    if loop not in _turns:
        _turns[loop] = Turns()
    return _turns[loop]
