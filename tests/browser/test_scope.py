"""The scope as a user sees it: in JupyterLab, in a real browser, with a real kernel."""

import re

import nbformat
import pytest

from tests.browser.conftest import execute

pytestmark = pytest.mark.browser

IMPORTS = """
import threading, time
from streamlab import live
from streamlab.tape import Recorder
from tests.live.growing import stream
"""
BACKGROUND = """
log, stop = Recorder(), threading.Event()
shown = live.show(log, on_stop=stop.set, label="count to ten")

def watch():
    stream(log, stop, seconds=40)
    shown.freeze()

threading.Thread(target=watch).start()
"""
BLOCKING = """
log, stop = Recorder(), threading.Event()
with live.show(log, on_stop=stop.set, label="in the cell"):
    stream(log, stop, seconds=8)
print("stopped" if stop.is_set() else "ran to its end")
"""


def reads(page, scope=".sl-scope"):
    text = page.locator(f"{scope} [data-fact=reads]").first.inner_text()
    return int(text.replace(",", "") or 0)


def wait_for_reads(page, more_than, scope=".sl-scope"):
    page.wait_for_function(
        "([scope, n]) => parseInt(document.querySelector(scope + ' [data-fact=reads]')"
        "?.textContent.replace(',', '') || '0') > n",
        arg=[scope, more_than],
        timeout=20_000,
    )


def look(page, name, tmp_path):
    """Keep a picture of the last output, for people to look at."""
    page.locator(".jp-OutputArea-output").last.screenshot(path=tmp_path / f"{name}.png")


def run_all(page, reads=20):
    execute(page, "notebook:run-all-cells")
    wait_for_reads(page, reads)
    page.locator(".sl-scope").scroll_into_view_if_needed()


def open_late_view(page):
    """Open a second view of the last output, which has missed all messages so far."""
    page.locator(".jp-Cell").last.click()
    execute(page, "notebook:create-output-view")
    page.wait_for_function("() => document.querySelectorAll('.sl-scope .sl-run').length === 2")


def change_theme(page, theme):
    page.evaluate(
        "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")


def save(page):
    page.evaluate(
        "async () => { for (const widget of window.jupyterapp.shell.widgets('main'))"
        " if (widget.context) await widget.context.save(); }"
    )


def test_a_stream_behind_the_cell_counts_stops_and_freezes(notebook, page, tmp_path):
    path = notebook("background.ipynb", IMPORTS, BACKGROUND)
    run_all(page)
    wait_for_reads(page, reads(page) + 40)
    text = page.locator(".sl-text").inner_text()
    look(page, "live", tmp_path)

    assert re.search(r"<b>\d+</b>, ", text)  # as text, not as a tag
    assert page.locator(".sl-state").inner_text() == "streaming"
    assert page.locator(".sl-lines tbody tr").count() == 10

    open_late_view(page)
    early, late = page.locator(".sl-text").all_inner_texts()
    page.screenshot(path=tmp_path / "late.png")

    assert late.startswith("<b>1</b>, <b>2</b>, ")
    assert early[: len(late)] == late[: len(early)]

    page.get_by_role("button", name="Stop").first.press("Enter")
    page.wait_for_selector(".jp-Notebook .jp-RenderedHTMLCommon details", timeout=5_000)
    look(page, "frozen", tmp_path)
    frozen = page.locator(".jp-Notebook .jp-OutputArea-output").last.inner_text()

    assert page.locator(".sl-scope").count() == 0
    assert re.search(r"■ closed before its end.*Stop was clicked; the click", frozen)

    save(page)
    saved = nbformat.read(path, as_version=4).cells[1].outputs
    assert [sorted(out.data) for out in saved] == [["text/html", "text/plain"]]
    assert page.errors == []


def test_stop_reaches_a_kernel_that_is_busy_with_the_cell(notebook, page, tmp_path):
    notebook("blocking.ipynb", IMPORTS, BLOCKING)
    change_theme(page, "JupyterLab Dark")
    run_all(page)
    wait_for_reads(page, 45)
    look(page, "blocking", tmp_path)

    assert "sl-dark" in page.locator(".sl-scope").get_attribute("class")

    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(".jp-RenderedHTMLCommon details", timeout=5_000)
    page.wait_for_function(
        "() => document.querySelectorAll('.jp-OutputArea-output').length == 2"
    )
    outputs = page.locator(".jp-OutputArea-output").all_inner_texts()

    assert "Stop was clicked; the click waited" in outputs[0]
    assert outputs[1].strip() == "stopped"
    assert page.errors == []
