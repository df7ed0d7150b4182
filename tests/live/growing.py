"""A log that grows by hand: for tests of whatever pulls from one."""

import json

from streamlab.tape import Recorder, Stamp
from streamlab.testing import T0_NS, ManualClock


def chat(text="", **more):
    """Return one event of the OpenAI chat dialect."""
    delta = {"content": text} | more
    chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


class Growing(Recorder):
    """A recorder with a manual clock; `read` lets time go on and appends a read."""

    def __init__(self, **meta):
        super().__init__(ManualClock())
        self.meta = {"content_type": "text/event-stream", **meta}
        self.marks["request_sent"] = T0_NS

    def read(self, after_ms, data):
        self.clock.advance_ms(after_ms)
        now_ns = self.clock()
        self.append(data, Stamp(now_ns, now_ns))
