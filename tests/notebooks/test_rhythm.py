"""How a notebook reads: prose before code, one thing a cell, a value at its end."""

import ast
import re
from base64 import b64decode
from itertools import pairwise

import nbformat
import pytest

from tests.notebooks.execute import ROOT, notebooks, read

MOST_LINES = 8
HALF_A_SCREEN = 20
ASKS = re.compile(r"\.\.\.|\.(predict|check)\(")
MOST_BYTES_OF_A_PICTURE = 200_000
MOST_BYTES = 500_000
OTHER_HOST = re.compile(r"https?://(?!127\.0\.0\.1|localhost)")
MACHINES_OWN = re.compile(r"(?<![\w/.:])(?:/home|/root|/tmp|/Users|/var|/usr|[A-Z]:\\\\)\b")

BOOKS = {path.name: read(path) for path in notebooks()}
books = pytest.mark.parametrize("name", BOOKS)


def code_cells(name):
    return [cell for cell in BOOKS[name].cells if cell.cell_type == "code"]


def is_exercise(cell):
    return "exercise" in cell.metadata.get("tags", ())


def outputs_as_text(cell):
    """Return what the outputs of a cell say, pictures aside."""
    said = []
    for output in cell.outputs:
        said.append(output.get("text", ""))
        said += [text for kind, text in output.get("data", {}).items() if kind[:5] == "text/"]
    return "".join(said)


def test_the_first_notebook_is_here():
    assert "00_first_stream.ipynb" in BOOKS


@books
def test_it_is_valid_and_small_and_its_cells_have_names_of_their_own(name):
    book = BOOKS[name]
    nbformat.validate(book)
    ids = [cell.id for cell in book.cells]

    assert book.metadata.kernelspec.name == "python3"
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z][a-z-]+", each) for each in ids)
    assert (ROOT / "notebooks" / name).stat().st_size < MOST_BYTES


@books
def test_prose_stands_before_every_cell_of_code(name):
    kinds = [cell.cell_type for cell in BOOKS[name].cells]

    assert BOOKS[name].cells[0].source.startswith("# ")
    assert ("code", "code") not in set(pairwise(kinds))
    assert kinds[-1] == "markdown"


@books
def test_a_cell_is_short_and_ends_in_a_value(name):
    for cell in code_cells(name):
        tree = ast.parse(cell.source)
        assert len(cell.source.splitlines()) <= MOST_LINES, cell.id
        assert all(len(line) <= 100 for line in cell.source.splitlines()), cell.id
        assert not is_exercise(cell) or ASKS.search(cell.source), cell.id
        assert isinstance(tree.body[-1], ast.Expr), cell.id


@books
def test_imports_are_in_the_first_cell_only(name):
    first, *others = code_cells(name)
    imports = ast.Import, ast.ImportFrom

    assert any(isinstance(node, imports) for node in ast.walk(ast.parse(first.source)))
    for cell in others:
        found = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, imports)]
        assert found == [], cell.id


@books
def test_no_cell_needs_a_key_or_another_machine(name):
    for cell in code_cells(name):
        code = ast.unparse(ast.parse(cell.source))  # without the comments
        assert not re.search(r"api_key|API_KEY|sl\.openai|environ", code), cell.id
        assert not OTHER_HOST.search(code), cell.id


@books
def test_one_line_of_one_cell_switches_to_a_real_endpoint(name):
    switch = re.compile(r"^# ep\b.* = sl\.openai\(", re.MULTILINE)

    assert [len(switch.findall(cell.source)) for cell in code_cells(name)].count(1) == 1


@books
def test_a_lesson_says_what_you_need_and_asks_at_least_twice(name):
    prose = [cell.source for cell in BOOKS[name].cells if cell.cell_type == "markdown"]
    code = "\n".join(cell.source for cell in code_cells(name))
    asked = set(re.findall(r"\bex\.(\w+)\.(?:predict|check)\(", code))

    assert re.search(r"You need\W+\d+ minutes", prose[0])
    assert sum(line.startswith("# ") for each in prose for line in each.splitlines()) == 1
    assert "## On your own" in prose[-1]
    assert "## Further reading" in prose[-1]
    assert "section 9.2." in prose[-1]
    assert len(asked) >= 2
    assert ".predict(" in code


@books
def test_no_output_is_longer_than_half_a_screen(name):
    for cell in code_cells(name):
        for output in cell.outputs:
            shown = output.get("text") or output.data["text/plain"]
            assert len(shown.splitlines()) <= HALF_A_SCREEN, cell.id


@books
def test_it_is_committed_as_it_ran(name):
    cells = code_cells(name)

    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        assert cell.outputs, cell.id
        assert all(output.output_type != "error" for output in cell.outputs), cell.id
        assert all(output.get("name") != "stderr" for output in cell.outputs), cell.id


@books
def test_what_is_committed_stands_alone(name):
    """No widget that needs a kernel, nothing of the machine it ran on, no times of day."""
    book = BOOKS[name]
    kinds = {kind for c in code_cells(name) for o in c.outputs for kind in o.get("data", {})}

    assert kinds <= {"text/plain", "text/html", "image/png"}
    assert set(book.metadata) == {"kernelspec", "language_info"}
    for cell in book.cells:
        assert set(cell.metadata) <= {"tags"}, cell.id
    for cell in code_cells(name):
        said = outputs_as_text(cell)
        assert not MACHINES_OWN.search(said), cell.id
        assert str(ROOT) not in said, cell.id
        assert "<script" not in said, cell.id


@books
def test_every_picture_has_a_text_face(name):
    outputs = [output for cell in code_cells(name) for output in cell.outputs]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]

    for output in pictures:
        assert len(b64decode(output.data["image/png"])) < MOST_BYTES_OF_A_PICTURE
        assert output.metadata["image/png"]["alt"] == output.data["text/plain"]
        assert re.search(r"\d m?s", output.data["text/plain"])


@books
def test_links_to_other_notebooks_lead_somewhere(name):
    prose = "".join(c.source for c in BOOKS[name].cells if c.cell_type == "markdown")
    links = re.findall(r"\]\(([^)]+\.ipynb)\)", prose)

    assert links
    assert all((ROOT / "notebooks" / link).is_file() for link in links)
