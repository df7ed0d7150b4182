import json
import time

import pytest

from streamlab.dialects import GENERATED
from streamlab.follow import Follower
from streamlab.follow.elide import GLYPHS, WIDTH, elided, joined, shown_line
from streamlab.follow.text import one_line
from streamlab.testing import tape_from
from tests.dialects.streams import NAMES, transcript

LONG = '{"id":"chatcmpl-123","object":"chat.completion.chunk","created":1751234567,"model":"m",'
LONG += '"choices":[{"index":0,"delta":{"content":%s},"logprobs":null,"finish_reason":null}]}'


def line(text):
    return "data: " + LONG % json.dumps(text)


def followed(body, dialect="auto"):
    follower = Follower(tape_from([(10, body)], end_ms=20), dialect)
    follower.close()
    follower.interpret()
    return follower


def shown(follower):
    return [shown_line(follower, number) for number in range(len(follower.lines))]


def test_the_field_and_the_delta_stay_and_the_rest_is_one_sign():
    pieces = elided(line("21"), ["21"])

    assert joined(pieces) == 'data: {"id":⋯"delta":{"content":"21"}⋯}'
    assert pieces[0] == ("field", "data: ")
    assert ("delta", '"21"') in pieces


def test_a_delta_is_found_however_it_is_escaped():
    text = 'é "q" \\ 😀'
    escaped = joined(elided("data: " + LONG % json.dumps(text), [text]))
    literal = joined(elided("data: " + LONG % json.dumps(text, ensure_ascii=False), [text]))

    assert json.dumps(text) in escaped
    assert json.dumps(text, ensure_ascii=False) in literal


def test_a_delta_that_is_too_long_loses_its_middle():
    said = joined(
        elided(line("begin " + "x" * 5_000 + " end"), ["begin " + "x" * 5_000 + " end"])
    )

    assert len(said) <= WIDTH
    assert '"begin xx' in said
    assert 'xx end"' in said


def test_a_delta_longer_than_what_is_looked_at_is_still_shown():
    text = "word " * 10_000
    follower = followed((line(text) + "\n\n").encode(), "openai_chat")

    assert '"delta":{"content":"word word' in shown(follower)[0].text


def test_a_short_line_is_whole():
    assert joined(elided('data: {"t":"21"}', ["21"])) == 'data: {"t":"21"}'
    assert joined(elided("data: [DONE]")) == "data: [DONE]"


def test_without_deltas_what_differs_from_the_line_before_stays():
    body = "x" * 90 + '","word":"%s","more":"' + "y" * 90
    said = joined(elided('{"k":"' + body % "21" + '"}', like='{"k":"' + body % "22" + '"}'))

    assert said == '{"k":⋯"word":"21"⋯}'


def test_without_any_help_the_middle_is_cut():
    said = joined(elided("a" * 300 + "b" * 300, limit=40))

    assert len(said) == 40
    assert said.startswith("aaa")
    assert said.endswith("bbb")


@pytest.mark.parametrize("name", NAMES)
def test_lines_of_every_provider_show_their_deltas(name):
    body, expected = transcript(name)
    follower = followed(body, expected["dialect"])
    lines = shown(follower)
    missed = []
    for delta, event in zip(follower.deltas, follower.delta_events, strict=True):
        text = one_line(delta.text[:6])
        said = "".join(each.text for each in lines if each.event == event)
        if delta.kind in GENERATED and json.dumps(text)[1:-1] not in said and text not in said:
            missed.append((text, said))

    assert missed == []
    assert all(len(each.text) <= WIDTH for each in lines)


def test_the_other_lines_say_what_they_do():
    follower = followed(b": ping\n\nevent: x\ndata: 1\n\nretry: 3\nbad\ndata: 2", "sse")
    lines = shown(follower)

    assert [GLYPHS[each.kind] for each in lines] == list(":↵◆●↵↻?…")
    assert [each.event for each in lines] == [-1, -1, 0, 0, 0, -1, -1, -1]
    assert [each.note for each in lines] == [
        "a comment: no event",
        "blank line: nothing collected, no event",
        "",
        "",
        "blank line: event 0 ends",
        "",
        "not a field: ignored",
        "the body stopped within this line",
    ]


def test_pieces_are_harmless():
    said = joined(elided("data: \x1b[31m\u202e" + "x" * 200))

    assert "\x1b" not in said
    assert "\u202e" not in said


@pytest.mark.parametrize("limit", [16, 40, 88])
@pytest.mark.parametrize(
    "text", ["", '{"' * 9_000, '"' * 9_001, "[" * 9_000, '{"a":"b",' * 2_000]
)
def test_no_line_takes_long_or_is_too_long(text, limit):
    began = time.process_time()
    said = joined(elided(f"data: {text}", ["b", "c"], like=f"data: {text}x", limit=limit))

    assert len(said) <= limit
    assert time.process_time() - began < 0.5
