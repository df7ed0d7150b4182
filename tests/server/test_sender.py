"""The sender, on a clock set by hand and a channel that takes a given number of bytes."""

from streamlab.server.loop import Loop
from streamlab.server.response import Response, Write
from streamlab.server.sender import Sender
from streamlab.server.sendlog import SendLog, SendLogs
from streamlab.testing import ManualClock

WRITES = [Write(10, b"aaaa"), Write(20, b"bb"), Write(20, b"c")]


class FakeChannel:
    """A connection without a socket; frames are shown by brackets."""

    def __init__(self, clock) -> None:
        self.clock, self.sent, self.ended = clock, [], None
        self.room = 1_000_000
        self.wakes = None
        self.start_ns = clock()

    def head(self, response, log):
        return b"HEAD"

    def frame(self, data):
        return b"[" + data + b"]"

    def tail(self):
        return b"END"

    def send(self, data):
        if self.room < 0:
            return -1
        n = min(self.room, len(data))
        self.room -= n
        if n:
            self.sent.append((self.clock() - self.start_ns, bytes(data[:n])))
        return n

    def when_writable(self, call):
        self.wakes = call

    def finish(self, ending):
        self.ended = ending


def sending(response, speed=1.0):
    clock = ManualClock()
    loop, channel, log = Loop(clock), FakeChannel(clock), SendLog("1", "test")
    sender = Sender(loop, channel, response, clock(), speed, log)
    sender.start()
    return clock, loop, channel, log, sender


def turn(clock, loop, ns):
    """Let `ns` pass, one at a time, as in a loop that is never late."""
    for step in range(ns + 1):
        for _ in range(5):
            loop._fire()
        if step < ns:
            clock.advance_ns(1)


def test_each_write_is_one_send_on_time_and_the_end_goes_with_the_last():
    clock, loop, channel, log, _ = sending(Response(WRITES))
    turn(clock, loop, 30)

    assert channel.sent == [(0, b"HEAD"), (10, b"[aaaa]"), (20, b"[bb]"), (20, b"[c]END")]
    assert channel.ended == "eof"
    assert list(log.ends) == [4, 6, 7]
    assert log.sent_ns == log.due_ns


def test_speed_divides_the_times():
    clock, loop, channel, _, _ = sending(Response(WRITES), speed=2)
    turn(clock, loop, 12)

    assert [t for t, _ in channel.sent] == [0, 5, 10, 10]


def test_an_end_with_a_time_of_its_own_is_a_send_of_its_own():
    clock, loop, channel, _, _ = sending(Response(WRITES, ending_at_ns=25))
    turn(clock, loop, 30)

    assert channel.sent[-2:] == [(20, b"[c]"), (25, b"END")]


def test_a_break_has_no_end_of_the_body():
    clock, loop, channel, _, _ = sending(Response(WRITES, ending="reset"))
    turn(clock, loop, 30)

    assert channel.sent[-1] == (20, b"[c]")
    assert channel.ended == "reset"


def test_silence_never_ends():
    clock, loop, channel, _, sender = sending(Response(WRITES, ending="silence"))
    turn(clock, loop, 1000)

    assert channel.ended is None
    assert not sender.stopped


def test_no_head_means_no_answer():
    clock, loop, channel, _, _ = sending(Response([], head_at_ns=None, ending="silence"))
    turn(clock, loop, 100)

    assert channel.sent == []


def test_an_empty_body_has_an_end():
    clock, loop, channel, _, _ = sending(Response([]))
    turn(clock, loop, 1)

    assert channel.sent == [(0, b"HEAD"), (0, b"END")]
    assert channel.ended == "eof"


def test_what_the_kernel_does_not_take_waits_and_is_logged_when_it_is_gone():
    clock, loop, channel, log, _ = sending(Response(WRITES))
    turn(clock, loop, 5)
    channel.room = 3
    turn(clock, loop, 10)
    assert channel.sent[1:] == [(10, b"[aa")]
    assert list(log.ends) == []

    channel.room = 100
    clock.advance_ns(10)
    channel.wakes()
    turn(clock, loop, 1)

    assert channel.sent[2:] == [(25, b"aa]"), (25, b"[bb]"), (25, b"[c]END")]
    assert [sent - due for sent, due in zip(log.sent_ns, log.due_ns, strict=True)] == [15, 5, 5]
    assert channel.wakes is None


def test_a_stopped_sender_sends_nothing_more():
    clock, loop, channel, _, sender = sending(Response(WRITES))
    turn(clock, loop, 12)
    sender.stop()
    turn(clock, loop, 100)

    assert channel.sent == [(0, b"HEAD"), (10, b"[aaaa]")]


def test_writes_are_taken_one_ahead_and_no_further():
    taken = []

    def lazily():
        for write in WRITES:
            taken.append(write)
            yield write

    clock, loop, _, _, _ = sending(Response(lazily()))
    turn(clock, loop, 1)

    assert taken == WRITES[:2]


def test_old_logs_are_forgotten_and_running_ones_kept():
    logs = SendLogs(max_rows=3)
    old, new, running = logs.open("a"), logs.open("b"), logs.open("c")
    for log in (old, new):
        log.add(1, 1, 1)
        log.add(2, 2, 2)
        logs.close(log)

    assert logs.get(old.stream) is None
    assert logs.get(new.stream) is new
    assert logs.get(running.stream) is running


def test_an_old_log_is_kept_while_its_stream_runs():
    logs = SendLogs(max_rows=1)
    running, short, long = logs.open("a"), logs.open("b"), logs.open("c")
    running.add(1, 1, 1)
    for log, n in ((short, 1), (long, 2)):
        for end in range(n):
            log.add(end, end, end)
        logs.close(log)

    assert logs.get(running.stream) is running
    assert logs.get(short.stream) is logs.get(long.stream) is None
