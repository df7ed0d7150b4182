"""Each fault happens to an ordinary client."""

import socket

import httpx
import openai
import pytest

from tests.server.asking import ask, contents, raw_request
from tests.waiting import has_arrived, until

BEGUN = ["A", " stream", " is", " not", " a", " row", " of", " tokens", ".", " What", " your"]
"""The first eleven pieces: with the opening, the twelve writes before a break."""


def read_until_broken(response: httpx.Response) -> tuple[bytes, Exception]:
    """Return the bytes that arrived, and the client's error about the rest."""
    arrived: list[bytes] = []
    with pytest.raises(httpx.TransportError) as caught:
        list(map(arrived.append, response.iter_raw()))
    return b"".join(arrived), caught.value


def stream(http, lab, scenario, **body):
    body = {"model": scenario, "stream": True, **body}
    return http.stream("POST", f"{lab.base_url}/chat/completions", json=body)


STATUS = {"error-401": 401, "error-404": 404, "error-429": 429, "error-500": 500}


@pytest.mark.parametrize(("fault", "status"), STATUS.items(), ids=STATUS)
def test_a_refusal_is_an_error_in_json(http, fast_lab, fault, status):
    response = ask(http, fast_lab, fault)

    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.json()["error"].keys() == {"message", "type", "param", "code"}


def test_a_web_page_may_come_with_200(http, fast_lab):
    response = ask(http, fast_lab, "html")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text.startswith("<!doctype html>")


def test_a_completion_may_come_where_a_stream_was_asked_for(http, fast_lab):
    response = ask(http, fast_lab, "not-a-stream")

    assert response.headers["content-type"] == "application/json"
    assert response.json()["choices"][0]["message"]["content"].startswith("A stream is not")


def test_a_reset_comes_after_what_was_sent(http, fast_lab):
    with stream(http, fast_lab, "reset") as response:
        arrived, error = read_until_broken(response)

    assert isinstance(error, httpx.ReadError)
    assert contents(arrived.decode()) == BEGUN


def test_a_reset_is_a_reset_on_the_wire(fast_lab):
    with raw_request(fast_lab, "reset") as sock, pytest.raises(ConnectionResetError):
        list(iter(lambda: sock.recv(65536), b""))


def test_a_truncated_stream_closes_in_mid_event(http, fast_lab):
    with stream(http, fast_lab, "truncated") as response:
        arrived, error = read_until_broken(response)

    assert isinstance(error, httpx.RemoteProtocolError)
    assert not arrived.endswith(b"\n")
    assert arrived.count(b"\n\n") == 11


def test_an_early_end_is_no_error_to_http(http, fast_lab):
    text = ask(http, fast_lab, "early-end").text

    assert contents(text) == BEGUN
    assert '"finish_reason":"stop"' not in text
    assert "[DONE]" not in text


def test_an_error_in_the_stream_is_an_event(fast_lab):
    with openai.OpenAI(base_url=fast_lab.base_url, api_key="none") as client:
        events = client.chat.completions.create(
            model="error-in-stream", messages=[], stream=True
        )
        with pytest.raises(openai.APIError, match="The server had an error"):
            list(events)


def test_silence_between_events_outlasts_a_timeout(http, lab):
    with stream(http, lab, "silence", silence_s=30) as response:
        response.request.extensions["timeout"]["read"] = 0.3
        arrived, error = read_until_broken(response)

    assert isinstance(error, httpx.ReadTimeout)
    assert contents(arrived.decode()) == BEGUN


def test_silence_ends_when_it_was_short(http, fast_lab):
    assert len(contents(ask(http, fast_lab, "silence", silence_s=2).text)) == 40


def test_no_answer_is_nothing_at_all(fast_lab):
    with raw_request(fast_lab, "no-answer") as sock:
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_a_client_that_gives_up_on_no_answer_leaves_the_lab_in_peace(http, fast_lab):
    with raw_request(fast_lab, "no-answer") as sock:
        sock.shutdown(socket.SHUT_WR)
        until(lambda: has_arrived(sock))

    assert ask(http, fast_lab, "steady").status_code == 200


def test_crlf_ends_every_line(http, fast_lab):
    body = ask(http, fast_lab, "crlf").content

    assert body.count(b"\r\n") == body.count(b"\n") == 84 + 2


def test_faults_are_on_every_path(fast_lab, http):
    with http.stream("POST", f"{fast_lab.url}/sse/reset") as response:
        arrived, _ = read_until_broken(response)

    assert arrived.startswith(b"data: A\n\ndata:  stream\n\n")


def test_a_close_is_seen_by_the_client(fast_lab):
    """A close without HTTP's end is a FIN, not a reset."""
    with raw_request(fast_lab, "truncated") as sock:
        received = b"".join(iter(lambda: sock.recv(65536), b""))

        assert not received.endswith(b"0\r\n\r\n")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
