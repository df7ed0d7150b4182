"""The one face: of a recording, of a frozen view, of a report."""

import re
from html.parser import HTMLParser

import pytest

from streamlab.faces.frozen import static_html, static_text
from streamlab.metrics import Tables
from streamlab.tape import End, Read, Stamp, tape_of
from streamlab.testing import T0_NS
from tests.live.growing import DONE, chat

HOSTILE = {
    "a-script": "<script>alert(1)</script>",
    "an-image": "<img src=x onerror=alert(1)>",
    "a-closing-pre": "</pre></div><b>out</b>",
    "an-entity": "&lt;b&gt; &amp;",
    "quotes": "\"'><svg onload=alert(1)>",
}

# What GitHub keeps of HTML in a notebook or a README (html-pipeline's allow list).
KEPT = {
    "a",
    "b",
    "br",
    "code",
    "del",
    "details",
    "div",
    "em",
    "figure",
    "i",
    "img",
    "ins",
    "kbd",
}
KEPT |= {
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
}
KEPT |= {"table", "tbody", "td", "th", "thead", "tr", "ul", "var"}
KEPT_ATTRIBUTES = {"align", "alt", "src", "nowrap", "open", "width", "height", "title"}


class Reading(HTMLParser):
    """What is left of some HTML where only `KEPT` elements and attributes are kept."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = set(), set(), "", []
        self.pictures, self.cells = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        kept = {name: value for name, value in attrs if name in KEPT_ATTRIBUTES}
        if tag == "img":
            self.pictures.append(kept)
        if tag in ("td", "th"):
            self.cells.append((kept.get("align"), dict(attrs).get("style", "")))
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def tables(*reads, label="a stream", how="eof", detail="", dialect="openai_chat"):
    """Make the tables of (ms after the read before, bytes, arrival) of each read."""
    rows, now_ns = [], T0_NS
    for after_ms, data, *arrival in reads:
        before_ns, now_ns = now_ns, now_ns + int(after_ms * 1e6)
        merged = bool(arrival) and arrival[0] == "merged"
        facts = (34, before_ns, "merged") if merged else (1, -1, "single")
        rows.append(Read(data, Stamp(now_ns, now_ns, "kernel", *facts), -1, -1))
    meta = {"content_type": "text/event-stream", "status": 200}
    tape = tape_of(rows, End(now_ns, how, detail), {"request_sent": T0_NS}, meta)
    return Tables(tape, dialect, label)


@pytest.fixture
def finished():
    return tables((10, chat("Hello")), (20, chat(" you", finish="stop")), (300, DONE))


def test_it_has_the_facts_the_text_and_the_lines(finished):
    page = Reading(static_html(finished))

    assert "■ the body came to its end, after [DONE]." in page.text
    assert "first text (TTFT)in allreadslineseventsbytesmedian gaplongest gap" in page.text
    assert f"10.0 ms330.0 ms363{len(finished.tape.body)}20.0 ms20.0 ms" in page.text
    assert "Hello you" in page.text
    assert (
        "3 reads over 330.0 ms: the median gap between pieces of the answer is 20.0 ms, the "
        "longest 20.0 ms, before read 1." in page.text
    )
    assert "All 6 lines" in page.text
    assert "The last 6 lines" in page.text
    assert page.text.count("data: [DONE]") == 2


def test_it_is_made_of_what_every_viewer_keeps(finished):
    page = Reading(static_html(finished))

    assert page.tags <= KEPT
    assert page.attributes <= KEPT_ATTRIBUTES | {"style"}
    assert page.open == []
    assert not re.search(r"color:|url\(|background", static_html(finished))


def test_cells_are_left_aligned_and_unbroken_with_and_without_styles(finished):
    cells = Reading(static_html(finished)).cells

    assert {align for align, _ in cells} == {"left"}
    assert all("text-align:left" in style and "nowrap" in style for _, style in cells)


def test_the_picture_says_its_caption(finished):
    [picture] = Reading(static_html(finished)).pictures

    assert picture["src"].startswith("data:image/png;base64,")
    assert re.search(r"3 events in 3 reads", picture["alt"])


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_streamed_text_stays_text(text):
    page = Reading(static_html(tables((10, chat(text)), label=text)))

    assert page.tags <= KEPT - {"a"}
    assert page.attributes <= KEPT_ATTRIBUTES | {"style"}
    assert page.text.count(text) >= 2  # as label and as text


def test_raw_lines_stay_text():
    html = static_html(tables((10, b"data: <script>alert(1)</script>\n\n"), dialect="sse"))

    assert "<script" not in html
    assert "data: &lt;script&gt;" in html


def test_control_characters_reach_neither_face():
    hostile = chat("\x1b[2Jgone\x07\x9b31m\r") + b"\x1b]0;x\x07\n"
    made = tables((10, hostile), label="\x1b[1m")

    for face in (static_text(made), static_html(made)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", face)
        assert "␛[2Jgone␇\ufffd31m␍" in face


def test_of_a_long_text_the_start_and_the_end_are_shown():
    made = tables(*((10, chat(f"<{n}>")) for n in range(1_000)))
    html, page = static_html(made), Reading(static_html(made))

    assert re.search(
        r"<0><1>.*\[… 3,690 characters between are in the recording\].*<999>", page.text
    )
    assert len(re.sub(r"base64,[^\"]*", "", html)) < 200_000


def test_one_large_piece_is_cut_too():
    page = Reading(static_html(tables((10, chat("a" * 50_000 + "z")))))

    assert page.text.count("a") < 4_000
    assert "[… 48,801 characters between are in the recording]" in page.text


def test_waits_coalesced_pieces_and_merged_reads_are_said_in_the_text():
    steady = [(20, chat(f"{n}, ")) for n in range(5)]
    made = tables(
        *steady,
        (300, chat("5, ") + chat("6, ")),
        (700, chat("7, ") + chat("8, ") + chat("9, "), "merged"),
        (20, chat("10\n<i>") + DONE),
    )
    html = static_html(made)

    assert (
        "0, 1, 2, 3, 4, <b>[after 300.0 ms]</b> 5, <ins>6, </ins><b>⟦</b>7, 8, 9, <b>⟧</b>"
        "10<br>&lt;i&gt;" in html
    )
    assert "[after …] is a wait of more than 4 medians. Underlined: " in html
    assert "median known gap" in html
    assert "34 segments queued for up to 700 ms while this program was busy." in html


def test_a_text_without_marks_explains_none(finished):
    assert "Underlined" not in static_html(finished)


def test_one_line_is_one_line_and_words_stay_whole():
    page = Reading(static_html(tables((1000, b"data: x\n"), dialect="sse")))

    assert "1.00 s" in page.text
    assert "All 1 line" in page.text
    assert "1 lines" not in page.text


def test_of_very_many_lines_the_first_and_the_last_are_listed():
    made = tables((10, b"".join(b"data: %d\n\n" % n for n in range(1_500))), dialect="sse")
    page = Reading(static_html(made))

    assert "The first 500 and the last 500 of 3,000 lines" in page.text
    assert "data: 249" in page.text
    assert "data: 250" not in page.text
    assert "data: 1499" in page.text


def test_lines_of_one_read_say_their_time_once(finished):
    page = Reading(static_html(finished))

    assert "0" + "10.0" + "0" + "data: " in page.text
    assert "1" + "same read" + "0" + "↵ blank line: event 0 ends" in page.text


def test_the_text_face_is_a_few_lines(finished):
    assert static_text(finished) == (
        "a stream · openai_chat: ■ the body came to its end, after [DONE].\n"
        "first text (TTFT) 10.0 ms · in all 330.0 ms · reads 3 · lines 6 · events 3 · "
        f"bytes {len(finished.tape.body)} · median gap 20.0 ms · longest gap 20.0 ms\n"
        "▁█ (largest 300.0 ms)\n"
        "3 reads over 330.0 ms: the median gap between pieces of the answer is 20.0 ms, the "
        "longest 20.0 ms, before read 1.\n"
        "Hello you"
    )


@pytest.mark.parametrize("how", ["connect", "eof", "cancelled"])
def test_a_stream_that_brought_nothing_is_shown_too(how):
    made = tables(how=how)
    text, page = static_text(made), Reading(static_html(made))

    assert "No read arrived." in text
    assert "(no text)" in text
    assert "(no text)" in page.text
    assert page.open == []


def test_a_failure_and_an_answer_that_is_cut_short_are_said():
    refused, cut = tables(how="connect"), tables((10, chat("x")), how="closed")

    assert "✕ no connection. Start the server, or check the URL." in static_text(refused)
    assert "The answer is not complete." in static_text(cut)


def test_more_is_said_where_a_view_knows_it(finished):
    said = {"said": "Stop was clicked; the click waited 8.3 ms.", "kept": "sl.last"}

    assert said["said"] in static_text(finished, **said)
    assert "What arrived is kept in sl.last." in Reading(static_html(finished, **said)).text


def test_reasoning_is_named():
    made = tables((1, chat(reasoning_content="Hm.")), (1, chat("Yes")))

    assert "<b>[reasoning]</b> Hm.<br>Yes" in static_html(made)


def test_plain_events_are_the_text_of_a_plain_stream():
    html = static_html(tables((1, b"data: one\n\n"), (1, b"data: two\n\n"), dialect="sse"))

    assert "one<br>two<br>" in html
