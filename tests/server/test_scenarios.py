"""The text and the times of each scenario, without a network."""

import itertools

import pytest

from streamlab.server.response import MS, Request
from streamlab.server.scenarios import discover
from tests.server.asking import TRANSCRIPT, contents

SCENARIOS = discover()
each = pytest.mark.parametrize("name", SCENARIOS)


def played(name, dialect="openai_chat", **body):
    return list(SCENARIOS[name].respond(Request(name, dialect, True, body)).writes)


def gaps_ms(writes):
    return [(b.at_ns - a.at_ns) / MS for a, b in itertools.pairwise(writes)]


@each
def test_the_same_seed_plays_the_same(name):
    assert played(name, seed=7) == played(name, seed=7)


@each
def test_times_never_go_back_and_no_write_is_empty(name):
    writes = played(name)

    assert all(gap >= 0 for gap in gaps_ms(writes))
    assert writes[0].at_ns > 0
    assert all(write.data for write in writes)


@each
def test_a_chat_opens_with_the_role_and_closes_with_done(name):
    writes = played(name)

    assert b'"role":"assistant"' in writes[0].data
    assert writes[-1].data.endswith(b"data: [DONE]\n\n")
    assert b"".join(w.data for w in writes).count(b'"finish_reason":"stop"') == 1


@pytest.mark.parametrize(
    "name", ["bursty", "stall", "slow-first-token", "long", "count-to-ten"]
)
def test_another_seed_has_other_times(name):
    assert [w.at_ns for w in played(name, seed=1)] != [w.at_ns for w in played(name, seed=2)]


@pytest.mark.parametrize("dialect", ["openai_chat", "sse"])
def test_count_to_ten_is_the_transcript_however_it_is_asked_for(dialect):
    writes = played("count-to-ten", dialect, seed=3)

    assert b"".join(write.data for write in writes) == TRANSCRIPT.read_bytes()
    assert len(writes) == 31
    assert 800 < writes[-1].at_ns / MS < 1400


def test_count_to_ten_adds_its_usage_only_if_it_is_asked_for():
    asked = played("count-to-ten", stream_options={"include_usage": True})
    *chunks, counted, done = (write.data for write in asked)

    assert b"".join(chunks).count(b',"usage":null}\n\n') == len(chunks) == 30
    exact = b"".join(chunks).replace(b',"usage":null', b"") + done
    assert exact == TRANSCRIPT.read_bytes()
    assert counted.startswith(chunks[0].partition(b'"choices"')[0])
    assert counted.endswith(
        b'"choices":[],"usage":'
        b'{"prompt_tokens":14,"completion_tokens":28,"total_tokens":42}}\n\n'
    )


@pytest.mark.parametrize(
    ("dialect", "options"),
    [("openai_chat", {"include_usage": False}), ("sse", {"include_usage": True})],
)
def test_count_to_ten_is_exact_where_no_usage_is_asked_of_the_chat(dialect, options):
    writes = played("count-to-ten", dialect, stream_options=options)

    assert b"".join(write.data for write in writes) == TRANSCRIPT.read_bytes()


def test_steady_is_steady():
    assert set(gaps_ms(played("steady"))) == {20.0}
    assert len(played("steady")) == 42
    assert set(gaps_ms(played("steady", n_events=3, step_ms=7))) == {7.0}


def test_bursty_sends_several_events_in_a_write():
    sizes = [write.data.count(b"\n\n") for write in played("bursty")[1:-1]]

    assert len(sizes) == 14
    assert set(sizes) <= {1, 2, 3, 4, 5}
    assert len(set(sizes)) > 2


def test_stall_has_one_pause():
    gaps = gaps_ms(played("stall"))

    assert sorted(gaps)[-2:] == [20.0, 300.0]
    assert 13 <= gaps.index(300.0) <= 27


def test_the_first_text_of_slow_first_token_is_slow_and_its_role_is_not():
    opening, first, *_ = played("slow-first-token")

    assert opening.at_ns == 80 * MS
    assert 1180 <= first.at_ns / MS <= 1380


def test_long_has_2000_events_of_280_bytes():
    writes = played("long")
    pieces = [write.data for write in writes[1:-1]]

    assert len(pieces) == 2000
    assert sum(map(len, pieces)) / 2000 == pytest.approx(280, abs=20)
    assert 8 < writes[-1].at_ns / 1e9 < 13


def test_a_usage_chunk_comes_if_it_is_asked_for():
    plain = played("steady")[-1].data
    asked = played("steady", stream_options={"include_usage": True})[-1].data

    assert b'"usage"' not in plain
    assert b'"choices":[],"usage":{"prompt_tokens":14,"completion_tokens":40,' in asked


@each
def test_plain_sse_says_the_same_text(name):
    if name == "count-to-ten":
        return  # its bytes are fixed; see above
    plain = b"".join(write.data for write in played(name, "sse")).decode()
    texts = [event.removeprefix("data: ") for event in plain.split("\n\n")[:-1]]

    assert texts == contents(b"".join(w.data for w in played(name)).decode())
