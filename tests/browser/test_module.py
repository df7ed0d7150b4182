"""The scope's module alone, with a model that records its calls: no kernel, no JupyterLab."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from streamlab.live import LiveModel
from tests.browser.conftest import let_it_draw
from tests.live.growing import DONE, Growing, chat

pytestmark = pytest.mark.browser

ROOM = Path(__file__).parents[2] / "streamlab" / "live"
PAGE = """<!doctype html><style>{css} #root {{ width: 720px }}</style>
<body {body}><div id=root></div>"""
START = """async ([url, state]) => {
    const heard = {};
    window.sent = [];
    window.traits = { state, stoppable: true };
    window.tell = (name, value) => (heard[name] ?? []).forEach((hear) => hear(value));
    const model = {
        get: (name) => window.traits[name],
        on: (name, hear) => (heard[name] ??= []).push(hear),
        off: (name, hear) => { heard[name] = heard[name].filter((other) => other !== hear); },
        send: (message) => window.sent.push(message),
    };
    const scope = (await import(url)).default;
    window.leave = scope.render({ model, el: document.getElementById("root") });
    window.listening = () => Object.values(heard).flat().length;
}"""
DARK = 'style="background:#111" data-jp-theme-light=false'


class Stage:
    """A scope in a bare page, and the model that feeds it."""

    def __init__(self, page):
        self.page, self.log = page, Growing()
        self.model = LiveModel(self.log, "openai_chat", label="a stream")
        self.number = 0

    def open(self, state, body=""):
        css = (ROOM / "scope.css").read_text()
        module = b64encode((ROOM / "scope.mjs").read_bytes()).decode()
        self.page.set_content(PAGE.format(css=css, body=body))
        self.page.evaluate(START, [f"data:text/javascript;base64,{module}", state])
        self.asked = self.page.evaluate("window.sent.splice(0)")

    def read(self, after_ms, data):
        self.log.read(after_ms, data)
        self.model.pull()

    def whole(self):
        self.number = self.model.number
        return self.model.snapshot()

    def delta(self):
        state = self.model.snapshot(since=self.number)
        self.number = state["number"]
        return state

    def tell(self, message):
        self.page.evaluate("message => window.tell('msg:custom', message)", message)

    def text(self):
        return self.page.locator(".sl-text").inner_text()

    def sent(self):
        return self.page.evaluate("window.sent")


@pytest.fixture
def stage(page):
    stage = Stage(page)
    yield stage
    assert page.errors == []


@pytest.mark.parametrize("had_a_state", [False, True])
def test_a_front_end_that_appears_asks_for_the_whole_state(stage, had_a_state):
    stage.read(10, chat("x"))
    stage.open(stage.whole() if had_a_state else {})

    assert stage.asked == [{"do": "resync"}]
    assert stage.page.locator(".sl-state").inner_text() == "streaming" * had_a_state


def test_of_a_stream_that_has_ended_nothing_is_asked(stage):
    stage.read(10, chat("x"))
    stage.log.end("eof")
    stage.model.pull()
    stage.open(stage.whole())

    assert stage.asked == []


def test_a_whole_state_only_appends_to_a_view_in_step(stage):
    """So that what a reader has selected stays selected."""
    stage.read(10, chat("\N{GRINNING FACE} one "))
    stage.open(stage.whole())
    stage.page.evaluate("window.kept = document.querySelector('.sl-run').lastChild")
    stage.read(10, chat("\N{GRINNING FACE} two"))
    stage.tell(stage.whole())
    stage.tell(stage.whole())

    assert stage.text() == "\N{GRINNING FACE} one \N{GRINNING FACE} two"
    assert stage.page.evaluate("window.kept.isConnected")
    assert stage.page.locator(".sl-lines tbody tr").count() == 4


def test_a_view_that_missed_more_than_is_kept_begins_anew(stage):
    stage.read(10, chat("old "))
    stage.open(stage.whole())
    for n in range(20):
        stage.read(5, b"".join(chat(f"word {n} {i} ") for i in range(100)))
    stage.tell(stage.whole())

    assert "old" not in stage.text()
    assert stage.text().endswith("word 19 99 ")


def test_deltas_continue_a_whole_state(stage):
    stage.read(10, chat("one "))
    stage.open(stage.whole())
    stage.read(10, chat("two "))
    stage.tell(stage.delta())
    stage.read(10, chat("three"))
    stage.tell(stage.delta())

    assert stage.text() == "one two three"
    assert stage.page.locator("[data-fact=reads]").inner_text() == "3"
    assert stage.sent() == []


def test_who_missed_a_message_asks_and_is_right_again(stage):
    stage.read(10, chat("one "))
    stage.open(stage.whole())
    stage.read(10, chat("two "))
    stage.delta()  # lost on its way
    stage.read(10, chat("three"))
    stage.tell(stage.delta())

    assert stage.text() == "one "
    assert stage.sent() == [{"do": "resync"}]

    stage.page.evaluate(
        "s => { window.traits.state = s; tell('change:state'); }", stage.whole()
    )

    assert stage.text() == "one two three"


def test_a_message_that_comes_twice_counts_once(stage):
    stage.open(stage.whole())
    stage.read(10, chat("one"))
    delta = stage.delta()
    stage.tell(delta)
    stage.tell(delta)

    assert stage.text() == "one"
    assert stage.sent() == []


HOSTILE = "<img src=x onerror='document.title=1'><script>document.title=1</script>"


def test_streamed_text_is_never_markup(stage):
    stage.read(10, chat(HOSTILE))
    stage.read(10, f"data: {HOSTILE}\n\n".encode())
    stage.model.label = HOSTILE
    stage.open(stage.whole())
    tags = stage.page.evaluate(
        "[...document.querySelectorAll('#root img, #root script')].length"
    )

    assert tags == 0
    assert stage.text() == HOSTILE
    assert stage.page.title() == ""


def test_a_click_is_sent_with_its_time_and_shows_how_long_it_waits(stage):
    stage.read(10, chat("x"))
    stage.open(stage.whole())
    stage.page.keyboard.press("Tab")
    stage.page.keyboard.press("Enter")
    stage.page.wait_for_function(
        "() => /has waited 0\\.[3-9] s for the kernel/.test("
        "document.querySelector('.sl-note').textContent)"
    )

    [message] = stage.sent()
    assert message["do"] == "stop"
    assert message["clicked_ms"] >= stage.log.clock() / 1e6

    stage.model.stop_heard(1234.5)
    stage.model.pull()
    stage.tell(stage.delta())
    assert stage.page.locator(".sl-note").inner_text() == "Stop: the click waited 1.23 s"


def test_the_clock_runs_on_between_messages_and_stands_at_the_end(stage):
    elapsed = "parseFloat(document.querySelector('[data-fact=elapsed]').textContent)"
    stage.read(10, chat("x", finish="stop"))
    stage.open(stage.whole())
    stage.page.wait_for_function(f"() => {elapsed} > 150")

    stage.log.end("eof")
    stage.model.pull()
    stage.tell(stage.delta())
    let_it_draw(stage.page)
    assert stage.page.locator("[data-fact=elapsed]").inner_text() == "10.0 ms"
    assert stage.page.locator(".sl-state").inner_text() == "done"
    assert stage.page.get_by_role("button").is_disabled()


def test_text_is_silent_and_the_state_is_announced(stage):
    stage.read(10, chat("x"))
    stage.open(stage.whole())

    assert stage.page.locator(".sl-text").get_attribute("aria-live") == "off"
    assert stage.page.locator(".sl-lines").get_attribute("aria-live") == "off"
    assert stage.page.get_by_role("status").first.inner_text() == "streaming"
    assert stage.page.get_by_role("button", name="Stop").count() == 1
    assert "gap" in stage.page.get_by_role("img").get_attribute("aria-label")


def test_a_reader_who_scrolls_back_is_left_there(stage):
    stage.read(10, chat("line\n" * 100))
    stage.open(stage.whole())
    top = "document.querySelector('.sl-text').scrollTop"
    assert stage.page.evaluate(top) > 500

    stage.page.evaluate(f"{top} = 40")
    let_it_draw(stage.page)
    stage.read(10, chat("more"))
    stage.tell(stage.delta())
    assert stage.page.evaluate(top) == 40


def test_a_long_stream_keeps_the_page_small(stage):
    stage.open(stage.whole())
    for n in range(40):
        stage.read(5, b"".join(chat(f"word {n} {i} ") for i in range(100)))
        stage.tell(stage.delta())

    assert len(stage.text()) <= 9_000
    assert stage.text().endswith("word 39 99 ")
    assert stage.page.evaluate("document.querySelectorAll('#root *').length") < 200


def test_a_view_that_goes_away_listens_no_more(stage):
    stage.open(stage.whole())
    stage.page.evaluate("window.leave()")

    assert stage.page.evaluate("window.listening()") == 0


@pytest.mark.parametrize("body", ["", DARK], ids=["light", "dark"])
def test_it_has_contrast_in_light_and_dark(stage, body, tmp_path):
    stage.read(10, chat(reasoning_content="Let me count. "))
    for n in range(60):
        stage.read(300 if n == 30 else 15 + n % 7, chat(f"{n}, ") * (1 + (n % 4 == 0)))
    stage.read(20, DONE)
    stage.open(stage.whole(), body)
    stage.page.locator(".sl-scope").screenshot(path=tmp_path / "scope.png")
    names = json.dumps(
        [
            ".sl-state",
            ".sl-title",
            ".sl-stop",
            ".sl-text",
            ".sl-lines td",
            ".sl-caption",
            ".sl-name",
        ]
    )

    for name, ratio in stage.page.evaluate(CONTRAST.replace("NAMES", names)):
        assert ratio >= 4.5, name


CONTRAST = """() => {
    const rgb = (value) => value.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const light = (value) => {
        const [r, g, b] = rgb(value).map((c) => c / 255)
            .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = light(getComputedStyle(document.querySelector(".sl-scope")).backgroundColor);
    return NAMES.map((name) => {
        const front = light(getComputedStyle(document.querySelector(name)).color);
        const [high, low] = [Math.max(front, ground), Math.min(front, ground)];
        return [name, (high + 0.05) / (low + 0.05)];
    });
}"""


def test_with_reduced_motion_nothing_moves_by_itself(chromium, stage):
    stage.page.emulate_media(reduced_motion="reduce")
    stage.read(10, chat("x"))
    stage.open(stage.whole())
    animation = (
        "getComputedStyle(document.querySelector('.sl-state'), '::before').animationName"
    )

    assert stage.page.evaluate(animation) == "none"
