from streamlab.faces.several import static_html, static_text
from streamlab.metrics import Tables
from streamlab.testing import tape_from
from tests.faces.test_text import busy
from tests.live.growing import DONE, chat


def two(**ends):
    events = [chat("<b>one</b>"), chat(" two", finish="stop") + DONE]
    timed = [(10 * n, event) for n, event in enumerate(events, 1)]
    return {
        name: Tables(tape_from(timed, end=how, end_ms=30), "openai_chat", name)
        for name, how in ends.items()
    }


def test_it_is_one_picture_with_a_row_and_a_text_for_each_stream():
    html = static_html(two(sync="eof", a_sync="eof"), "Stop was clicked.")

    assert html.count("<img ") == 1
    assert 'alt="' in html
    assert html.count("&lt;b&gt;one&lt;/b&gt;") >= 2
    assert html.count("<details>") >= 2
    assert "<b>one" not in html
    assert "Stop was clicked. They are kept in .recordings" in html


def test_each_stream_says_how_it_ended():
    text = static_text(two(sync="eof", a_sync="reset"))

    assert "sync: sync · openai_chat: ■" in text
    assert "✕ the stream broke off" in text


def test_streams_of_which_one_has_a_merged_read_share_their_columns():
    html = static_html({**two(sync="eof"), "busy": busy()})
    table = html.partition("<thead>")[2].partition("</table>")[0]

    assert table.count("<th ") == 9
    assert [table.count(f">{known}gap<") for known in ("median known ", "median ")] == [1, 0]
    assert ">–<" not in table.partition("busy")[2]
