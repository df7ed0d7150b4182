"""One completion in every dialect: our own readers find the same text.

The providers' own packages do too: see ``tests/sdks``.
"""

from collections import Counter

import pytest

from streamlab.dialects import dialect_named
from streamlab.follow import Follower
from streamlab.server.response import MS, Request
from streamlab.server.scenarios import discover
from streamlab.server.shapes import SHAPES
from streamlab.testing import tape_from

COUNTED = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
ASKED = [{"role": "user", "content": "Count to 10"}]
SCENARIOS = discover()
DIALECTS = [name for name in SHAPES if name not in ("sse", "ndjson")]


def followed(dialect: str, scenario: str = "count-to-ten") -> Follower:
    """Return the follower of a scenario in a dialect, at its end."""
    response = SCENARIOS[scenario].respond(Request(scenario, dialect, True, {}))
    pieces = [(write.at_ns / MS, write.data) for write in response.writes]
    follower = Follower(tape_from(pieces, content_type=response.content_type), dialect)
    follower.close()
    follower.interpret()
    return follower


@pytest.mark.parametrize("dialect", DIALECTS)
def test_our_own_reader_finds_the_same_text_and_its_end(dialect):
    follower = followed(dialect)
    content = [delta.text for delta in follower.deltas if delta.kind == "content"]

    assert "".join(content) == COUNTED
    assert len(content) == 28
    assert follower.reader.finished
    assert not follower.reader.failed


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_burst_is_several_deltas_at_one_time(dialect):
    follower = followed(dialect, "bursty")

    assert "".join(d.text for d in follower.deltas if d.kind == "content").startswith(
        "A stream"
    )
    reads = [follower.read_of_line(event.last_line) for event in follower.events]
    assert max(Counter(reads).values()) > 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_lab_answers_where_the_dialect_asks(http, fast_lab, dialect):
    where = fast_lab.endpoint("steady", dialect)
    ask = dialect_named(dialect).ask("steady", ASKED, {})

    response = http.post(where.url + ask.path, params=ask.params, json=ask.json)

    assert response.status_code == 200
    assert response.headers["content-type"] == SHAPES[dialect].content_type
    assert response.headers["x-streamlab-stream"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_without_a_stream_is_one_document(http, fast_lab, dialect):
    where = fast_lab.endpoint("steady", dialect)
    ask = dialect_named(dialect).ask("steady", ASKED, {"stream": False})
    path = ask.path.replace("streamGenerateContent", "generateContent")

    response = http.post(where.url + path, json=ask.json)

    assert "content-length" in response.headers
    assert "A stream is not a row of tokens." in response.text
    assert isinstance(response.json(), dict)


def test_plain_streams_are_asked_for_by_their_path(http, fast_lab):
    sse = http.get(fast_lab.address("steady", "sse"))
    ndjson = http.get(fast_lab.address("steady", "ndjson"))

    assert sse.text.startswith("data: A\n\ndata:  stream\n\n")
    assert ndjson.text.startswith('{"text":"A"}\n{"text":" stream"}\n')
    assert ndjson.headers["content-type"] == "application/x-ndjson"


SEEDED = {
    "openai_chat": {"seed": 5},
    "gemini": {"generationConfig": {"seed": 5}},
    "ollama": {"options": {"seed": 5}},
}


@pytest.mark.parametrize(("dialect", "body"), SEEDED.items(), ids=SEEDED)
def test_the_seed_is_found_where_the_dialect_puts_it(dialect, body):
    assert Request("steady", dialect, True, body).seed == 5
