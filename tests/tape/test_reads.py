"""A recorder grows by whole reads, as every thread sees it; a tape never changes."""

import sys
import threading
import tracemalloc
from dataclasses import replace

import pytest

from streamlab.tape import UNKNOWN, End, Read, Recorder, Stamp, Tape, tape_of
from streamlab.testing import ManualClock, tape_from

STAMPS = [
    Stamp(100, 110, "kernel", 2, 90, "merged"),
    Stamp(200, 220, "user"),
    Stamp(300, 300, "iterator", UNKNOWN, 250),
]
DATA = [b"data: a\n\n", b"\xff", b"data: c\n\n"]


def recorded():
    log = Recorder(ManualClock(1_000))
    for data, stamp in zip(DATA, STAMPS, strict=True):
        log.append(data, stamp)
    return log


def test_a_tape_gives_back_what_the_recorder_was_told():
    log = recorded()
    log.mark("request_sent", 50)
    log.meta["url"] = "http://127.0.0.1/"
    log.end("eof", "all of it")

    tape = log.finish()

    assert [read.data for read in tape] == DATA
    assert [read.stamp for read in tape] == STAMPS
    assert [read.delivered_ns for read in tape] == [UNKNOWN] * 3
    assert tape.end == End(1_000, "eof", "all of it")
    assert (tape.t0_ns, tape.meta["url"]) == (50, "http://127.0.0.1/")


def test_rows_count_from_either_end():
    tape = recorded().finish()

    assert len(tape) == 3
    assert tape[-1] == tape[2] == Read(DATA[2], STAMPS[2], UNKNOWN, UNKNOWN)
    assert tape[-3] == tape[0]


@pytest.mark.parametrize("row", [3, -4])
def test_a_row_that_is_not_there_is_named(row):
    with pytest.raises(IndexError, match=f"^read {row} of a tape of 3 reads$"):
        recorded().finish()[row]


def test_a_recorder_without_an_end_was_closed():
    assert recorded().finish().end.how == "closed"


def test_the_first_end_counts_and_nothing_comes_after_it():
    log = recorded()
    log.end("timeout")
    log.end("eof")
    log.append(b"late", STAMPS[0])
    log.extend(b"late")

    tape = log.finish()

    assert tape.end.how == "timeout"
    assert bytes(tape.body) == b"".join(DATA)


def test_finishing_makes_no_copy():
    log = recorded()

    tape = log.finish()

    assert isinstance(tape.body, memoryview)
    assert tape.body.obj is log.body
    assert tape.body.readonly
    assert tape.columns is log.columns


def test_a_read_in_two_pieces_is_one_read():
    log = recorded()
    log.extend(b"more")

    assert [read.data for read in log.finish()] == [*DATA[:2], DATA[2] + b"more"]


def test_there_must_be_a_read_to_extend():
    log = Recorder()

    with pytest.raises(IndexError):
        log.extend(b"more")

    assert log.body == b""


def test_only_the_first_piece_of_a_read_is_delivered():
    clock = ManualClock(1_000)
    log = Recorder(clock)
    log.deliver()
    log.append(b"a", STAMPS[0])
    log.deliver()
    clock.advance_ns(5)
    log.deliver()
    log.append(b"b", STAMPS[1])

    assert [read.delivered_ns for read in log.finish()] == [1_000, UNKNOWN]


def test_max_bytes_keeps_the_beginning():
    log = Recorder(max_bytes=5)
    log.append(b"abc", STAMPS[0])
    assert not log.full
    log.append(b"def", STAMPS[1])
    log.append(b"ghi", STAMPS[2])
    log.extend(b"ghi")

    assert log.full
    assert [read.data for read in log.finish()] == [b"abc", b"de"]


def test_tapes_are_equal_by_value():
    reads, end = list(recorded().finish()), End(1_000, "closed")
    tape = tape_of(reads, end)

    assert tape == recorded().finish()
    assert tape == tape_of(reads, end)
    assert tape != tape_of(reads[:2], end)
    assert tape != tape_of(reads, End(1_000, "eof"))
    assert tape != tape_of(reads, end, marks={"request_sent": 1})
    assert tape != tape_of(reads, end, meta={"label": "x"})
    assert tape != tape_of([r._replace(server_sent_ns=1) for r in reads], end)
    assert tape != tape_of([r._replace(delivered_ns=1) for r in reads], end)
    assert tape != "tape"


def test_send_times_that_are_all_unknown_are_no_difference():
    tape = recorded().finish()
    unknown = tape_of([read._replace(server_sent_ns=1) for read in tape], tape.end)
    assert unknown.server_sent_ns is not None
    for row in range(len(unknown)):
        unknown.server_sent_ns[row] = UNKNOWN

    assert unknown == tape
    assert unknown != replace(tape, body=b"x" * len(tape.body))


def test_without_a_request_time_counts_from_the_call_then_from_the_first_read():
    tape = tape_from([(10, b"a")], t0_ns=1_000)

    assert tape.t0_ns == 1_000
    assert replace(tape, marks={"called": 7}).t0_ns == 7
    assert replace(tape, marks={}).t0_ns == 10_001_000
    assert Tape(b"", Recorder().columns, End(3, "connect")).t0_ns == 3


def test_another_thread_never_sees_a_row_without_its_bytes():
    """Rows are checked while they are written, with threads switched as often as can be."""
    log, wrong, done = Recorder(), [], threading.Event()

    def look():
        while not done.is_set():
            columns, n_reads = log.columns, len(log)
            for row in range(max(n_reads - 20, 0), n_reads):
                data = bytes(log.body[columns.start(row) : columns.ends[row]])
                expected = row.to_bytes(4, "big")
                if data not in (expected, expected * 2) or columns.stamp(row).arrived_ns != row:
                    wrong.append((row, data))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=look)
    thread.start()
    try:
        for row in range(20_000):
            log.append(row.to_bytes(4, "big"), Stamp(row, row))
            log.extend(row.to_bytes(4, "big"))
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(interval)

    assert wrong == []


def interrupted_at(step, call):
    """Run `call` and raise KeyboardInterrupt before its bytecode number `step`."""
    left = step

    def trace(frame, event, arg):
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("change", ["append", "extend"])
def test_an_interrupt_at_any_bytecode_leaves_whole_reads(change):
    """A read is there with all its bytes and stamps, or not at all; the log goes on."""
    step, kept = 0, set()
    while True:
        log = recorded()
        piece = (b"new", STAMPS[0]) if change == "append" else (b"new",)
        broken = interrupted_at(step, lambda: getattr(log, change)(*piece))  # noqa: B023
        kept.add(bytes(log.body).endswith(b"new"))
        log.append(b"after", STAMPS[1])

        columns = log.columns
        assert {len(column) for column in vars_of(columns)} == {len(log)}
        assert columns.ends[-1] == len(log.body)
        tape = log.finish()
        assert b"".join(read.data for read in tape) == bytes(tape.body)
        assert (tape[-1].data, tape[-1].stamp) == (b"after", STAMPS[1])
        if not broken:
            break
        step += 1

    assert step > 10
    assert kept == {True, False}


def vars_of(columns):
    return [getattr(columns, name) for name in columns.__slots__]


@pytest.mark.parametrize(("n_reads", "size"), [(100_000, 1), (2_000, 16_384)])
def test_memory_is_the_bytes_and_little_more(n_reads, size):
    """At most 200 B a read beside 1.5 times the bytes; for tiny reads the bytes alone."""
    data, stamp = b"x" * size, Stamp(10**15, 10**15, "kernel", 1, 10**15)
    tracemalloc.start()
    try:
        log = Recorder()
        for _ in range(n_reads):
            log.append(data, stamp)
        log.finish()
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes <= 1.5 * n_reads * size + 100 * n_reads
