"""A log that a test grows read by read, for tests of its readers."""

import json
import random
import threading
import time

from streamlab.tape import Recorder, Stamp
from streamlab.testing import T0_NS, ManualClock


def chat(text="", finish=None, **more):
    """Return one event of the OpenAI chat dialect."""
    choice = {"index": 0, "delta": {"content": text} | more}
    if finish:
        choice["finish_reason"] = finish
    chunk = {"object": "chat.completion.chunk", "choices": [choice]}
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


def stream(log, stop=None, *, seconds=0.4, stall_every=40):
    """Append reads in real time, as a capture does: for a kernel, never for a unit test.

    About fifty a second, three events in every fourth of them, and a stall of 350 ms now
    and then; until `stop` is set.
    """
    stop, chance, n = stop or threading.Event(), random.Random(1), 0
    log.meta["content_type"] = "text/event-stream"
    log.mark("request_sent", log.clock())
    stop.wait(0.1)
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop.is_set():
        n += 1
        data = b"".join(chat(f"<b>{n}</b>, ") for _ in range(chance.choice([1, 1, 1, 3])))
        log.append(data, Stamp(log.clock(), log.clock()))
        stop.wait(chance.uniform(0.01, 0.03) if n % stall_every else 0.35)
    log.append(chat(finish="stop") + DONE, Stamp(log.clock(), log.clock()))
    log.end("closed" if stop.is_set() else "eof")
