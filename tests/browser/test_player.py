"""The player in a real browser: in a page from disk without a kernel, and as a widget."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from streamlab.recording import Recording
from tests.browser.pages import execute, let_it_draw
from tests.faces.test_frozen import tables
from tests.faces.test_steps import CAFE

pytestmark = pytest.mark.browser

POSITION = "document.querySelector('.sl-player input').value"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Write the report of a stream whose second read ends inside a character."""
    reads = [(331.2, CAFE[0]), (22.2, CAFE[1]), (3000, CAFE[2])]
    made = Recording(tables(*reads, dialect="sse").tape, "sse", "café")
    return made.to_html(tmp_path_factory.mktemp("report") / "café.html")


@pytest.fixture(params=["light", "dark"])
def opened(chromium, report, request, tmp_path):
    """Open the report from disk; its errors are those of its scripts and of its policy."""
    opened = chromium.new_page(
        viewport={"width": 900, "height": 1200}, color_scheme=request.param
    )
    opened.errors, opened.asked = [], []
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.on("console", lambda message: opened.errors.append(message.text))
    opened.on("request", lambda asked: opened.asked.append(asked.url.partition(":")[0]))
    opened.goto(report.as_uri())
    opened.wait_for_selector(".sl-byte")
    yield opened
    opened.screenshot(path=tmp_path / "last.png", full_page=True)
    opened.close()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    return int(page.evaluate(POSITION))


def said(page):
    return page.locator(".sl-state").inner_text()


def test_from_disk_it_asks_for_nothing_and_is_driven_by_keys(opened):
    opened.locator(".sl-player").focus()

    assert [press(opened, key) for key in ("ArrowRight", "ArrowRight", "ArrowLeft")] == [
        1,
        2,
        1,
    ]
    assert [press(opened, key) for key in ("l", "l", "Shift+L")] == [15, 17, 15]
    assert [press(opened, key) for key in ("e", "e", "Shift+E")] == [16, 51, 16]
    assert [press(opened, key) for key in ("r", "r", "Shift+R")] == [17, 47, 17]
    assert said(opened) == "↵ the LF of a CR LF pair"
    assert opened.errors == []
    assert set(opened.asked) <= {"file", "data"}


def test_half_a_character_is_seen_in_bytes_line_register_and_words(opened):
    opened.locator(".sl-player").focus()
    press(opened, "r", "r")

    assert said(opened) == "◐ inside a character"
    assert opened.locator(".sl-byte.sl-now").inner_text().split() == ["½", "C3"]
    assert opened.locator(".sl-said").inner_text() == "one character: two bytes, in two reads"
    assert opened.locator(".sl-line .sl-half").inner_text() == "½ C3"
    assert opened.locator(".sl-changed").inner_text().split("\t")[0] == "unfinished line"
    assert (
        "Streams must be decoded using the UTF-8" in opened.locator("blockquote").inner_text()
    )
    assert "9.2.6" in opened.locator("blockquote").inner_text()

    press(opened, "ArrowRight")
    assert opened.locator(".sl-half").count() == 0
    assert "café" in opened.locator("[data-layer=lines]").inner_text()


def test_it_plays_by_itself_and_pauses(opened):
    opened.locator(".sl-player").focus()
    opened.get_by_role("button", name="10 times the pace").click()
    opened.locator(".sl-player").focus()
    press(opened, " ")
    opened.wait_for_function(f"() => {POSITION} > 20")
    opened.wait_for_function(f"() => {POSITION} == 52")

    assert opened.get_by_role("button", name="play").count() == 1
    assert opened.locator(".sl-answer").inner_text() == "bonjour\ncafé"

    opened.get_by_role("button", name="0.1 times the pace").click()
    opened.locator(".sl-player").focus()
    held = press(opened, " ", " ")  # from the start again: now it would take half a minute
    let_it_draw(opened)
    assert held == press(opened) < 52


def test_layers_peel_by_keyboard(opened):
    toggle = opened.get_by_role("button", name="layer registers")
    toggle.focus()
    toggle.press("Enter")

    assert toggle.get_attribute("aria-pressed") == "false"
    assert not opened.locator("[data-layer=registers]").is_visible()
    assert opened.locator("[data-layer=lines]").is_visible()


def test_the_slider_moves_the_position(opened):
    opened.get_by_role("slider").fill("40")

    assert (
        opened.locator(".sl-head")
        .inner_text()
        .endswith("byte 40 of 52 · line 4, unfinished · event 1, not dispatched")
    )


def test_axe_finds_nothing(opened):
    opened.locator(".sl-player").focus()
    for keys in (["r", "r"], ["e"], ["r"]):
        press(opened, *keys)
        found = Axe().run(opened).response["violations"]

        assert [(each["id"], node["html"]) for each in found for node in each["nodes"]] == []


STEPPER = 'import streamlab as sl\nsl.stepper([b"data: caf\\xc3", b"\\xa9\\n\\n"])'


def test_as_a_widget_it_keeps_its_keys_and_takes_what_is_typed(notebook, page, tmp_path):
    notebook("stepper.ipynb", STEPPER)
    execute(page, "notebook:run-all-cells")
    page.wait_for_selector(".sl-byte", timeout=30_000)
    page.locator(".sl-player").focus()
    press(page, "r")
    page.locator(".sl-player").screenshot(path=tmp_path / "stepper.png")

    # In JupyterLab's command mode R makes the cell raw, and E and L are commands too.
    assert page.locator(".jp-CodeCell .sl-player").count() == 1
    assert said(page) == "◐ inside a character"
    assert page.locator("textarea").input_value() == "[b'data: caf\\xc3', b'\\xa9\\n\\n']"

    page.locator("textarea").fill("event: x\ndata: typed\n\n")
    page.wait_for_function("() => document.querySelector('.sl-player input').max == 22")
    press(page, "End")
    page.get_by_role("slider").fill("22")
    assert 'x "typed"' in page.locator("[data-layer=events]").inner_text()

    page.locator("textarea").fill("Data: y\n\n")
    page.wait_for_selector(".sl-notices li")
    assert "'Data' is not 'data'" in page.locator(".sl-notices").inner_text()
    assert page.errors == []
