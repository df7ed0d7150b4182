"""The messages to a view: numbered states, at most 20 a second.

Most messages are differences: the values that are new since the state before.  Once a second, a
whole state is sent instead.  A front end can also ask for one (`resync`).

Rule: this module knows no widget and starts no thread; it is given two ways to send.
"""

# Why a whole state each second: a front end can appear late or miss a message, and a kernel
# that is busy with a cell cannot answer the front end's request.  So a front end must get all
# values again without a request, also while the stream stalls and no value is new.

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlab.faces.state import State
from streamlab.live.model import LiveModel

INTERVAL_NS = 55_000_000
"""Between two messages: 18 a second, so that the last one makes no more than 20."""

WHOLE_EVERY_NS = 1_000_000_000

Send = Callable[[State], None]


class Feed:
    """Pulls a model and sends its states, paced by the clock of the model.

    Parameters
    ----------
    model : LiveModel
    send_whole : callable
        Takes a whole state, and keeps it for front ends that come later.
    send_delta : callable
        Takes a state with only the new values since the one before.
    """

    def __init__(self, model: LiveModel, send_whole: Send, send_delta: Send) -> None:
        self.model = model
        self._send_whole, self._send_delta = send_whole, send_delta
        self._lock = threading.RLock()
        self._sent = 0  # the number of the state sent last
        self._sent_ns: int | None = None
        self._whole_ns: int | None = None  # when the last whole state was sent
        self._wanted = True

    def tick(self) -> bool:
        """Pull, and send at most one message; return whether one was sent."""
        with self._lock:
            now_ns = self.model.clock()
            if self._sent_ns is not None and now_ns - self._sent_ns < INTERVAL_NS:
                return False
            self.model.pull()
            news = self.model.number != self._sent
            due = self._due(now_ns) and self.model.state in ("waiting", "streaming")
            if not (news or self._wanted or due):
                return False
            self._send(now_ns)
            return True

    def finish(self) -> State:
        """Pull the rest, send it whole, and return it."""
        with self._lock:
            self.model.pull()
            self._wanted = True
            return self._send(self.model.clock())

    def resync(self) -> None:
        """Make the next message a whole state."""
        self._wanted = True

    def _due(self, now_ns: int) -> bool:
        """Return whether it is time for a whole state."""
        return self._whole_ns is None or now_ns - self._whole_ns >= WHOLE_EVERY_NS

    def _send(self, now_ns: int) -> State:
        whole = self._wanted or self._due(now_ns)
        state = self.model.snapshot(0 if whole else self._sent)
        self._sent, self._sent_ns, self._wanted = self.model.number, now_ns, False
        if state["since"] == 0:
            self._whole_ns = now_ns
            self._send_whole(state)
        else:
            self._send_delta(state)
        return state
