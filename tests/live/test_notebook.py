"""A real kernel: what a notebook that is executed and saved keeps of a live view."""

from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[2]

IMPORTS = """
import threading
from streamlab import live
from streamlab.tape import Recorder
from tests.live.growing import stream
"""
BLOCKING = """
log = Recorder()
with live.show_models([live.LiveModel(log, label="in the cell")]):
    stream(log)
"""
BACKGROUND = """
log = Recorder()
shown = live.show_models([live.LiveModel(log, label="behind the cell")])

def watch():
    stream(log)
    shown.freeze()

thread = threading.Thread(target=watch)
thread.start()
"""
LATER = """
thread.join()
"""
BREAKING = """
log = Recorder()
with live.show_models([live.LiveModel(log, label="broken off")]):
    stream(log)
    raise RuntimeError("inside")
"""
CLOSING = """
shown = live.show_models([live.LiveModel(Recorder())])
shown.close()
[thread.name for thread in threading.enumerate() if thread.name == "streamlab-live"]
"""
CELLS = [IMPORTS, BLOCKING, BACKGROUND, LATER, BREAKING, CLOSING]


@pytest.fixture(scope="module")
def saved():
    """Execute the cells in a real kernel and return the notebook as it would be saved."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS])
    client = nbclient.NotebookClient(
        book,
        timeout=60,
        kernel_name="python3",
        store_widget_state=False,
        allow_errors=True,
        resources={"metadata": {"path": str(ROOT)}},
    )
    client.execute()
    return book


def shown_in(book, cell):
    displayed = [out for out in book.cells[cell].outputs if out.output_type == "display_data"]
    assert len(displayed) == 1
    return displayed[0].data


@pytest.mark.parametrize("cell", [1, 2, 4], ids=["blocking", "background", "broken-off"])
def test_the_saved_output_is_static(saved, cell):
    data = shown_in(saved, cell)

    assert sorted(data) == ["text/html", "text/plain"]
    assert "<script" not in data["text/html"]
    assert ", the longest " in data["text/html"]


def test_the_saved_output_holds_the_whole_stream(saved):
    data = shown_in(saved, 1)

    assert "■ the body came to its end, after [DONE]." in data["text/plain"]
    assert "&lt;b&gt;5&lt;/b&gt;" in data["text/html"]
    assert "behind the cell" in shown_in(saved, 2)["text/plain"]


def test_a_later_cell_shows_nothing_of_its_own(saved):
    assert saved.cells[3].outputs == []


def test_an_error_inside_is_the_cells_own(saved):
    errors = [out for out in saved.cells[4].outputs if out.output_type == "error"]

    assert [error.evalue for error in errors] == ["inside"]


def test_a_closed_view_leaves_nothing(saved):
    assert shown_in(saved, 5) == {"text/plain": ""}
    assert saved.cells[5].outputs[-1].data["text/plain"] == "[]"


def test_no_widget_state_is_saved_and_nothing_is_warned(saved):
    streams = [out.text for cell in saved.cells for out in cell.outputs if "text" in out]

    assert "widgets" not in saved.metadata
    assert streams == []
