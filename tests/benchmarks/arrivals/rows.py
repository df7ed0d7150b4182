"""The events that a client saw: a row an event, in columns; and ways to run many streams."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

SENT = re.compile(rb'"content":"(\d{20}) ')
SENT_TEXT = re.compile(r'"content":"(\d{20}) ')

now_ns = time.perf_counter_ns


@dataclass
class Rows:
    """The events of one stream.

    Attributes
    ----------
    sent_ns, delivered_ns : list of int
        The sender's clock, and the moment at which the consumer's loop had the event.
    arrived_ns, read : list of int
        When it arrived and with which read, for clients that know; else empty.
    arrival : list of str, one a read
        "single", "burst", "merged", "" where unknown, for clients that tell; else empty.
    """

    sent_ns: list[int] = field(default_factory=list)
    delivered_ns: list[int] = field(default_factory=list)
    arrived_ns: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    arrival: list[str] = field(default_factory=list)

    def line(self, line: str | bytes) -> None:
        """Note a line, at the moment the consumer has it, if it holds the sender's clock."""
        t_ns = now_ns()
        found = SENT.search(line) if isinstance(line, bytes) else SENT_TEXT.search(line)
        if found:
            self.sent_ns.append(int(found[1]))
            self.delivered_ns.append(t_ns)

    def content(self, content: str) -> None:
        """Note what an SDK made of an event, at the moment the consumer has it."""
        self.delivered_ns.append(now_ns())
        self.sent_ns.append(int(content[:20]))


def threads(work: Callable[[Rows], None], n_streams: int) -> list[Rows]:
    """Run a blocking client in one thread a stream."""
    rows = [Rows() for _ in range(n_streams)]
    running = [threading.Thread(target=work, args=(own,)) for own in rows]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return rows


async def tasks(work: Callable[[Rows], Awaitable[None]], n_streams: int) -> list[Rows]:
    """Run an async client as so many tasks of one loop."""
    rows = [Rows() for _ in range(n_streams)]
    await asyncio.gather(*[work(own) for own in rows])
    return rows
