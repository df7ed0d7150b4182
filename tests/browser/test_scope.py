"""The scope as a user sees it: in JupyterLab, in a real browser, with a real kernel."""

import inspect
import os
import re

import nbformat
import pytest

from tests.browser.conftest import APPS
from tests.browser.pages import KERNEL_IS_IDLE, execute, wait_for_notebook
from tests.waiting import until

pytestmark = pytest.mark.browser

IMPORTS = """
import threading, time
from streamlab import live
from streamlab.tape import Recorder
from tests.live.growing import stream
"""
BACKGROUND = """
log, stop = Recorder(), threading.Event()
shown = live.show_models([live.LiveModel(log, label="count to ten")], on_stop=stop.set)

def watch():
    stream(log, stop, seconds=40)
    shown.freeze()

threading.Thread(target=watch).start()
"""
BLOCKING = """
log, stop = Recorder(), threading.Event()
with live.show_models([live.LiveModel(log, label="in the cell")], on_stop=stop.set):
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
    """Keep a picture of the first scope, or of the last output, for people to look at."""
    outputs = page.locator(".sl-scope").or_(page.locator(".jp-OutputArea-output"))
    outputs.first.screenshot(path=tmp_path / f"{name}.png")


def run_all(page, reads=20):
    execute(page, "notebook:run-all-cells")
    wait_for_reads(page, reads)
    page.locator(".sl-scope").scroll_into_view_if_needed()


def open_late_view(page):
    """Open a second view of the last output, which has missed all messages so far."""
    page.locator(".jp-Cell").last.click()
    execute(page, "notebook:create-output-view")
    page.wait_for_function("() => document.querySelectorAll('.sl-text > p').length === 2")


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
    assert page.locator(".sl-lines tbody tr").count() == 12

    open_late_view(page)
    early, late = page.locator(".sl-text").all_inner_texts()
    page.screenshot(path=tmp_path / "late.png")

    assert late.startswith("<b>1</b>, <b>2</b>, ")
    assert early[: len(late)] == late[: len(early)]

    page.get_by_role("button", name="Stop").first.press("Enter")
    page.wait_for_selector(".jp-Notebook .jp-RenderedHTMLCommon details", timeout=20_000)
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
    page.wait_for_selector(".jp-RenderedHTMLCommon details", timeout=20_000)
    page.wait_for_function(
        "() => document.querySelectorAll('.jp-OutputArea-output').length == 2"
    )
    outputs = page.locator(".jp-OutputArea-output").all_inner_texts()

    assert "Stop was clicked; the click waited" in outputs[0]
    assert outputs[1].strip() == "stopped"
    assert page.errors == []


WATCH = """
import streamlab as sl
lab = sl.serve()
w = sl.watch(lab.endpoint("long"), "hi", n_events={n_events}, step_ms={step_ms})
"""


def state(page):
    return page.locator(".sl-state").first.inner_text()


def wait_for_state(page, wanted):
    page.wait_for_function(
        "wanted => document.querySelector('.sl-state')?.textContent === wanted",
        arg=wanted,
        timeout=30_000,
    )


def run(page, cell):
    """Run one cell; not awaited."""
    page.evaluate(
        "n => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = n; }", cell
    )
    execute(page, "notebook:run-cell")


def run_until_taken(page, cell):
    """Run a cell, again if need be: after an error a kernel drops for a moment what it gets."""
    taken = f"""() => window.jupyterapp.shell.currentWidget.content.widgets[{cell}]
        .model.executionCount"""

    def is_taken():
        page.wait_for_function(KERNEL_IS_IDLE)
        run(page, cell)
        page.wait_for_timeout(200)
        return page.evaluate(taken)

    until(is_taken)


def said_by(page, cell):
    """Run a cell to its end; return what it printed.

    JupyterLab draws no cell that is out of sight, so the model of the cell is asked.
    """
    count = f"""() => {{
        const cell = window.jupyterapp.shell.currentWidget.content.widgets[{cell}].model;
        return cell.executionCount && cell.executionState !== "running"
            && cell.outputs.length && cell.executionCount;
    }}"""
    before = page.evaluate(count)
    run(page, cell)
    page.wait_for_function(f"before => ({count})() && ({count})() !== before", arg=before)
    outputs = page.evaluate(
        f"window.jupyterapp.shell.currentWidget.content.widgets[{cell}].model.outputs.toJSON()"
    )
    return "".join(outputs[-1]["text"])


@pytest.mark.parametrize("app", APPS)
def test_text_is_there_soon_and_the_output_stays_as_high(notebook, page, app, tmp_path):
    first_text = """
    d = w.wait(30).deltas
    print(int(d[d["text"].str.len() > 0]["time"].iloc[0].timestamp() * 1000))
    """
    code = WATCH.format(n_events=150, step_ms=20)
    notebook(f"soon-{app}.ipynb", code, inspect.cleandoc(first_text), app=app)
    page.evaluate(
        """() => new MutationObserver((_, watching) => {
            if (!document.querySelector(".sl-text")?.innerText) return;
            window.first_ms = Date.now();
            watching.disconnect();
        }).observe(document.body, { childList: true, subtree: true })"""
    )
    run(page, 0)
    wait_for_reads(page, 20)
    look(page, f"live-{app}", tmp_path)
    live = page.locator(".sl-scope").bounding_box()["height"]
    arrived_ms = int(said_by(page, 1))
    page.wait_for_selector(".jp-Notebook details")
    frozen = page.locator(".jp-Cell").first.locator(".jp-OutputArea-output").first

    assert page.evaluate("window.first_ms") - arrived_ms < 500
    assert page.locator(".sl-scope").count() == 0
    assert abs(frozen.locator("div[style]").first.bounding_box()["height"] - live) <= 1
    frozen.screenshot(path=tmp_path / f"frozen-{app}.png")
    assert page.errors == [] or app == "notebook"  # it raises one of its own


def test_a_reload_in_mid_stream_loses_nothing(notebook, page, tmp_path):
    code = WATCH.format(n_events=500, step_ms=20)
    notebook("reload.ipynb", code, "w", "print(w.wait(30).text)")
    run(page, 0)
    wait_for_reads(page, 30)
    save(page)
    page.reload()
    wait_for_notebook(page)
    wait_for_reads(page, 100)
    assert state(page) == "streaming"
    page.locator(".sl-scope").scroll_into_view_if_needed()
    look(page, "reloaded", tmp_path)

    wait_for_state(page, "done")
    text = said_by(page, 2)
    shown = page.locator(".sl-text").inner_text()
    assert page.locator(".sl-title").inner_text().endswith("Kept in sl.last.")
    assert len(shown) > 300
    assert re.sub(r"\s", "", text).endswith(re.sub(r"\s", "", shown)[-300:])

    run(page, 1)
    page.wait_for_selector(".jp-Cell:nth-child(2) details, .jp-Cell details")
    assert page.locator(".sl-scope").count() == 1  # still there: it renders its last state


def test_a_restart_in_mid_stream_stops_the_clock(notebook, page, tmp_path):
    notebook("restart.ipynb", WATCH.format(n_events=2_000, step_ms=20))
    run(page, 0)
    wait_for_reads(page, 30)
    page.evaluate(
        "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    wait_for_state(page, "kernel restarted")
    elapsed = page.locator("[data-fact=elapsed]")
    stood = elapsed.inner_text()
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
        " === 'idle'"
    )
    look(page, "restarted", tmp_path)

    assert "The last state was at" in page.locator(".sl-title").inner_text()
    assert elapsed.inner_text() == stood
    assert page.get_by_role("button", name="Stop: nothing runs").is_disabled()


def test_a_kernel_that_is_held_is_not_a_stream_that_is_silent(notebook, page, tmp_path):
    hold = "import ctypes; ctypes.PyDLL(None).sleep(4)"
    watch = WATCH.format(n_events=500, step_ms=20).replace(
        "n_events", "modes='async', n_events"
    )
    notebook("held.ipynb", watch, hold)
    run(page, 0)
    wait_for_reads(page, 40)
    run(page, 1)
    page.locator(".sl-scope").scroll_into_view_if_needed()
    wait_for_state(page, "waiting for the kernel")
    said = page.locator(".sl-readout").inner_text()
    look(page, "silent", tmp_path)
    wait_for_state(page, "streaming")
    wait_for_reads(page, reads(page) + 5)
    look(page, "after-the-silence", tmp_path)

    assert "The counters stand at the last state" in said
    assert page.locator(".sl-run.sl-merged").count() >= 1
    assert page.locator(".sl-facts .sl-name").last.inner_text() == "median known gap"
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(".jp-RenderedHTMLCommon details")


def test_a_cell_that_is_run_twenty_times_leaves_one_stream(notebook, page):
    left = """
    import gc, threading
    from comm import get_comm_manager
    from ipywidgets.widgets.widget import _instances
    sl.watches()[0].stop(); w.wait(10)
    names = [each.name for each in threading.enumerate() if "streamlab-limits" != each.name]
    names = [name for name in names if name.startswith("streamlab-")]
    print(len(get_comm_manager().comms), len(_instances), names)
    """
    count = "import streamlab as sl; print(len(sl.watches()))"
    code = WATCH.format(n_events=5_000, step_ms=20)
    notebook("twenty.ipynb", code, count, inspect.cleandoc(left))
    for n in range(1, 21):
        run(page, 0)
        page.wait_for_function(
            "n => window.jupyterapp.shell.currentWidget.content.widgets[0].model"
            ".executionCount === n",
            arg=n,
        )
    wait_for_reads(page, 5)

    assert page.locator(".sl-scope").count() == 1
    page.wait_for_function(KERNEL_IS_IDLE)
    assert said_by(page, 1).strip() == "1"
    assert said_by(page, 2).strip() == "0 0 []"


def test_two_thousand_lines_a_second_are_shown_and_none_is_lost(notebook, page, tmp_path):
    seconds = int(os.environ.get("STREAMLAB_SCOPE_SECONDS", "4"))
    code = WATCH.format(n_events=1_000 * seconds, step_ms=1)
    after = "rec = w.wait(90); print(len(rec.lines), len(rec.events), rec.complete)"
    notebook("fast.ipynb", code, after)
    run(page, 0)
    wait_for_reads(page, 500)
    look(page, "fast", tmp_path)
    n_lines, n_events, complete = said_by(page, 1).split()
    facts = page.locator(".jp-Cell").first.locator("table").first.inner_text()

    assert (int(n_lines), complete) == (2 * int(n_events), "True")
    assert int(n_events) >= 1_000 * seconds
    assert f"{int(n_lines):,}" in facts
    assert page.errors == []


def test_sync_beside_async_is_one_picture_in_the_end(notebook, page, tmp_path):
    code = WATCH.format(n_events=60, step_ms=20).replace(
        "n_events", "modes=('sync', 'async'), n_events"
    )
    path = notebook("both.ipynb", code, "print(*w.recordings)")
    run(page, 0)
    wait_for_reads(page, 20)
    look(page, "both", tmp_path)

    assert page.locator(".sl-streams tbody tr").count() == 2

    page.wait_for_selector(".jp-Notebook details")
    frozen = page.locator(".jp-Cell").first.locator(".jp-OutputArea-output").first
    frozen.screenshot(path=tmp_path / "both-frozen.png")
    save(page)
    html = nbformat.read(path, as_version=4).cells[0].outputs[0].data["text/html"]

    assert said_by(page, 1).split() == ["sync", "async"]
    assert "When the program had the reads" in re.search(r'<img alt="([^"]+)"', html)[1]


CUT = """names => names.filter((name) => {
    const node = document.querySelector(name);
    return node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1;
})"""


def test_a_narrow_scope_of_two_streams_cuts_nothing_and_stays_as_high(notebook, page, tmp_path):
    page.set_viewport_size({"width": 560, "height": 1400})
    code = WATCH.format(n_events=300, step_ms=50).replace(
        'lab.endpoint("long")', "dict.fromkeys('ab', lab.endpoint('bursty'))"
    )
    notebook("narrow.ipynb", code)
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    run(page, 0)
    before = page.locator(".sl-scope").bounding_box()["height"]
    page.wait_for_selector(".sl-run.sl-same")  # a piece that came in the read of the one before
    wait_for_reads(page, 5)
    look(page, "narrow", tmp_path)

    assert page.evaluate(CUT, [".sl-title", ".sl-readout", ".sl-scope"]) == []

    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("document.querySelector('.sl-stop').textContent === 'Stopping…'")
    assert page.locator(".sl-scope").bounding_box()["height"] == before
    page.set_viewport_size({"width": 1100, "height": 900})


def test_an_interrupt_keeps_what_arrived(notebook, page):
    notebook(
        "interrupt.ipynb",
        "import streamlab as sl; lab = sl.serve()",
        "sl.record(lab.endpoint('long'), 'hi', live=True, n_events=2000, step_ms=20)",
        "print(sl.last.end.how, len(sl.last.events) > 20)",
    )
    run(page, 0)
    page.wait_for_function(KERNEL_IS_IDLE)
    run(page, 1)
    wait_for_reads(page, 25)
    execute(page, "notebook:interrupt-kernel")
    page.wait_for_selector(".jp-RenderedHTMLCommon details")
    page.get_by_text("KeyboardInterrupt:").wait_for()

    assert "interrupted" in page.locator(".jp-Cell").nth(1).inner_text()
    run_until_taken(page, 2)
    assert said_by(page, 2).split() == ["interrupted", "True"]
