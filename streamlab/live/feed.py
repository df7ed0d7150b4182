"""The messages to a view: numbered states, at most 20 a second.

Most messages are differences: the values that are new since the state before.  Once a second, a
whole state is sent instead.  A front end can also ask for one (`resync`).  While a stream is
silent, a message goes out twice a second all the same: the beat of the kernel.

Rule: this module knows no widget and starts no thread; it is given two ways to send.
"""

# Why a whole state each second: a front end can appear late or miss a message, and a kernel
# that is busy with a cell cannot answer the front end's request.  So a front end must get all
# values again without a request, also while the stream stalls and no value is new.

import threading
from collections.abc import Callable, Sequence

from streamlab.faces.state import View
from streamlab.live.model import LiveModel

# Between two messages: 18 a second, so that the last one makes no more than 20.
INTERVAL_NS = 55_000_000
WHOLE_EVERY_NS = 1_000_000_000
# A state without news: so a browser can tell a silent kernel from a silent stream.
BEAT_EVERY_NS = 500_000_000

Send = Callable[[View], None]


class Feed:
    """Pulls models and sends their states together, paced by the clock of the first model.

    `send_whole` keeps whole states for front ends that come later; `send_delta` takes states
    with only the new values since the ones before.
    """

    def __init__(self, models: Sequence[LiveModel], send_whole: Send, send_delta: Send) -> None:
        self.models = models
        self._send_whole, self._send_delta = send_whole, send_delta
        self._lock = threading.RLock()
        self._sent = [0] * len(models)  # the numbers of the states sent last
        self._sent_ns: int | None = None
        self._whole_ns: int | None = None  # when the last whole state was sent
        self._wanted = True

    def tick(self) -> bool:
        """Pull, and send at most one message; return whether one was sent."""
        with self._lock:
            now_ns = self.models[0].clock()
            if not self._due(self._sent_ns, INTERVAL_NS, now_ns):
                return False
            for model in self.models:
                model.pull()
            news = [model.number for model in self.models] != self._sent
            runs = any(model.state in ("waiting", "streaming") for model in self.models)
            beat = runs and self._due(self._sent_ns, BEAT_EVERY_NS, now_ns)
            if not (news or self._wanted or beat):
                return False
            self._send(now_ns)
            return True

    def finish(self) -> View:
        """Pull the rest, send it whole, and return it."""
        with self._lock:
            for model in self.models:
                model.pull()
            self._wanted = True
            return self._send(self.models[0].clock())

    def resync(self) -> None:
        """Make the next message a whole state."""
        self._wanted = True

    @staticmethod
    def _due(last_ns: int | None, every_ns: int, now_ns: int) -> bool:
        return last_ns is None or now_ns - last_ns >= every_ns

    def _send(self, now_ns: int) -> View:
        whole = self._wanted or self._due(self._whole_ns, WHOLE_EVERY_NS, now_ns)
        pairs = zip(self.models, [0] * len(self._sent) if whole else self._sent, strict=True)
        view: View = {"streams": [model.snapshot(number) for model, number in pairs]}
        self._sent = [model.number for model in self.models]
        self._sent_ns, self._wanted = now_ns, False
        if whole:
            self._whole_ns = now_ns
            self._send_whole(view)
        else:
            self._send_delta(view)
        return view
