"""What each provider's endpoint sends, seen by a real server: its path, body and headers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple

import pytest

import streamlab as sl
from streamlab.errors import MissingKeyError, UnknownNameError, UsageError
from tests.capture.test_record import Record, both
from tests.servers.threaded import threaded

KEY = "k-0123456789"


class Sent(NamedTuple):
    """One request, as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Listener(HTTPServer):
    """A server that remembers what it was sent, and answers with an event."""

    sent: Sent

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.sent = Sent(self.command, self.path, headers, body)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", "9")
        self.end_headers()
        self.wfile.write(b"data: a\n\n")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with threaded(Listener(("127.0.0.1", 0), Handler)) as server:
        yield server


class Case(NamedTuple):
    """One provider: how its endpoint is made, and what must come over the wire."""

    make: Any
    api: dict[str, str]
    base: str  # what users write after the host
    path: str
    key: tuple[str, str]
    body: dict[str, Any]


HI = [{"role": "user", "content": "Hi"}]
BEARER = ("authorization", f"Bearer {KEY}")
STREAM = {"model": "m", "stream": True}
CASES = {
    "openai chat": Case(
        sl.openai, {}, "/v1", "/v1/chat/completions", BEARER, {**STREAM, "messages": HI}
    ),
    "openai responses": Case(
        sl.openai, {"api": "responses"}, "/v1", "/v1/responses", BEARER, {**STREAM, "input": HI}
    ),
    "anthropic": Case(
        sl.anthropic,
        {},
        "",
        "/v1/messages",
        ("x-api-key", KEY),
        {**STREAM, "messages": HI, "max_tokens": 4096},
    ),
    "gemini": Case(
        sl.gemini,
        {},
        "",
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        ("x-goog-api-key", KEY),
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    ),
    "ollama": Case(sl.ollama, {}, "", "/api/chat", BEARER, {**STREAM, "messages": HI}),
    "cohere": Case(sl.cohere, {}, "", "/v2/chat", BEARER, {**STREAM, "messages": HI}),
    "lmstudio": Case(sl.lmstudio, {}, "", "/api/v1/chat", BEARER, {**STREAM, "input": "Hi"}),
}
each = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@both
@each
def test_a_prompt_is_sent_as_the_provider_wants_it(
    record: Record, case: Case, listener: Listener
) -> None:
    endpoint = case.make("m", base_url=listener.url + case.base, api_key=KEY, **case.api)
    record(endpoint, "Hi", user_id="u-1")

    sent, (header, value) = listener.sent, case.key
    assert (sent.method, sent.path) == ("POST", case.path)
    assert sent.body == {**case.body, "user_id": "u-1"}
    assert sent.headers[header] == value
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.headers.get("anthropic-version") == (
        "2023-06-01" if case.make is sl.anthropic else None
    )


@each
def test_messages_say_the_same_as_a_prompt(case: Case, listener: Listener) -> None:
    endpoint = case.make("m", base_url=listener.url + case.base, **case.api)
    sl.record(endpoint, HI)

    assert listener.sent.body == case.body
    assert case.key[0] not in listener.sent.headers


@each
def test_fields_of_the_endpoint_are_in_every_body_and_those_of_the_call_win(
    case: Case, listener: Listener
) -> None:
    fields = {"user_id": "u-1", "tier": "low"}
    endpoint = case.make("m", base_url=listener.url + case.base, json=fields, **case.api)
    sl.record(endpoint, "Hi", user_id="u-2")

    assert listener.sent.body == {**case.body, "user_id": "u-2", "tier": "low"}


@each
def test_headers_of_ones_own_are_sent_and_win(case: Case, listener: Listener) -> None:
    mine = {case.key[0]: "mine", "x-team": "blue"}
    url = listener.url + case.base
    sl.record(case.make("m", base_url=url, api_key=KEY, headers=mine, **case.api), "Hi")

    assert listener.sent.headers[case.key[0]] == "mine"
    assert listener.sent.headers["x-team"] == "blue"


VARIABLES = {
    "openai chat": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "openai responses": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"),
    "cohere": ("CO_API_KEY", "CO_API_URL"),
}
keyed = pytest.mark.parametrize("name", VARIABLES)


@keyed
def test_key_and_base_url_come_from_the_usual_variables(
    name: str, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, (key, base_url) = CASES[name], VARIABLES[name]
    monkeypatch.setenv(key, KEY)
    monkeypatch.setenv(base_url, f" {listener.url}{case.base}/ ")
    sl.record(case.make("m", **case.api), "Hi")

    assert listener.sent.path == case.path
    assert listener.sent.headers[case.key[0]] == case.key[1]


@keyed
def test_a_key_alone_goes_to_the_provider_itself(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLES[name][0], KEY)
    endpoint = CASES[name].make("m", **CASES[name].api)

    assert endpoint.url.startswith("https://")
    assert (
        endpoint.query("Hi", {}).headers.items()
        >= {
            "x-goog-api-key"
            if name == "gemini"
            else "x-api-key"
            if name == "anthropic"
            else "Authorization": CASES[name].key[1]
        }.items()
    )
    assert KEY not in repr(endpoint)


@pytest.mark.parametrize("variable", ["GOOGLE_API_KEY", "COHERE_API_KEY"])
def test_a_key_may_have_another_usual_name(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, KEY)
    make = sl.gemini if variable == "GOOGLE_API_KEY" else sl.cohere

    assert any(KEY in value for value in make("m").query("Hi", {}).headers.values())


COMPANIES = {
    "openai chat": "OpenAI",
    "openai responses": "OpenAI",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "cohere": "Cohere",
}


@keyed
def test_a_missing_key_is_one_sentence_that_names_the_provider(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, base_url = VARIABLES[name]
    monkeypatch.setenv(key, "")
    monkeypatch.delenv(base_url, raising=False)
    with pytest.raises(MissingKeyError) as caught:
        CASES[name].make("m", **CASES[name].api)

    assert str(caught.value) == (
        f"{COMPANIES[name]} needs a key and {key} is not set. Set {key}, pass api_key=…, "
        "or stream from the lab: sl.serve().endpoint()."
    )


def test_servers_on_this_machine_need_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "")

    assert sl.ollama("m").url == "http://127.0.0.1:11434"
    assert sl.lmstudio("m").url == "http://127.0.0.1:1234"


def test_ollamas_host_may_be_a_host_and_a_port(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{listener.server_port}")
    sl.record(sl.ollama("m"), "Hi")

    assert listener.sent.path == "/api/chat"
    assert sl.ollama("m", base_url="box").url == "http://box:11434"


def test_another_provider_wants_a_whole_url() -> None:
    with pytest.raises(UsageError) as caught:
        sl.openai("m", base_url="127.0.0.1:8000/v1")

    assert str(caught.value) == (
        "an endpoint needs a URL such as https://api.openai.com/v1, not "
        "'127.0.0.1:8000/v1'. Start it with http:// or https:// and name a host."
    )


def test_an_unknown_api_of_openai_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        sl.openai("m", api="response", api_key=KEY)

    assert str(caught.value) == (
        "no api of OpenAI 'response'; there are: chat, completions, responses. "
        "Did you mean 'responses'?"
    )


@pytest.mark.parametrize(
    "url", ["http://a/v1\n", "http://a\t/v1", "\x00http://a", "http://a/\x7f"]
)
def test_a_control_character_in_a_url_is_shown_with_its_source(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = next(at for at, c in enumerate(url) if not c.isprintable())
    said = f"has {url[at]!r} at position {at}, of {len(url)} characters. Remove it"
    with pytest.raises(UsageError, match="the URL of the endpoint has") as caught:
        sl.endpoint(url)
    assert said in str(caught.value)
    with pytest.raises(UsageError, match="base_url= has"):
        sl.openai("m", base_url=url)
    if "\x00" not in url:  # which no variable can hold
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        with pytest.raises(UsageError, match="OPENAI_BASE_URL has"):
            sl.openai("m")


@pytest.mark.parametrize("port", ["99999", "abc"])
def test_a_port_that_is_no_port_is_no_url(port: str) -> None:
    with pytest.raises(UsageError, match="an endpoint needs a URL"):
        sl.endpoint(f"http://127.0.0.1:{port}/v1")
