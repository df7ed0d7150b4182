"""The formats: the ending chooses one, times are kept, no file is left half written."""

from __future__ import annotations

import os
import pathlib
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest

import streamlab as sl
from streamlab import formats
from streamlab.errors import FormatError, UnknownNameError, UsageError
from streamlab.formats import format_for, jsonl, parquet, sse, trace
from streamlab.tape.whole import whole
from tests.capture.test_secrets import KEY, echo_url  # noqa: F401  # a fixture
from tests.metrics.streams import eleven_answers

ENDINGS = [ending for each in formats.formats() for ending in each.ENDINGS]
LOADED = [each.ENDINGS[0] for each in formats.formats() if hasattr(each, "load")]


@pytest.fixture(scope="module")
def rec(fast_lab):
    return sl.record(fast_lab.endpoint("bursty"), "Hi", temperature=0, label="bursts")


def test_a_format_is_found_by_its_ending():
    assert list(formats.formats()) == [jsonl, parquet, sse, trace]
    assert format_for("x/A.PARQUET") is parquet
    assert format_for("a.trace.json") is trace
    assert LOADED == [".jsonl", ".parquet"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.csv", "rec.lines.to_csv({})"),
        ("a.xlsx", "rec.lines.to_excel({})"),
        ("a.HTML", "rec.to_html({})"),
        ("a.txt", "pathlib.Path({}).write_text(rec.text)"),
        ("a.png", "rec.plot().figure.savefig({})"),
        ("a.svg", "rec.plot().figure.savefig({})"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_the_line_to_use(rec, tmp_path, name, line):
    path = str(tmp_path / name)
    with pytest.raises(UsageError) as caught:
        rec.save(path)
    line = line.format(repr(path))
    assert str(caught.value).endswith(line)
    assert list(tmp_path.iterdir()) == []

    if not name.endswith("xlsx"):  # openpyxl may not be there
        exec(line, {"rec": rec, "pathlib": pathlib})
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize(
    ("name", "ending", "hint"),
    [
        ("a.parqet", ".parqet", "Did you mean '.parquet'?"),
        ("a.json", ".json", "Did you mean '.jsonl'?"),
        ("a", "a", "Choose one of them."),
    ],
)
def test_an_ending_of_no_format_is_said_before_anything_is_written(
    rec, tmp_path, name, ending, hint
):
    with pytest.raises(UnknownNameError) as caught:
        rec.save(tmp_path / name)

    assert str(caught.value) == (
        f"no format of files that end in {ending!r}; there are: .jsonl, .ndjson, .parquet, "
        f".sse, .trace.json. {hint}"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", LOADED)
def test_a_round_trip_loses_no_time(rec, tmp_path, ending):
    again = sl.load(rec.save(tmp_path / f"a{ending}"))

    assert again.tape == rec.tape
    assert again.tape.columns == rec.tape.columns
    assert again.tape.server_sent_ns == rec.tape.server_sent_ns
    assert again.tape.server_sent_ns is not None
    assert (again.end, again.tape.t0_ns) == (rec.end, rec.tape.t0_ns)
    assert dict(again.tape.marks) == dict(rec.tape.marks)
    assert len(again.tape.marks) == 8
    assert dict(again.meta) == dict(rec.meta)
    assert again.label == "bursts"
    for name in ("reads", "lines", "events", "deltas", "phases"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(rec, name))
    pd.testing.assert_series_equal(again.summary, rec.summary)


def test_from_one_format_to_the_other_and_back_loses_no_time(rec, tmp_path):
    path = rec.save(tmp_path / "a.jsonl")
    for ending in (".parquet", ".jsonl") * 2:
        path = sl.load(path).save(tmp_path / f"b{ending}")

    assert sl.load(path).tape == rec.tape


@pytest.mark.parametrize("name", ["a.sse", "a.ndjson", "a.trace.json"])
def test_what_keeps_no_stamps_is_not_loaded(rec, tmp_path, name):
    with pytest.raises(FormatError) as caught:
        sl.load(rec.save(tmp_path / name))

    assert str(caught.value) == (
        f"a recording is loaded with all its stamps, and {name} is in a format that does not "
        "keep them. Load a .jsonl or .parquet file that rec.save wrote."
    )


def test_a_journal_may_have_any_name(rec, tmp_path):
    path = rec.save(tmp_path / "a.jsonl").rename(tmp_path / "a.log")

    assert sl.load(path).tape == rec.tape


@pytest.mark.parametrize("ending", ENDINGS)
def test_saving_says_where_and_replaces_what_was_there(rec, tmp_path, ending, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"old" * 10_000)

    assert rec.save(f"~/a{ending}") == path
    assert not path.read_bytes().startswith(b"oldold")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_that_is_not_there_is_said_in_one_sentence(rec, tmp_path, ending):
    path = tmp_path / "nowhere" / f"a{ending}"
    with pytest.raises(FileNotFoundError) as caught:
        rec.save(path)

    assert str(caught.value) == (
        f"cannot write {path}: No such file or directory. "
        "Choose a file in a folder that exists and can be written."
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_in_its_place_is_left_alone(rec, tmp_path, ending):
    path = tmp_path / f"a{ending}"
    path.mkdir()
    with pytest.raises(IsADirectoryError, match=r"^cannot write .*: Is a directory\. Choose"):
        rec.save(path)

    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_open_old_file_can_be_read_to_its_end(rec, tmp_path, ending):
    """The new file replaces the old one at once; no half of it can be seen."""
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        rec.save(path)
        assert reader.read() == b"old"


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.sse"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), whole(path) as file:
        file.write(b"new")
        raise KeyboardInterrupt

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    path = tmp_path / "a.sse"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        formats.save(eleven_answers(), path)
        assert os.read(reader, 1 << 16) == bytes(eleven_answers().tape.body)
    finally:
        os.close(reader)


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_format_writes_a_key(echo_url, tmp_path, ending):  # noqa: F811
    """The server repeats the key it was sent; Parquet is compressed, so it is read back."""
    rec = sl.record(sl.endpoint(echo_url, dialect="openai_chat", api_key=KEY), "Hi")
    path = rec.save(tmp_path / f"a{ending}")
    written = path.read_bytes()
    if ending == ".parquet":
        written = repr([parquet.read_meta(path), pq.read_table(path).to_pylist()]).encode()

    assert b"bad key ***" in written or b"api_key=***" in written
    assert KEY.encode() not in written


def test_a_new_format_is_one_new_file(rec, tmp_path, monkeypatch):
    (tmp_path / "shout.py").write_text(
        'ENDINGS = (".shout",)\n'
        "def save(tables, path):\n"
        "    path.write_text(tables.answer.text.upper())\n"
    )
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    path = rec.save(tmp_path / "a.shout")
    monkeypatch.delitem(sys.modules, "streamlab.formats.shout")

    assert path.read_text() == rec.text.upper()
