"""Run a copy of a notebook in a test, and read what its cells said."""

import shutil

import nbformat

from tests.notebooks import execute
from tests.notebooks.execute import FOLDER, read


def ran(name, tmp_path, *checks):
    """Execute a copy of a notebook, and cells with checks after it; return it."""
    return execute.execute(prepared(name, tmp_path, *checks), tmp_path)


def prepared(name, tmp_path, *checks):
    """Return a copy of a notebook without outputs, and cells with checks after it."""
    shutil.copyfile(FOLDER / name, tmp_path / name)
    book = read(tmp_path / name)
    for cell in book.cells:
        cell.get("outputs", []).clear()
    book.cells += [nbformat.v4.new_code_cell(check) for check in checks]
    return book


def said(book):
    """Return the outputs of a notebook's cells, by the names of the cells."""
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    for output in (output for cell in cells for output in cell.outputs):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text
    return {cell.id: cell.outputs for cell in cells}
