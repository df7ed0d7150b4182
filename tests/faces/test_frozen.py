import re
from html.parser import HTMLParser

import pytest

from streamlab.faces.frozen import static_html, static_text
from streamlab.live import LiveModel
from tests.live.growing import DONE, Growing, chat

HOSTILE = {
    "a-script": "<script>alert(1)</script>",
    "an-image": "<img src=x onerror=alert(1)>",
    "a-closing-pre": "</pre></div><b>out</b>",
    "an-entity": "&lt;b&gt; &amp;",
    "quotes": "\"'><svg onload=alert(1)>",
}
PLAIN_TAGS = {"div", "p", "strong", "br", "table", "thead", "tbody", "tr", "th", "td", "code"}
PLAIN_TAGS |= {"pre", "details", "summary"}


class Reading(HTMLParser):
    """What a browser would make of some HTML: its tags, its attributes, its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = set(), set(), "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def final(*reads, label="a stream", how="eof"):
    log = Growing()
    for after_ms, data in reads:
        log.read(after_ms, data)
    log.end(how)
    model = LiveModel(log, "openai_chat", label=label)
    model.pull()
    return model.snapshot() | {"overview": model.overview()}


@pytest.fixture
def state():
    return final((10, chat("Hello")), (20, chat(" you", finish="stop")), (300, DONE))


def test_it_holds_the_facts_the_text_and_the_lines(state):
    page = Reading(static_html(state))

    assert "■ done: the body came to its end, after [DONE]." in page.text
    assert "Hello you" in page.text
    assert "data: [DONE]" in page.text
    assert "2 gaps between reads, on a linear scale from 0: median 160.0 ms" in page.text
    assert "the longest 300.0 ms, before read 2." in page.text


def test_it_uses_only_what_every_viewer_shows(state):
    page = Reading(static_html(state))

    assert page.tags <= PLAIN_TAGS
    assert page.attributes == {"style"}
    assert page.open == []
    assert not re.search(r"color|url\(|background", static_html(state))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_streamed_text_stays_text(text):
    page = Reading(static_html(final((10, chat(text)), label=text)))

    assert page.tags <= PLAIN_TAGS
    assert page.attributes == {"style"}
    assert page.text.count(text) >= 2  # as label and as text


def test_raw_lines_stay_text():
    html = static_html(final((10, b"data: <script>alert(1)</script>\n\n")))

    assert "<script" not in html
    assert "data: &lt;script&gt;" in html


def test_control_characters_do_not_reach_a_terminal():
    state = final((10, chat("\x1b[2Jgone\x07\x9b31m\r") + b"\x1b]0;x\x07\n"), label="\x1b[1m")
    text = static_text(state)

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert "␛[2Jgone␇\ufffd31m␍" in text


def test_huge_text_is_cut_and_says_so():
    state = final((10, b"".join(chat("0123456789") for _ in range(10_000))))

    assert len(static_html(state)) < 20_000
    assert "[… 92,000 characters before this are in the recording]" in static_html(state)
    assert "[… 92,000 characters before this are in the recording]" in static_text(state)


def test_the_text_face_is_a_few_lines(state):
    assert static_text(state) == (
        "a stream · openai_chat: ■ done: the body came to its end, after [DONE].\n"
        "TTFT 10.0 ms · elapsed 330.0 ms · reads 3 · lines 6 · events 3 · bytes "
        f"{state['counts']['bytes']}\n"
        "▁█ (largest 300.0 ms)\n"
        "2 gaps between reads, on a linear scale from 0: median 160.0 ms, "
        "the longest 300.0 ms, before read 2.\n"
        "Hello you"
    )


def test_a_stream_that_brought_nothing_is_shown_too():
    text = static_text(final(how="connect"))

    assert "✕ failed: no connection. Start the server, or check the URL." in text
    assert "No gaps: fewer than two reads arrived." in text
    assert "(no text)" in text
    assert Reading(static_html(final(how="connect"))).open == []


def test_a_view_frozen_too_early_says_so():
    log = Growing()
    log.read(10, chat("x"))
    model = LiveModel(log)
    model.pull()

    assert "● streaming: not ended when this was frozen." in static_text(model.snapshot())


def test_how_long_a_click_waited_is_kept(state):
    text = static_text(state | {"stop_waited_ms": 8.3})

    assert "Stop was clicked; the click waited 8.3 ms." in text


def test_reasoning_is_named():
    text = static_text(final((1, chat(reasoning_content="Hm.")), (1, chat("Yes"))))

    assert text.endswith("[reasoning] Hm.\nYes")
