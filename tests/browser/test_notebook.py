"""The first notebook as a reader has it: opened in JupyterLab, run, saved, opened again."""

import shutil

import nbformat
import pytest

from tests.browser.lesson import CELL, keep, rewrite
from tests.browser.lesson import node as show
from tests.browser.pages import KERNEL_IS_IDLE, ROOT, execute, let_it_draw

pytestmark = pytest.mark.browser

NAME = "00_first_stream.ipynb"
IS_SHOWN = f"""id => {{
    const output = ({CELL})(id).node.querySelector(".jp-OutputArea-output");
    return output?.clientHeight && [...output.querySelectorAll("img")].every(i => i.complete);
}}"""
RUN = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === "code" && cell.model.executionCount).length"""

LIVE = """() => {
    const scope = document.querySelector(".sl-scope");
    if (!scope || scope.querySelectorAll(".sl-lines tbody tr").length < 8) return false;
    return { state: scope.dataset.state, said: scope.querySelector(".sl-text").textContent };
}"""


@pytest.fixture
def opened(jupyterlab, page):
    """Open a copy of the notebook, as it is committed; return its path."""
    url, folder = jupyterlab
    shutil.copyfile(ROOT / "notebooks" / NAME, folder / NAME)
    visit(page, url)
    return folder / NAME


def visit(page, url):
    page.goto(f"{url}/lab/tree/{NAME}?reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=30_000)


def look(page, cell_id, tmp_path, name):
    """Keep a picture of a cell, for people to look at; return what its outputs say."""
    element = show(page, cell_id)
    page.wait_for_function(IS_SHOWN, arg=cell_id)
    let_it_draw(page)
    element.screenshot(path=tmp_path / f"{name}.png")
    return element.query_selector(".jp-OutputArea").inner_text()


def clear(page):
    page.wait_for_function(KERNEL_IS_IDLE, timeout=30_000)
    execute(page, "editmenu:clear-all")
    page.wait_for_function(f"() => ({RUN})() === 0")


def run_to(page, cell_id):
    """Run the cells above a cell, then the cell; return what its scope shows meanwhile."""
    above = page.evaluate(
        f"""id => {{
            const cell = ({CELL})(id), book = window.jupyterapp.shell.currentWidget.content;
            book.activeCellIndex = book.widgets.indexOf(cell);
            return book.widgets.slice(0, book.activeCellIndex)
                .filter(each => each.model.type === "code").length;
        }}""",
        cell_id,
    )
    execute(page, "notebook:run-all-above")
    wait_until_run(page, above)
    show(page, cell_id)
    execute(page, "notebook:run-cell")
    return page.wait_for_function(LIVE, timeout=30_000).json_value()


def wait_until_run(page, n_cells):
    page.wait_for_function(f"n => ({RUN})() === n", arg=n_cells, timeout=90_000)
    page.wait_for_function(KERNEL_IS_IDLE, timeout=30_000)


def save(page):
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")


def outputs_of(path):
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    return {cell.id: cell.outputs for cell in cells}


def test_as_committed_it_shows_its_streams_before_anything_is_run(opened, page, tmp_path):
    said = look(page, "record-sync", tmp_path, "committed-scope")
    look(page, "reveal-pace", tmp_path, "committed-guess")

    assert "■ the body came to its end, after [DONE]." in said
    assert page.locator(".sl-scope").count() == 0
    assert page.errors == []


def test_it_runs_live_and_is_still_there_when_opened_again(opened, jupyterlab, page, tmp_path):
    clear(page)
    live = run_to(page, "record-sync")
    page.screenshot(path=tmp_path / "live.png")
    execute(page, "notebook:run-all-below")
    wait_until_run(page, len(outputs_of(opened)))
    wrong = rewrite(page, "check-last-byte", "ex.last_byte.check(31, rec)")
    keep(page, "check-last-byte", tmp_path, "wrong")
    right = rewrite(page, "check-last-byte", "ex.last_byte.check(30, rec)")
    keep(page, "check-last-byte", tmp_path, "right")
    save(page)
    outputs = outputs_of(opened)
    kinds = [o.output_type for each in outputs.values() for o in each]

    assert "✗ Not yet: the last line still has its text" in wrong
    assert "✓ Right." in right
    assert live["state"] == "streaming"
    assert "1, 2, 3, 4, 5, 6, 7, 8, 9, 10".startswith(live["said"])
    assert len(live["said"]) >= 3
    assert "error" not in kinds
    assert outputs["curl"][-1].data["text/plain"] == "62"
    assert page.locator(".sl-scope").count() == 0  # all are frozen

    execute(page, "notebook:shutdown-kernel")
    visit(page, jupyterlab[0])
    for cell in ("record-sync", "record-async", "watch"):
        said = look(page, cell, tmp_path, f"again-{cell}")
        assert "■ the body came to its end, after [DONE]." in said
        assert cell == "watch" or "the median gap between" in said
    for cell in ("curl", "httpx-sync", "lines", "reveal-pace", "gaps"):
        look(page, cell, tmp_path, f"again-{cell}")
    for cell in ("reveal-pace", "gaps"):
        picture = show(page, cell).query_selector(".jp-OutputArea img")
        assert picture.evaluate("img => img.naturalWidth") > 1_000
    assert page.errors == []
