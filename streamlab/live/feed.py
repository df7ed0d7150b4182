"""What a view is told, and when: numbered states, at most 20 a second.

Most messages are deltas: what is new since the state before.  Once a second
a whole state goes out instead, news or not, as a film has key frames, so that a front end that
came late or missed a message is right again even where the kernel is too busy to
be asked.  Where it can be asked (`resync`), the next message is a whole state.

Rule: nothing in here knows widgets or threads' whereabouts; it is handed two ways to send.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from streamlab.live.model import LiveModel

INTERVAL_NS = 55_000_000
"""Between two messages: 18 a second, so that with the last one there are never over 20."""

WHOLE_EVERY_NS = 1_000_000_000

Send = Callable[[dict[str, Any]], None]


class Feed:
    """Pulls a model and sends its states on, paced.

    Parameters
    ----------
    model : LiveModel
        Its clock paces the messages.
    send_whole : callable
        Takes a state that stands alone, and is to be kept for front ends to come.
    send_delta : callable
        Takes a state that only continues the one before.
    """

    def __init__(self, model: LiveModel, send_whole: Send, send_delta: Send) -> None:
        self.model = model
        self._send_whole, self._send_delta = send_whole, send_delta
        self._lock = threading.RLock()
        self._sent = 0  # the number of the state sent last
        self._sent_ns: int | None = None
        self._whole_ns: int | None = None  # when the last whole state went out
        self._wanted = True

    def tick(self) -> bool:
        """Pull, and send at most one message; say whether one was sent."""
        with self._lock:
            now_ns = self.model.clock()
            if self._sent_ns is not None and now_ns - self._sent_ns < INTERVAL_NS:
                return False
            self.model.pull()
            news = self.model.number != self._sent
            if not (news or self._wanted or self._beats(now_ns)):
                return False
            self._send(now_ns)
            return True

    def finish(self) -> dict[str, Any]:
        """Pull the rest, send it whole, and return it."""
        with self._lock:
            self.model.pull()
            self._wanted = True
            return self._send(self.model.clock())

    def resync(self) -> None:
        """Let the next message be a whole state."""
        self._wanted = True

    def _beats(self, now_ns: int) -> bool:
        """Whether a whole state is due although nothing is new: the stream still waits."""
        return self._due(now_ns) and self.model.state in ("waiting", "streaming")

    def _due(self, now_ns: int) -> bool:
        return self._whole_ns is None or now_ns - self._whole_ns >= WHOLE_EVERY_NS

    def _send(self, now_ns: int) -> dict[str, Any]:
        whole = self._wanted or self._due(now_ns)
        state = self.model.snapshot(0 if whole else self._sent)
        self._sent, self._sent_ns, self._wanted = self.model.number, now_ns, False
        if state["since"] == 0:
            self._whole_ns = now_ns
            self._send_whole(state)
        else:
            self._send_delta(state)
        return state
