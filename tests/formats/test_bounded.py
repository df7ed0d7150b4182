"""A file of another kind, which may be endless, is refused after a bounded read."""

import os
import threading
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest

import streamlab as sl
from streamlab import formats
from streamlab.errors import FormatError, UsageError
from streamlab.tape import Journal, Recorder, Stamp, load, save
from streamlab.tape import journal_lines as lines
from streamlab.testing import tape_from

HEADER = b'{"streamlab":"journal","version":1,"meta":{}}\n'
MiB = 1 << 20


def refused(path, most_bytes):
    """Return the sentence of a refusal; the load may hold only so many bytes of memory."""
    list(formats.formats())  # their packages are imported once, and take memory too
    tracemalloc.start()
    try:
        with pytest.raises(FormatError) as caught:
            sl.load(path)
        assert tracemalloc.get_traced_memory()[1] < most_bytes
    finally:
        tracemalloc.stop()
    return str(caught.value)


def sparse(path, start, size):
    """Make a file of `size` bytes, most of which are zeros that take no place on the disk."""
    path.write_bytes(start)
    os.truncate(path, size)
    return path


FOREIGN = {
    "zeros": b"",
    "one-line": b'{"answer": "',
    "a-picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "a-list": b"[[",
    "text": b"Once upon a time ",
}


@pytest.mark.parametrize("ending", [".jsonl", ".png", ".parquet"])
@pytest.mark.parametrize("start", FOREIGN.values(), ids=FOREIGN)
def test_a_large_file_of_another_kind(tmp_path, start, ending):
    said = refused(sparse(tmp_path / f"a{ending}", start, 300 * MiB), MiB)

    assert "is not a recording" in said or "is not one" in said
    assert len(said) < 400


@pytest.mark.parametrize("ending", [".jsonl", ".parquet", ""])
@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a file without an end")
def test_a_device_without_an_end(tmp_path, ending):
    (tmp_path / f"a{ending}").symlink_to("/dev/zero")

    assert refused(tmp_path / f"a{ending}", MiB)


@pytest.mark.parametrize("start", [HEADER, HEADER[:-3]], ids=["second-line", "first-line"])
def test_a_journal_that_goes_on_as_one_line(tmp_path, start):
    path = sparse(tmp_path / "a.jsonl", start, 300 * MiB)

    said = refused(path, 4 * lines.MAX_LINE_BYTES)
    assert said.startswith(
        f"{path}, line {start.count(10) + 1}, is longer than 67,108,864 bytes"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_without_an_end(tmp_path):
    pipe = tmp_path / "a.jsonl"
    os.mkfifo(pipe)

    def pour():
        with suppress(BrokenPipeError), pipe.open("wb") as file:
            while True:
                file.write(b"yes " * 10_000)

    thread = threading.Thread(target=pour)
    thread.start()
    assert "is not a recording" in refused(pipe, MiB)
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("byte", [b"\xff", b"\x00", b"x"])
def test_a_read_larger_than_a_line_is_several_lines(tmp_path, monkeypatch, byte):
    monkeypatch.setattr(lines, "_MOST_BYTES", 1000)
    tape, log = tape_from([(1, b"a"), (2, byte * 2_500), (3, b"b")]), Recorder()
    save(tape, tmp_path / "a.jsonl")
    with Journal(log, tmp_path / "live.jsonl"):
        log.append(byte * 2_500, Stamp(1, 1))
        log.end("eof")

    assert load(tmp_path / "a.jsonl") == tape
    assert load(tmp_path / "live.jsonl") == log.finish()
    assert max(map(len, (tmp_path / "a.jsonl").read_bytes().splitlines())) < 6_200


def test_metadata_larger_than_a_line_are_refused_before_anything_is_written(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1000)

    with pytest.raises(UsageError, match="meta must be made of JSON values, and these take 1,"):
        save(tape_from([(1, b"a")], request={"picture": "x" * 1000}), tmp_path / "a.jsonl")

    assert list(tmp_path.iterdir()) == []
