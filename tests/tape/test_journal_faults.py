"""A journal outlives the failures of a write, an allocation, a thread, a fork."""

import errno
import gc
import io
import os
import subprocess
import sys
import threading
import warnings
import weakref

import pytest

from streamlab.errors import UsageError
from streamlab.tape import End, Journal, Recorder, Stamp, journal, load
from streamlab.tape.journal_thread import THREAD, JournalThread
from streamlab.testing import ManualClock
from tests.waiting import until

STAMP = Stamp(2_000, 2_010, "kernel", 1, 1_990)
SENTENCE = "the journal {} is not complete: {}. It has the first {} reads"


class Faulty(io.FileIO):
    """A file of which the writes with the numbers in `faults` fail, after half of the bytes."""

    faults = range(0)
    failure: BaseException
    n_writes = 0

    def write(self, data):
        cls = type(self)
        cls.n_writes += 1
        if cls.n_writes - 1 in cls.faults:
            super().write(data[: len(data) // 2])
            raise cls.failure
        return super().write(data)


@pytest.fixture
def faulty(monkeypatch):
    class Mine(Faulty):
        pass

    monkeypatch.setattr(journal, "FileIO", Mine)
    return Mine


class Idle(JournalThread):
    """A set of journals that no thread pumps: the test does."""

    def add(self, one):
        self._open.add(weakref.ref(one))


@pytest.fixture
def by_hand(monkeypatch):
    monkeypatch.setattr(journal, "THREAD", Idle())


def story(path):
    """Yield after each step of a stream; the recorder, then its journal, come first."""
    log = Recorder(ManualClock(3_000))
    log.meta["url"] = "http://127.0.0.1/"
    book = Journal(log, path)
    yield log, book
    log.mark("called", 900)
    for row in range(200):
        log.append(b"data: %d\n\n" % row, STAMP)
        if row % 3:
            log.deliver()
        if row % 50 == 20:
            book.pump()
            log.extend(b": more\n\n")
    log.chunk_ends.extend([5, 9])
    book.pump()
    log.deliver()
    log.meta["status"] = 200
    log.mark("headers", 1_500)
    book.pump()
    log.append(b"last", STAMP)
    log.end("eof")
    book.close(server_sent_ns=[1_900] * 201)
    yield log, book


def told(path):
    """Run the story to its end; return its tape, its journal and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        steps = story(path)
        next(steps)
        log, book = next(steps)
    return log.finish(), book, [str(each.message) for each in caught]


def rows(tape):
    """Return a tape's reads without what is known late."""
    return [read._replace(delivered_ns=0, server_sent_ns=0) for read in tape]


FAILURES = [OSError(errno.EIO, "Input/output error"), MemoryError(), RuntimeError("?")]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: type(f).__name__)
def test_any_write_that_fails_once_is_written_again(tmp_path, faulty, by_hand, failure):
    told(tmp_path / "whole.jsonl")
    n_writes, faulty.failure = faulty.n_writes, failure
    assert n_writes > 10

    for number in range(1, n_writes):
        faulty.n_writes, faulty.faults = 0, range(number, number + 1)
        tape, book, said = told(path := tmp_path / "a.jsonl")
        assert (book.error, said) == (None, []), number
        assert load(path) == load(tmp_path / "whole.jsonl")
        assert rows(load(path)) == rows(tape)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: type(f).__name__)
def test_from_any_write_on_that_fails_the_file_holds_the_beginning(
    tmp_path, faulty, by_hand, failure
):
    told(tmp_path / "whole.jsonl")
    n_writes, faulty.failure = faulty.n_writes, failure

    for number in range(1, n_writes):
        faulty.n_writes, faulty.faults = 0, range(number, 10_000)
        tape, book, said = told(path := tmp_path / "a.jsonl")
        n_reads = len(load(path))

        reason = str(failure) or "MemoryError"
        assert said[0].startswith(SENTENCE.format(path, reason, n_reads)), number
        assert book.error is failure
        assert rows(load(path))[:-1] == rows(tape)[: max(n_reads - 1, 0)]
        assert bytes(tape.body).startswith(load(path).body)  # the last read may have grown
        assert load(path).end.how == "cut"


@pytest.mark.parametrize("failure", FAILURES[:2], ids=lambda f: type(f).__name__)
def test_a_journal_whose_first_line_fails_leaves_nothing_open(tmp_path, faulty, failure):
    faulty.failure, faulty.faults = failure, range(1)

    with pytest.raises(type(failure)):
        Journal(Recorder(), tmp_path / "a.jsonl")

    assert open_here(tmp_path) == []
    assert THREAD.open == []


def test_ctrl_c_in_any_write_of_close_is_raised_after_the_end_is_written(
    tmp_path, faulty, by_hand
):
    told(tmp_path / "whole.jsonl")
    n_writes, faulty.failure = faulty.n_writes, KeyboardInterrupt()

    for number in range(n_writes - 4, n_writes):
        faulty.n_writes, faulty.faults = 0, range(number, number + 1)
        with pytest.raises(KeyboardInterrupt):
            told(path := tmp_path / "a.jsonl")
        assert load(path) == load(tmp_path / "whole.jsonl")


def open_here(folder):
    """Return the files of a folder that this process has open."""
    held = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            held.append(os.readlink(f"/proc/self/fd/{fd}"))
        except OSError:  # the folder of descriptors itself
            continue
    return [name for name in held if name.startswith(str(folder))]


linux = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")


@linux
def test_ctrl_c_at_any_bytecode_of_opening_leaves_nothing_open(tmp_path):
    """An interrupt is raised between two bytecodes, anywhere in the code of this package."""
    path, number, struck = tmp_path / "a.jsonl", 0, True

    def tracer(frame, event, _):
        nonlocal left
        if "journal" not in frame.f_code.co_filename or "tests" in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode" and frame.f_code.co_name not in CLOSING:
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return tracer

    while struck:
        left, number, struck = (number := number + 1), number, False
        book = None
        sys.settrace(tracer)
        try:
            book = Journal(Recorder(), path)
        except KeyboardInterrupt:
            struck = True
        finally:
            sys.settrace(None)
        if struck:
            assert open_here(tmp_path) == [], number
            assert THREAD.open == [], number
        else:
            book.close()
    assert number > 100


CLOSING = {"_shut", "_release", "_lock", "_mend", "remove", "__del__", "_run", "_round"}

NO_MEMORY = """
import sys, warnings, weakref
import _testcapi
from streamlab.tape import Journal, Recorder, Stamp, load, journal
from streamlab.tape.journal_thread import JournalThread

class Idle(JournalThread):
    def add(self, one):
        self._open.add(weakref.ref(one))

journal.THREAD = Idle()
warnings.simplefilter("ignore")
lost = n_struck = number = 0
struck = True
while struck:
    number += 1
    struck = False
    log = Recorder()
    book = Journal(log, sys.argv[1])
    for row in range(9):
        log.append(b"data: %d" % row, Stamp(row, row))
        if row % 2:
            log.deliver()
    log.mark("called", 5)
    _testcapi.set_nomemory(number, number + 1)
    try:
        book.pump()
    except MemoryError:
        struck = True
    finally:
        _testcapi.remove_mem_hooks()
    struck = struck or book.error is not None
    n_struck += struck
    log.append(b"last", Stamp(row, row))
    log.end("eof")
    book.close()
    if book.error is not None or load(sys.argv[1]) != log.finish():
        lost += 1
        print(number, repr(book.error), len(load(sys.argv[1])))
print(n_struck > 20, lost)
"""


def test_no_allocation_that_fails_in_a_round_costs_a_read(tmp_path):
    pytest.importorskip("_testcapi")
    done = subprocess.run(
        [sys.executable, "-c", NO_MEMORY, tmp_path / "a"], capture_output=True, text=True
    )

    assert (done.stdout, done.returncode) == ("True 0\n", 0), done.stderr


def test_no_thread_is_said_and_the_next_stream_tries_again(tmp_path, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    log, other = Recorder(), Recorder()
    until(lambda: THREAD._thread is None)  # that of the test before
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.warns(RuntimeWarning, match="cannot start: can't start new thread"):
            book = Journal(log, tmp_path / "a.jsonl")
    log.append(b"a", STAMP)
    log.end("eof")
    with Journal(other, tmp_path / "b.jsonl"):
        other.append(b"b", STAMP)
        until(lambda: len(load(tmp_path / "a.jsonl")) == len(load(tmp_path / "b.jsonl")) == 1)
    book.close()

    assert load(tmp_path / "a.jsonl") == log.finish()


def test_a_round_that_fails_is_followed_by_another(tmp_path, monkeypatch):
    failed, round_ = [], JournalThread._round

    def fail_once(self):
        if not failed:
            failed.append(True)
            raise MemoryError
        return round_(self)

    monkeypatch.setattr(JournalThread, "_round", fail_once)
    log = Recorder()
    with Journal(log, tmp_path / "a.jsonl"):
        log.append(b"a", STAMP)
        until(lambda: len(load(tmp_path / "a.jsonl")) == 1)

    assert failed


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_writer_is_replaced_and_said(tmp_path, monkeypatch):
    def die(_):
        raise SystemExit

    until(lambda: THREAD._thread is None)
    with monkeypatch.context() as patched:
        patched.setattr(JournalThread, "_round", die)
        first = Journal(log := Recorder(), tmp_path / "a.jsonl")
        until(lambda: THREAD._thread is None or not THREAD._thread.is_alive())
    with pytest.warns(RuntimeWarning, match="^the thread that writes journals had died"):
        second = Journal(Recorder(), tmp_path / "b.jsonl")
    log.append(b"a", STAMP)
    until(lambda: len(load(tmp_path / "a.jsonl")) == 1)

    first.close()
    second.close()


def test_a_file_has_one_journal_at_a_time(tmp_path):
    log, path, link = Recorder(), tmp_path / "a.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(path)
    book = Journal(log, path)
    log.append(b"a", STAMP)

    with pytest.raises(UsageError) as caught:
        Journal(Recorder(), link)
    other = subprocess.run([sys.executable, "-c", OTHER, path], capture_output=True, text=True)
    book.close()

    said = f"cannot save to {link}: another stream is being saved to this file. "
    assert str(caught.value) == said + "Choose another file."
    assert other.stdout == "another stream is being saved to this file\n"
    assert [read.data for read in load(path)] == [b"a"]
    Journal(Recorder(), link).close()  # it is free again


OTHER = """
import sys
from streamlab.tape import Journal, Recorder
try:
    Journal(Recorder(), sys.argv[1])
except ValueError as refused:
    print(str(refused).partition(": ")[2].partition(".")[0])
"""

FORKED = """
import os, sys, gc
from streamlab.tape import Journal, Recorder, Stamp, load

log = Recorder()
with Journal(log, sys.argv[1]) as book:
    log.append(b"a", Stamp(1, 1))
    book.pump()
    if (pid := os.fork()) == 0:
        log.append(b"of the child", Stamp(2, 2))
        log.end("closed")
        if sys.argv[2] == "leaves":
            os.dup(book._file.fileno())
            book.close()
            os.read(0, 1)  # it outlives the parent's journal
        sys.exit()  # through the with block, and through atexit
    if sys.argv[2] == "exits":
        os.waitpid(pid, 0)
    log.append(b"b", Stamp(3, 3))
    log.end("eof")
tape = load(sys.argv[1])
print([read.data for read in tape], tape.end.how)
Journal(Recorder(), sys.argv[1]).close()
"""


@pytest.mark.parametrize("how", ["exits", "leaves"])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_forked_child_leaves_the_file_of_its_parent_alone(tmp_path, how):
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED]
    done = subprocess.run(
        [*command, tmp_path / "a", how], capture_output=True, text=True, timeout=30, input=""
    )

    assert (done.stdout, done.stderr) == ("[b'a', b'b'] eof\n", "")


def test_a_journal_that_is_collected_is_written_and_closed(tmp_path):
    log = Recorder()
    book = Journal(log, tmp_path / "a.jsonl")
    log.append(b"a", STAMP)
    log.end("closed", t_ns=3_000)
    del book
    gc.collect()
    until(lambda: not THREAD.open)  # the thread may hold it for a moment

    assert load(tmp_path / "a.jsonl") == log.finish()


def test_the_collector_may_close_a_journal_in_the_middle_of_a_round(tmp_path, by_hand):
    class Closing(Recorder):
        """Its marks are asked for in every round: there, the journal is closed."""

        book = None

        @property
        def marks(self):
            if self.book is not None:
                self.book.close()
            return self.known

        @marks.setter
        def marks(self, known):
            self.known = known

    log = Closing()
    log.book = Journal(log, tmp_path / "a.jsonl")
    log.append(b"a", STAMP)
    log.end("closed", t_ns=3_000)
    log.book.pump()
    log.book = None

    assert load(tmp_path / "a.jsonl") == log.finish()
    assert open_here(tmp_path) == []


HOLES = {
    "read": '{"read":4,"stamp":"user","arrived_ns":1,"seen_ns":1,"text":"e"}',
    "more": '{"more":4,"text":"e"}',
    "late": '{"late":4,"delivered_ns":1}',
}


@pytest.mark.parametrize("line", HOLES.values(), ids=HOLES)
def test_a_journal_with_a_hole_loads_up_to_it_and_says_so(tmp_path, line):
    path = tmp_path / "a.jsonl"
    first = '{"read":0,"stamp":"user","arrived_ns":1,"seen_ns":7,"text":"a"}'
    end = '{"end":{"t_ns":9,"how":"eof","detail":""}}'
    head = '{"streamlab":"journal","version":1,"meta":{}}'
    path.write_text("\n".join([head, first, line, end, ""]))

    tape = load(path)

    assert [read.data for read in tape] == [b"a"]
    assert tape.end == End(
        7, "cut", "Read 1 is missing before line 3; what comes after it is left out."
    )
