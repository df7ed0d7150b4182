"""A lesson in JupyterLab as a learner drives it: its copy opened, and typed into."""

from streamlab.cli.notebooks import cleared
from tests.browser.pages import ROOT, execute, let_it_draw, wait_for_notebook

CELL = """id => [...window.jupyterapp.shell.currentWidget.content.widgets]
    .find(cell => cell.model.id === id)"""
COUNT = f"id => ({CELL})(id).model.executionCount || 0"
HAS_RUN = """n => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === "code" && cell.model.executionCount).length === n"""
N_CODE = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === "code").length"""


def open_copy(page, jupyterlab, name):
    """Open the copy of a lesson that `streamlab notebooks` makes."""
    url, folder = jupyterlab
    (folder / name).write_bytes(cleared(ROOT / "notebooks" / name))
    page.goto(f"{url}/lab/tree/{name}?reset")
    wait_for_notebook(page)


def begin_all(page):
    """Run all cells; an error in one would stop them."""
    execute(page, "notebook:run-all-cells")


def wait_for_all(page):
    """Wait until each cell has run."""
    page.wait_for_function(HAS_RUN, arg=page.evaluate(N_CODE), timeout=120_000)


def node(page, cell_id):
    """Scroll to a cell, once it is there; return its element."""
    page.wait_for_function(f"id => ({CELL})(id)", arg=cell_id)
    page.evaluate(f"id => ({CELL})(id).node.scrollIntoView()", cell_id)
    return page.evaluate_handle(f"id => ({CELL})(id).node", cell_id).as_element()


def said(page, cell_id):
    """Return what the outputs of a cell say, once it has one."""
    output = f"id => ({CELL})(id).node.querySelector('.jp-OutputArea-output')"
    page.wait_for_function(output, arg=cell_id)
    return node(page, cell_id).query_selector(".jp-OutputArea").inner_text()


def rewrite(page, cell_id, code):
    """Type other code into a cell and run it, all by keyboard; return what it says."""
    before = page.evaluate(COUNT, cell_id)
    node(page, cell_id).query_selector(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        f"([id, n]) => ({COUNT})(id) > n", arg=[cell_id, before], timeout=30_000
    )
    return said(page, cell_id)


def keep(page, cell_id, tmp_path, name):
    """Keep a picture of a cell, for people to look at."""
    element = node(page, cell_id)
    let_it_draw(page)
    element.screenshot(path=tmp_path / f"{name}.png")
