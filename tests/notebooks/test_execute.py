"""The first lessons run from top to bottom, in real kernels, offline; and their prose is true.

After the last cell a cell of the test compares the objects of the lesson with its prose, and
answers the exercises as a learner does.  A claim about times may fail on a busy machine: then
its cell must say so.
"""

from base64 import b64decode
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest

from tests.notebooks import execute
from tests.notebooks.running import prepared, said

FIRST_STREAM = """
text = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
both = [*watched.recordings.values()]
assert [each.text for each in (rec, arec, *both)] == [text] * 4
for each in (rec, arec, *both):
    assert each.lines["kind"].tolist() == ["data", "blank"] * 31
    assert each.lines["t_ms"].notna().all() and each.problem is None
assert by_curl.lines == by_httpx == by_async and len(by_async) == 62
assert [raw.decode().rstrip("\\n") for raw in rec.lines["raw"]] == by_httpx
assert rec.reads["read"][rec.lines["read"][2]] == rec.lines["read"][3]
assert rec.lines["gap_ms"].iloc[1::2].isna().all()
assert rec.meta["request"]["temperature"] == 0
assert len(shorter.lines) == 61 and len(shorter.events) == 30
assert ex.blank_lines.check(31, rec) and ex.last_byte.check(30, rec)
assert not ex.blank_lines.check(30, rec) and not ex.last_byte.check(31, rec)
assert ex.pace.check(rec.summary["icl_p50_ms"], rec)
assert "in s." in ex.pace.check(rec.summary["icl_p50_ms"] / 1000, rec).said
"""
ON_THE_WIRE = """
assert with_n.raw == without.raw == rec.body
assert chunk == rec.body[: rec.tape.chunk_ends[0]] and len(chunk) == 297
assert ex.chunks.check(len(rec.tape.chunk_ends), rec) and not ex.chunks.check(1, rec)
assert ex.two_events.check(b"data: one\\ndata: two\\n\\ndata: three\\n\\n")
assert "not complete" in ex.two_events.check(b"data: one\\ndata:two\\n\\ndata: three").said
assert ex.who_strips.check("the SSE parser") and not ex.who_strips.check("curl")
assert theirs == ours == rec.events["data"].tolist()
assert [len(r.tape.chunk_ends) < len(r.events) for r in recs] == [True, True]
assert last == "[DONE]" and claude.events["type"].iloc[-1] == "message_stop"
"""
BUILD_THE_PARSER = """
assert [*score.values()] == [60, 70, 85, 92, 114, 114]
assert ex.split.check(split) and ex.parser.check(parse)
assert [data for _, data in parse(rec.body)] == rec.events["data"].tolist()
"""
ASKING_ELSEWHERE = """
import httpx
try:
    httpx.get("http://example.org")
except httpx.ConnectError:
    print("offline")
"""
WITH_A_KEY = """
import os
import streamlab as sl
taped = sl.record(sl.serve().endpoint("count-to-ten"), "Count", label="gpt-4o-mini")
os.environ |= {"OPENAI_API_KEY": "sk-of-a-test", "OPENAI_BASE_URL": sl.serve(taped).base_url}
"""
ASKED_THERE = """
assert ep.label == "gpt-4o-mini" and "Bearer sk-of-a-test" in headers.values()
assert by_curl.lines == by_httpx == by_async and len(by_async) == 62
assert rec.text == arec.text == watched.recording.text == taped.text
"""
KEY = "with a key"
BOOKS = {
    "00_first_stream.ipynb": [FIRST_STREAM, ASKING_ELSEWHERE],
    "01_on_the_wire.ipynb": [ON_THE_WIRE],
    "02_build_the_parser.ipynb": [BUILD_THE_PARSER],
}


def checked(folder, name, *checks):
    return prepared(name, folder, *checks)


def with_a_key(folder):
    """Return the first lesson with its switch turned to OpenAI, at another address."""
    book = prepared("00_first_stream.ipynb", folder, ASKED_THERE)
    switch = next(cell for cell in book.cells if cell.id == "endpoint")
    switch.source = switch.source.replace("# ep", "ep")
    book.cells.insert(0, nbformat.v4.new_code_cell(WITH_A_KEY))
    return book


def executed(prepare, *arguments):
    """Prepare a notebook in a folder, and execute it."""
    with TemporaryDirectory() as folder:
        return execute.execute(prepare(Path(folder), *arguments), folder)


JOBS = {name: (executed, checked, name, *checks) for name, checks in BOOKS.items()}
JOBS[KEY] = executed, with_a_key


@pytest.mark.parametrize("name", BOOKS)
def test_a_lesson_runs_and_is_true(runs, name):
    outputs = said(runs[name].result())
    verdicts = [
        output.data["text/plain"]
        for cell, found in outputs.items()
        for output in found
        if cell.startswith("claim") or cell == "same-read"
    ]

    assert all(each.startswith(("✓ In this run:", "✗ Not in this run:")) for each in verdicts)


def test_with_a_key_the_first_lesson_asks_a_real_endpoint_and_shows_no_key(runs):
    shown = [str(output) for cell in runs[KEY].result().cells for output in cell.get("outputs", ())]

    assert len(shown) > 20
    assert not any("sk-of-a-test" in each for each in shown)


@pytest.mark.parametrize("cell", ["httpx-sync", "httpx-async", "curl"])
def test_the_same_lines_are_numbered_from_0_to_61(runs, cell):
    [first, *_] = said(runs["00_first_stream.ipynb"].result())[cell]
    rows = (first.get("text") or first.data["text/plain"]).rstrip().splitlines()

    assert [row.split()[0] for row in rows[-13:]] == [*"0123456", "⋮", *map(str, range(57, 62))]
    assert rows[-2] == "  60  data: [DONE]"
    assert rows[-11].endswith('data: {"id":⋯"delta":{"content":"1"}⋯}')


@pytest.mark.parametrize("cell", ["record-sync", "record-async", "watch"])
def test_each_live_view_is_frozen_into_html(runs, cell):
    outputs = said(runs["00_first_stream.ipynb"].result())[cell]
    [view] = [output for output in outputs if output.output_type == "display_data"]

    assert sorted(view.data) == ["text/html", "text/plain"]
    assert "■ the body came to its end, after [DONE]." in view.data["text/html"]


def test_a_guess_is_drawn_into_the_picture(runs):
    [picture] = said(runs["00_first_stream.ipynb"].result())["reveal-pace"]

    assert "You said 100 ms; it was " in picture.data["text/plain"]
    assert b64decode(picture.data["image/png"])[:8] == b"\x89PNG\r\n\x1a\n"


def test_away_from_this_machine_there_is_nothing(runs):
    """The control: in the kernels of these tests, a request to elsewhere fails."""
    assert runs["00_first_stream.ipynb"].result().cells[-1].outputs[0].text == "offline\n"


def test_what_is_saved_has_small_pictures_and_no_widgets(runs):
    for name in BOOKS:
        book = execute.tidy(runs[name].result())
        assert set(book.metadata) == {"kernelspec", "language_info"}
        assert "widget-view" not in nbformat.writes(book)
