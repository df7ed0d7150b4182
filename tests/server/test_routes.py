"""The response to each request, and the message for a bad request."""

import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from streamlab.server.lab import scenarios_of
from streamlab.server.parameters import PARAMETERS, parameters_of
from tests.server.asking import ask


def message(response) -> str:
    return response.json()["error"]["message"]


def test_the_first_page_says_what_this_is(http, lab):
    for path in ("/", "/lab"):
        page = http.get(lab.url + path)

        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "it answers by scenario, whatever the prompt" in page.text
        assert "<code>count-to-ten</code>" in page.text


def test_the_first_page_can_be_pasted_and_names_the_parameters_of_each(http, lab):
    page = http.get(lab.url).text
    rows = [re.findall(r"<code>(.*?)</code>", row) for row in page.split("<tr>")]
    said = {first: tuple(names) for first, *names in filter(None, rows)}
    commands = page[page.index("curl") : page.index("</pre>")]

    assert commands.count(f"{urlsplit(lab.url).netloc}/") == 2
    assert "PORT" not in page
    for name, scenario in scenarios_of({}).items():
        assert said[name] == parameters_of(scenario)
    assert set(PARAMETERS) <= set(said)


def test_the_scenarios_are_listed_as_models(http, lab):
    listed = http.get(f"{lab.base_url}/models").json()

    assert listed["object"] == "list"
    assert {*lab.scenarios, *lab.faults} == {entry["id"] for entry in listed["data"]}
    assert all(entry["object"] == "model" for entry in listed["data"])


def test_the_lab_says_that_it_is_healthy(http, lab):
    assert http.get(f"{lab.url}/health").json() == {"status": "ok"}


def test_the_lab_answers_where_ollama_completes_a_prompt(http, fast_lab):
    asked = {"model": "count-to-ten", "prompt": "Count"}
    lines = http.post(f"{fast_lab.url}/api/generate", json=asked).text.splitlines()
    said = [json.loads(line) for line in lines]

    assert "".join(each["response"] for each in said) == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
    assert [each["done"] for each in said] == [False] * (len(said) - 1) + [True]
    assert all("message" not in each for each in said)


@pytest.mark.parametrize("path", ["chat/completions", "responses"])
def test_the_lab_answers_where_groq_does(http, fast_lab, path):
    asked = {"model": "steady", "stream": True, "messages": [], "input": "Hi"}
    ours = http.post(f"{fast_lab.url}/v1/{path}", json=asked)
    groqs = http.post(f"{fast_lab.url}/openai/v1/{path}", json=asked)

    assert groqs.status_code == 200
    assert groqs.text == ours.text


def test_an_unknown_scenario_is_a_404_that_lists_them(http, lab):
    response = ask(http, lab, "burst")

    assert response.status_code == 404
    known = ", ".join(sorted((*lab.scenarios, *lab.faults)))
    assert message(response) == (
        f"no scenario 'burst'; there are: {known}. Did you mean 'bursty'?"
    )
    assert http.get(f"{lab.url}/sse/burst").json() == response.json()


BAD = {
    "not-json": (b"model=steady", "the request's body must be a JSON object"),
    "a-list": (b"[]", "the request's body must be a JSON object"),
    "bad-speed": (
        b'{"model": "steady", "speed": "fast"}',
        "speed must be from 0 to 1000000000, and 'fast' came. "
        "Send such a number, or leave it out.",
    ),
    "bad-seed": (b'{"model": "long", "stream": true, "seed": {}}', "seed must be from 0 to"),
    "bad-options": (
        b'{"model": "long", "stream": true, "stream_options": 1}',
        "stream_options",
    ),
}


@pytest.mark.parametrize(("body", "start"), BAD.values(), ids=BAD)
def test_a_bad_body_is_a_400_that_says_what_to_do(http, lab, body, start):
    response = http.post(f"{lab.base_url}/chat/completions", content=body)

    assert response.status_code == 400
    assert message(response).startswith(start)


def test_a_wrong_method_or_path_is_told_so(http, lab):
    wrong = http.get(f"{lab.base_url}/chat/completions")
    lost = http.post(f"{lab.url}/v2/nothing")
    old = http.get(f"{lab.url}/lab/log/none")

    assert (wrong.status_code, message(wrong)) == (405, "expected POST, and GET came.")
    assert (lost.status_code, message(lost)) == (
        404,
        "there is nothing at /v2/nothing; GET / describes the lab.",
    )
    assert old.status_code == 404


def test_what_is_not_http_is_refused_and_hung_up_on(lab):
    url = urlsplit(lab.url)
    with socket.create_connection((url.hostname, url.port), timeout=5) as sock:
        sock.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        received = b"".join(iter(lambda: sock.recv(65536), b""))

    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"expected an HTTP/1.1 request" in received


def test_a_bad_target_is_a_400(lab):
    url = urlsplit(lab.url)
    with socket.create_connection((url.hostname, url.port), timeout=5) as sock:
        sock.sendall(
            b"GET http://[bad HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
        received = b"".join(iter(lambda: sock.recv(65536), b""))

    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"expected a path such as /sse/steady" in received


def test_a_body_without_end_is_a_413(http, lab):
    response = http.post(f"{lab.base_url}/chat/completions", content=b" " * (17 << 20))

    assert response.status_code == 413


def test_a_parameter_out_of_range_is_refused(http, fast_lab):
    for bad in ({"silence_s": 1e300}, {"speed": -1}, {"seed": -1.5}, {"speed": 10**400}):
        assert ask(http, fast_lab, "silence", **bad).status_code == 400
    assert ask(http, fast_lab, "steady", speed=1e9, n_events=2, seed=2**70).status_code == 200


def test_a_head_request_gets_a_head_only(http, lab):
    response = http.head(lab.url)

    assert response.status_code == 200
    assert response.content == b""


def test_the_lab_listens_on_loopback_only(lab):
    port = int(lab.url.rpartition(":")[2])
    listening = map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
    hosts = {row[1].split(":")[0] for row in listening if row[1].endswith(f":{port:04X}")}

    assert hosts == {"0100007F"}
