"""The scope's module alone, with a model that records its calls: no kernel, no JupyterLab."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from streamlab.live import LiveModel
from streamlab.live.view import Scope
from streamlab.tape import Stamp
from tests.browser.pages import let_it_draw
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
        send: (message, callbacks) => {
            window.sent.push(message);
            window.told = callbacks ?? window.told;
        },
    };
    window.later_ms = 0; // a clock that a test moves
    const now = performance.now.bind(performance);
    performance.now = () => now() + window.later_ms;
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
        module = b64encode(Scope._esm.encode()).decode()
        self.page.set_content(PAGE.format(css=css, body=body))
        self.page.evaluate(START, [f"data:text/javascript;base64,{module}", state])
        self.asked = [message["do"] for message in self.sent()]
        # The height may have been told already, or not yet.
        self.page.evaluate("window.sent = window.sent.filter((m) => m.do === 'height')")

    def read(self, after_ms, data):
        self.log.read(after_ms, data)
        self.model.pull()

    def whole(self):
        self.number = self.model.number
        return {"streams": [self.model.snapshot()]}

    def delta(self):
        state = self.model.snapshot(since=self.number)
        self.number = state["number"]
        return {"streams": [state]}

    def tell(self, message):
        self.page.evaluate("message => window.tell('msg:custom', message)", message)

    def text(self):
        return self.page.locator(".sl-text").inner_text()

    def sent(self):
        """Return what the view told the kernel, without its height."""
        return [m for m in self.page.evaluate("window.sent") if m["do"] != "height"]


@pytest.fixture
def stage(page):
    stage = Stage(page)
    yield stage
    assert page.errors == []


@pytest.mark.parametrize("had_a_state", [False, True])
def test_a_front_end_that_appears_says_so_and_is_told_the_whole_state(stage, had_a_state):
    stage.read(10, chat("x"))
    stage.open(stage.whole() if had_a_state else {})

    assert stage.asked == ["appear"]
    assert stage.page.locator(".sl-state").inner_text() == "streaming" * had_a_state


def test_a_restored_scope_renders_its_last_state_itself(stage):
    stage.read(10, chat("Hello"))
    stage.log.end("closed", "Stop was pressed")
    stage.model.pull()
    stage.open(stage.whole())
    said = stage.page.locator(".sl-title").inner_text()

    assert stage.text() == "Hello"
    assert stage.page.locator(".sl-state").inner_text() == "stopped"
    assert said == "a stream · closed before its end: Stop was pressed. Kept in sl.last."


def test_a_whole_state_only_appends_to_a_view_in_step(stage):
    """So that what a reader has selected stays selected."""
    stage.read(10, chat("\N{GRINNING FACE} one "))
    stage.open(stage.whole())
    stage.page.evaluate("window.kept = document.querySelector('.sl-run').firstChild")
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
    stage.page.get_by_role("button", name="Stop").press("Enter")
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
    assert stage.page.get_by_role("button", name="Stop").is_disabled()


def test_text_is_silent_and_the_state_is_announced(stage):
    stage.read(10, chat("x"))
    stage.open(stage.whole())

    assert stage.page.locator(".sl-text").get_attribute("aria-live") == "off"
    assert stage.page.locator(".sl-lines").get_attribute("aria-live") == "off"
    assert stage.page.get_by_role("status").first.inner_text() == "streaming"
    assert stage.page.locator(".sl-aloud").get_attribute("aria-live") == "polite"
    assert stage.page.get_by_role("button", name="Stop").count() == 1
    said = stage.page.get_by_role("img").get_attribute("aria-label")
    assert "no gap between pieces of the answer yet" in said


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
    assert stage.page.evaluate("document.querySelectorAll('#root *').length") < 300


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
            ".sl-readout",
            ".sl-legend",
            ".sl-lines .sl-field",
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


OUTSIDE = """() => {
    const [root, found] = [document.querySelector(".sl-scope"), []];
    const edge = root.getBoundingClientRect().right - 16;
    for (const node of root.querySelectorAll("th, td, button, .sl-name, .sl-value, .sl-key"))
        if (!node.closest(".sl-lines") && node.getBoundingClientRect().right > edge + 0.5)
            found.push(node.textContent);
    return found;
}"""


@pytest.mark.parametrize("names", [[""], ["sync", "async"], ["a model of long name", "b", "c"]])
@pytest.mark.parametrize("width", [400, 480, 560, 720])
def test_nothing_is_cut_off_at_any_width(stage, width, names, tmp_path):
    states = []
    for name in names:
        log = Growing()
        model = LiveModel(log, "openai_chat", label="a stream", name=name, mode="sync")
        for n in range(30):
            log.read(1234 if n == 12 else 21.7, chat(f"word {n} "))
        log.clock.advance_ms(12_345.6)
        merged = Stamp(log.clock(), log.clock(), lo_ns=log.clock() - 10**9, arrival="merged")
        log.append(chat("x"), merged)
        model.pull()
        states.append(model.snapshot())
    stage.open({"streams": states})
    stage.page.evaluate(f"document.getElementById('root').style.width = '{width}px'")
    let_it_draw(stage.page)
    stage.page.locator("#root").screenshot(path=tmp_path / "narrow.png")

    assert stage.page.evaluate(OUTSIDE) == []


def test_with_reduced_motion_nothing_moves_by_itself(chromium, stage):
    stage.page.emulate_media(reduced_motion="reduce")
    stage.read(10, chat("x"))
    stage.open(stage.whole())
    animation = (
        "getComputedStyle(document.querySelector('.sl-state'), '::before').animationName"
    )

    assert stage.page.evaluate(animation) == "none"


def chosen(stage):
    return stage.page.evaluate(
        "[...document.querySelectorAll('.sl-chosen')].map((node) => node.textContent)"
    )


def some_reads(stage):
    stage.read(100, chat("one"))
    stage.read(20, chat(" two") + chat(" three"))
    stage.read(20, b": ping\n\n" + chat(" four"))
    stage.open(stage.whole())


def test_a_piece_that_is_pointed_at_frames_its_lines_and_says_its_read(stage):
    some_reads(stage)
    stage.page.get_by_text(" three").first.hover()
    readout = stage.page.locator(".sl-readout").inner_text()

    assert readout == (
        "read 1 at 120.0 ms, 20.0 ms after read 0: 2 events, one arrival. "
        "No gap between them was observed."
    )
    assert chosen(stage)[:2] == [" two", " three"]
    assert sum("delta" in text for text in chosen(stage)[2:]) == 2
    assert len(chosen(stage)) == 6  # two pieces and four lines
    # Only the second came in the read of the piece before, and no wait is shown for it.
    pieces = stage.page.locator(".sl-run").evaluate_all(
        "all => all.map((one) => one.className)"
    )
    assert ["sl-same" in name for name in pieces] == [False, False, True, False]


def test_a_line_that_is_pointed_at_frames_its_piece(stage):
    some_reads(stage)
    stage.page.locator(".sl-lines tr", has_text="ping").hover()

    assert chosen(stage)[0] == " four"
    assert "read 2 at 140.0 ms" in stage.page.locator(".sl-readout").inner_text()


def test_a_read_on_the_axis_is_pointed_at(stage):
    some_reads(stage)
    box = stage.page.locator(".sl-canvas").bounding_box()
    width = box["width"] - 64
    stage.page.mouse.move(box["x"] + 60 + width * 120 / 1200 + 1, box["y"] + 70)

    assert "read 1 at 120.0 ms" in stage.page.locator(".sl-readout").inner_text()

    stage.page.mouse.move(box["x"] + 60 + width * 0.6, box["y"] + 70)
    assert chosen(stage) == []


def test_arrow_keys_go_from_read_to_read(stage):
    some_reads(stage)
    plot, readout = stage.page.locator(".sl-plot"), stage.page.locator(".sl-readout")
    said = []
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight"):
        plot.press(key)
        said.append(readout.inner_text()[:6])
    plot.press("Escape")

    assert said == ["read 2", "read 1", "read 0", "read 0", "read 1"]
    assert readout.inner_text().startswith("3 reads: the median gap between pieces is 20.0 ms")


def test_space_holds_the_display_and_lets_it_go_on(stage):
    stage.read(100, chat("one"))
    stage.open(stage.whole())
    stage.page.locator(".sl-plot").press(" ")
    held = stage.page.locator(".sl-title").inner_text()
    for word in (" two", " three"):
        stage.read(20, chat(word))
        stage.tell(stage.delta())
    stage.tell(stage.whole())

    assert held.startswith("held at ")
    assert held.endswith(" s; the recording goes on")
    assert stage.text() == "one"
    assert stage.page.locator(".sl-title").inner_text() == held

    stage.page.get_by_role("button", name="Go on").press(" ")
    assert stage.text() == "one two three"
    assert [message for message in stage.sent() if message["do"] == "hold"] == [
        {"do": "hold", "on": True},
        {"do": "hold", "on": False},
    ]
    assert all(message["do"] == "hold" for message in stage.sent())  # none was missed


def test_the_scale_of_the_gaps_is_linear_or_logarithmic(stage):
    some_reads(stage)
    log = stage.page.get_by_role("button", name="log")
    before = stage.page.locator(".sl-canvas").screenshot()
    log.press(" ")

    assert log.get_attribute("aria-pressed") == "true"
    assert stage.page.locator(".sl-canvas").screenshot() != before
    assert stage.page.locator(".sl-state").inner_text() == "streaming"  # not held


def in_state(stage, state):
    stage.page.wait_for_function(
        f"() => document.querySelector('.sl-scope').dataset.state === '{state}'"
    )


def test_silence_of_the_kernel_is_not_silence_of_the_stream(stage):
    stage.read(880, chat("x"))
    stage.open(stage.whole())
    stage.page.evaluate("window.later_ms = 2100")
    in_state(stage, "silent")

    assert stage.page.locator(".sl-state").inner_text() == "waiting for the kernel"
    assert stage.page.locator(".sl-facts .sl-name").nth(1).inner_text() == "as of"
    assert stage.page.locator("[data-fact=elapsed]").inner_text() == "880.0 ms"
    assert "the kernel runs other code" in stage.page.locator(".sl-readout").inner_text()
    assert stage.page.get_by_role("button", name="Stop").is_enabled()

    stage.log.clock.advance_ms(2200)
    stage.tell(stage.delta())  # the heart beats again, without news
    in_state(stage, "streaming")
    assert stage.page.locator("[data-fact=elapsed]").inner_text().startswith("3.")


def test_the_clock_stands_when_the_kernel_was_restarted(stage):
    stage.read(880, chat("x"))
    stage.open(stage.whole())
    stage.page.evaluate("root.classList.add('jupyter-widgets-disconnected')")
    in_state(stage, "gone")
    stage.page.evaluate("window.later_ms = 9000")
    let_it_draw(stage.page)
    let_it_draw(stage.page)

    assert stage.page.locator(".sl-state").inner_text() == "kernel restarted"
    assert stage.page.locator(".sl-title").inner_text() == (
        "The clock stands. The last state was at 0.88 s: 1 read, 1 event."
    )
    assert stage.page.locator("[data-fact=elapsed]").inner_text() == "880.0 ms"
    assert stage.page.get_by_role("button", name="Stop: nothing runs").is_disabled()


def test_a_kernel_that_answers_and_does_not_know_the_stream_was_restarted(stage):
    stage.read(880, chat("x"))
    stage.open(stage.whole())
    stage.page.evaluate("window.later_ms = 2500")
    stage.page.wait_for_function("() => window.sent.some((m) => m.do === 'resync')")
    stage.page.evaluate("told.iopub.status({ content: { execution_state: 'idle' } })")
    in_state(stage, "silent")
    stage.page.evaluate("window.later_ms = 5000")
    in_state(stage, "gone")

    assert stage.page.locator(".sl-state").inner_text() == "stream lost"


def test_a_state_is_said_once_and_then_every_five_seconds(stage):
    stage.read(880, chat("x"))
    stage.open(stage.whole())
    aloud = stage.page.locator(".sl-aloud")
    let_it_draw(stage.page)
    assert aloud.inner_text() == ""

    said = []
    for n in range(1, 4):
        stage.log.clock.advance_ms(2000)
        stage.page.evaluate(f"window.later_ms = {2000 * n}")
        stage.tell(stage.delta())
        let_it_draw(stage.page)
        let_it_draw(stage.page)
        said.append(aloud.inner_text())

    assert said[:2] == ["", ""]
    assert said[2].startswith("streaming, ")
    assert said[2].endswith(" s: 1 read, 1 event")


def test_it_is_as_high_from_the_first_frame_to_the_last(stage):
    height = "document.querySelector('.sl-scope').getBoundingClientRect().height"
    stage.open({})
    heights = [stage.page.evaluate(height)]
    stage.tell(stage.whole())
    heights.append(stage.page.evaluate(height))
    for n in range(60):
        stage.read(400 if n == 30 else 15, chat(f"word {n} ") * 3)
        stage.tell(stage.delta())
        heights.append(stage.page.evaluate(height))
    stage.page.evaluate("window.later_ms = 2100")
    in_state(stage, "silent")
    heights.append(stage.page.evaluate(height))
    stage.page.get_by_role("button", name="Stop").press("Enter")
    heights.append(stage.page.evaluate(height))
    stage.log.end("closed", "Stop was pressed")
    stage.model.pull()
    stage.tell(stage.delta())
    heights.append(stage.page.evaluate(height))

    assert len(set(heights)) == 1
    # The browser tells it after a frame of its own.
    told = "window.sent.filter((m) => m.do === 'height')"
    stage.page.wait_for_function(f"{told}.length > 0")
    assert stage.page.evaluate(told)[-1]["height_px"] == round(heights[0])


def test_every_choice_has_its_paragraph(stage):
    pair = [
        {"index": n, "delta": {"content": word}} for n, word in enumerate(("left", "right"))
    ]
    stage.read(10, f"data: {json.dumps({'choices': pair})}\n\n".encode())
    stage.open(stage.whole())

    assert stage.page.locator(".sl-choice").all_text_contents() == ["left", "choice 2: right"]


def test_pieces_show_the_wait_before_them(stage):
    for n in range(8):
        stage.read(20, chat(f"{n} "))
    stage.read(300, chat("late ") + chat("with it "))
    now_ns = stage.log.clock() + 700_000_000
    stage.log.clock.advance_ms(700)
    merged = Stamp(now_ns, now_ns, "kernel", 2, now_ns - 690_000_000, "merged")
    stage.log.append(chat("at some time "), merged)
    stage.model.pull()
    stage.open(stage.whole())
    late = stage.page.locator(".sl-run", has_text="late")

    assert "sl-heat3" in late.get_attribute("class")
    assert late.get_attribute("data-wait") == "▾300 ms"
    assert "sl-merged" in stage.page.locator(".sl-run").last.get_attribute("class")


def test_streams_beside_each_other_have_a_row_each_and_one_stop(page):
    logs = [Growing(), Growing()]
    models = [
        LiveModel(log, "openai_chat", label="ten", name=name, mode=name)
        for log, name in zip(logs, ("sync", "async"), strict=True)
    ]
    for log, model in zip(logs, models, strict=True):
        log.read(350, chat("1"))
        log.read(20, chat(", 2"))
        model.pull()
    stage = Stage(page)
    stage.open({"streams": [model.snapshot() for model in models]})
    rows = page.locator(".sl-streams tbody tr").all_inner_texts()

    assert [row.split()[:2] for row in rows] == [["▼", "sync"], ["○", "async"]]
    assert all("350.0 ms" in row and "20.0 ms" in row for row in rows)
    assert page.locator(".sl-choice").all_text_contents() == ["sync: 1, 2", "async: 1, 2"]
    assert page.get_by_role("button", name="Stop").count() == 1
    assert "two requests, one clock" in page.locator(".sl-title").inner_text()

    logs[1].read(20, chat(", 3"))
    models[1].pull()
    news = [model.snapshot(since=1) for model in models]
    page.evaluate("message => window.tell('msg:custom', message)", {"streams": news})
    assert page.locator(".sl-choice").all_text_contents() == ["sync: 1, 2", "async: 1, 2, 3"]


def test_of_several_streams_one_that_failed_says_so_while_the_others_run(page):
    logs = {name: Growing() for name in "abc"}
    models = [LiveModel(log, "openai_chat", name=name) for name, log in logs.items()]
    logs["b"].end("reset", "the peer closed the connection")
    logs["c"].read(10, chat("first"))
    for model in models:
        model.pull()
    Stage(page).open({"streams": [model.snapshot() for model in models]})
    logs["a"].read(20, chat("later"))
    models[0].pull()
    news = [model.snapshot(since=1) for model in models]
    page.evaluate("message => window.tell('msg:custom', message)", {"streams": news})
    page.wait_for_function(
        "document.querySelector('.sl-readout').textContent.includes('1 read')"
    )
    a, b, c = page.locator(".sl-readout").inner_text().splitlines()

    assert b.startswith("b: ✕ the stream broke off: the peer closed")
    assert "✕" not in a + c
    texts = page.locator(".sl-choice").evaluate_all(
        "all => all.map((p) => [p.getBoundingClientRect().top, p.textContent])"
    )
    assert [text for _, text in sorted(texts)] == ["a: later", "c: first"]


@pytest.mark.parametrize("body", ["", DARK], ids=["light", "dark"])
@pytest.mark.parametrize("width", [800, 480])
def test_axe_finds_nothing(stage, body, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    stage.page.set_viewport_size({"width": width, "height": 900})
    for n in range(30):
        stage.read(300 if n == 20 else 20, chat(f"{n} ") * (1 + n % 2))
    stage.read(20, b": ping\n\nevent: x\nid: 3\ndata: 4\n\n")
    stage.open(stage.whole(), body)
    stage.page.locator(".sl-plot").press("ArrowLeft")
    found = axe.Axe().run(stage.page, context="#root")
    stage.page.set_viewport_size({"width": 1100, "height": 900})

    assert [each["id"] for each in found.response["violations"]] == []


@pytest.mark.parametrize("width", [480, 720])
def test_a_line_keeps_its_delta_however_narrow_it_is(stage, width):
    stage.read(10, chat("word", logprobs=None, padding="x" * 200))
    stage.open(stage.whole())
    stage.page.evaluate(f"root.style.width = '{width}px'")
    delta, table = stage.page.locator(".sl-delta"), stage.page.locator(".sl-table")

    assert delta.inner_text() == '"word"'
    right = table.bounding_box()["x"] + table.bounding_box()["width"]
    assert delta.bounding_box()["x"] + delta.bounding_box()["width"] <= right
