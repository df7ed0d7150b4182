"""One answer in every dialect: the real SDKs and our own readers find the same text."""

import warnings

import httpx
import openai
import pytest

from streamlab.dialects import dialect_named
from streamlab.follow import Follower
from streamlab.server.play import MS, Call
from streamlab.server.scenarios import discover
from streamlab.server.shapes import SHAPES
from streamlab.testing import tape_from

COUNTED = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
ASKED = [{"role": "user", "content": "Count to 10"}]
SCENARIOS = discover()
DIALECTS = [name for name in SHAPES if name not in ("sse", "ndjson")]


def with_responses(url: str) -> str:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        events = client.responses.create(model="count-to-ten", input="Hi", stream=True)
        return "".join(e.delta for e in events if e.type == "response.output_text.delta")


def with_anthropic(url: str) -> str:
    import anthropic

    with anthropic.Anthropic(base_url=url, api_key="none") as client:
        asked = {"model": "count-to-ten", "max_tokens": 99, "messages": ASKED}
        with client.messages.stream(**asked) as stream:
            text = "".join(stream.text_stream)
            assert stream.get_final_message().usage.output_tokens == 28
        return text


def with_genai(url: str) -> str:
    from google import genai

    client = genai.Client(api_key="none", http_options={"base_url": url})
    chunks = client.models.generate_content_stream(model="count-to-ten", contents="Hi")
    text = "".join(chunk.text or "" for chunk in chunks)
    client.close()
    return text


def with_ollama(url: str) -> str:
    import ollama

    client = ollama.Client(host=url)
    text = "".join(
        part.message.content or ""
        for part in client.chat(model="count-to-ten", messages=ASKED, stream=True)
    )
    client._client.close()
    return text


def with_cohere(url: str) -> str:
    import cohere

    with httpx.Client(trust_env=False) as http:
        client = cohere.ClientV2(api_key="none", base_url=url, httpx_client=http)
        events = client.chat_stream(model="count-to-ten", messages=ASKED)
        return "".join(
            event.delta.message.content.text
            for event in events
            if event.type == "content-delta"
        )


def with_mistral(url: str) -> str:
    from mistralai.client import Mistral

    with Mistral(api_key="none", server_url=url) as client:
        events = client.chat.stream(model="count-to-ten", messages=ASKED)
        return "".join(event.data.choices[0].delta.content or "" for event in events)


SDKS = {
    "openai-responses": with_responses,
    "anthropic": with_anthropic,
    "google-genai": with_genai,
    "ollama": with_ollama,
    "cohere": with_cohere,
    "mistralai": with_mistral,
}


@pytest.mark.parametrize("stream", SDKS.values(), ids=SDKS)
def test_a_provider_s_own_package_streams_from_the_lab(fast_lab, stream):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the packages themselves
        assert stream(fast_lab.url) == COUNTED


def followed(dialect: str, scenario: str = "count-to-ten") -> Follower:
    """Return what our own reader makes of a scenario in a dialect."""
    play = SCENARIOS[scenario].play(Call(scenario, dialect, True, {}))
    pieces = [(write.at_ns / MS, write.data) for write in play.writes]
    follower = Follower(tape_from(pieces, content_type=play.content_type), dialect)
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
    assert (
        max(
            b - a
            for a, b in zip(follower.events_after, follower.events_after[1:], strict=False)
        )
        > 1
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_lab_answers_where_the_dialect_asks(http, fast_lab, dialect):
    where = fast_lab.endpoint("steady", dialect)
    ask = dialect_named(dialect).ask("steady", ASKED, {})

    response = http.post(where.base_url + ask.path, params=ask.params, json=ask.json)

    assert response.status_code == 200
    assert response.headers["content-type"] == SHAPES[dialect].content_type
    assert response.headers["x-streamlab-stream"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_without_a_stream_is_one_document(http, fast_lab, dialect):
    where = fast_lab.endpoint("steady", dialect)
    ask = dialect_named(dialect).ask("steady", ASKED, {"stream": False})
    path = ask.path.replace("streamGenerateContent", "generateContent")

    response = http.post(where.base_url + path, json=ask.json)

    assert "content-length" in response.headers
    assert "A stream is not a row of tokens." in response.text
    assert isinstance(response.json(), dict)


def test_plain_streams_are_asked_for_by_their_path(http, fast_lab):
    sse = http.get(fast_lab.endpoint("steady", "sse").base_url)
    ndjson = http.get(fast_lab.endpoint("steady", "ndjson").base_url)

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
    assert Call("steady", dialect, True, body).seed == 5
