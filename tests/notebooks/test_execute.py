"""The notebooks run from top to bottom, in a real kernel, offline; and their prose is true.

After the last cell the test runs one more cell, which compares the objects of the notebook with
its prose.
"""

import copy
from base64 import b64decode

import pytest

from tests.notebooks import execute
from tests.notebooks.running import ran, said

FIRST_STREAM = """
text = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
assert [each.text for each in (rec, arec, watched.recording, again)] == [text] * 4
for each in (rec, arec, watched.recording, again):
    assert each.lines["line"].tolist() == list(range(62))
    assert each.lines["kind"].tolist() == ["data", "blank"] * 31
    assert each.lines["t_ms"].notna().all()
    assert each.problem is None
assert [raw.decode().rstrip("\\n") for raw in rec.lines["raw"]] == lines
assert rec.reads["read"][rec.lines["read"][2]] == rec.lines["read"][3]
assert rec.lines["coalesced"].iloc[1::2].all()
assert rec.lines["gap_ms"].iloc[1::2].isna().all()
assert rec.meta["request"]["temperature"] == 0
assert [e.data for e in rec.tables.events.itertuples()][-1] == "[DONE]"
assert len(shorter.lines) == 61 and len(shorter.events) == 30
assert s.recording.events["coalesced"].mean() > 0.4
assert pd.Series(clock_s).diff().median() * 1000 < 1
assert s.recording.reads["gap_ms"].median() > 10
assert again.body == rec.body
"""


ASKING_ELSEWHERE = """
import httpx
try:
    httpx.get("http://example.org")
except httpx.ConnectError:
    print("offline")
"""


@pytest.fixture(scope="module")
def first_stream(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    book = ran("00_first_stream.ipynb", folder, FIRST_STREAM, ASKING_ELSEWHERE)
    return copy.deepcopy(said(book)), folder, book


def test_the_first_notebook_runs_and_is_true(first_stream):
    outputs = first_stream[0]

    assert outputs["lines-shape"][0].data["text/plain"] == "(62, 13)"
    assert outputs["record-sync"][-1].data["text/plain"] == "'1, 2, 3, 4, 5, 6, 7, 8, 9, 10'"
    assert outputs["own-loop-async"][0].data["text/plain"] == "(62, 'data: [DONE]', '')"


def test_your_own_loop_prints_the_lines_from_0_to_61(first_stream):
    printed, content_type = first_stream[0]["own-loop-sync"]
    rows = printed.text.splitlines()

    assert [int(row.split()[0]) for row in rows] == list(range(62))
    assert rows[-2:] == ["60 data: [DONE]", "61 "]
    assert rows[2].startswith('2 data: {…"delta":{"content":"1"}')
    assert content_type.data["text/plain"] == "'text/event-stream; charset=utf-8'"


@pytest.mark.parametrize("cell", ["record-sync", "record-async", "watch"])
def test_each_live_view_is_frozen_into_html(first_stream, cell):
    [view] = [o for o in first_stream[0][cell] if o.output_type == "display_data"]

    assert sorted(view.data) == ["text/html", "text/plain"]
    assert "■ the body came to its end, after [DONE]." in view.data["text/html"]
    assert "62" in view.data["text/html"]


@pytest.mark.parametrize("cell", ["staircase", "gaps", "bursty-gaps"])
def test_each_picture_is_a_png(first_stream, cell):
    [picture] = first_stream[0][cell]

    assert b64decode(picture.data["image/png"])[:8] == b"\x89PNG\r\n\x1a\n"


def test_nothing_is_left_but_the_recording(first_stream):
    names = {path.name for path in first_stream[1].iterdir()}

    assert names == {"00_first_stream.ipynb", "first_stream.jsonl"}


def test_away_from_this_machine_there_is_nothing(first_stream):
    """The control: in the kernels of these tests, a request to elsewhere fails."""
    assert first_stream[2].cells[-1].outputs[0].text == "offline\n"


def test_what_is_saved_has_small_pictures_and_no_noise(first_stream):
    book = first_stream[2]
    pngs = [b64decode(png) for png in pictures(execute.tidy(book))]

    assert set(book.metadata) == {"kernelspec", "language_info"}
    assert [png[25] for png in pngs] == [3, 3, 3]  # the colour type: a palette
    assert max(map(len, pngs)) < 50_000


def pictures(book):
    """Return the pictures of a notebook, in base64."""
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    bundles = [output.get("data", {}) for cell in cells for output in cell.outputs]
    return [data["image/png"] for data in bundles if "image/png" in data]
