"""Clients that the lab did not ask for: other sites, and those that take without end."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from streamlab.server import Lab
from streamlab.server import lab as lab_module
from streamlab.server.connection import IDLE_S, REQUEST_S, UNREAD_S, Connection
from streamlab.server.lab import address_of, listen, scenarios_of, serve_on
from streamlab.server.loop import Loop
from streamlab.server.response import Request
from streamlab.server.routes import Site
from tests.waiting import until

GOOD = ["127.0.0.1", "localhost", "LOCALHOST:80", "[::1]:8080", "127.9.9.9:1", "a.localhost:5"]
BAD = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil",
    "10.0.0.1",
    "[::2]",
    "x:1",
    "::",
]


@pytest.mark.parametrize("host", GOOD)
def test_a_loopback_name_is_answered(host: str, lab: Lab, http: httpx.Client) -> None:
    assert http.get(f"{lab.url}/v1/models", headers={"host": host}).status_code == 200
    origin = f"http://{host}"
    found = http.get(f"{lab.url}/v1/models", headers={"origin": origin})
    assert found.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_another_name_is_refused(name: str, method: str, lab: Lab, http: httpx.Client) -> None:
    for headers in ({"host": name}, {"origin": f"https://{name}"}, {"origin": name}):
        found = http.request(method, f"{lab.url}/v1/models", headers=headers)
        assert found.status_code == 403
        assert "access-control-allow-origin" not in found.headers
        assert "names such as 127.0.0.1" in found.json()["error"]["message"]
    assert http.get(f"{lab.url}/", headers={"origin": "null"}).status_code == 403


def test_a_page_of_this_machine_may_ask_first(lab: Lab, http: httpx.Client) -> None:
    headers = {
        "origin": "http://localhost:8888",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, authorization, x-stainless-os",
    }
    found = http.options(f"{lab.base_url}/chat/completions", headers=headers)

    assert found.status_code == 200
    assert found.headers["access-control-allow-origin"] == "http://localhost:8888"
    allowed = found.headers["access-control-allow-headers"]
    assert allowed == headers["access-control-request-headers"]


@pytest.mark.parametrize("depth", [900, 5_000, 500_000])
@pytest.mark.parametrize("field", ["x", "seed", "step_ms", "stream_options", "messages"])
def test_deep_json_is_a_bad_request(
    depth: int, field: str, lab: Lab, http: httpx.Client
) -> None:
    text = f'{{"model": "steady", "speed": 100, "{field}": {"[" * depth}{"]" * depth}}}'
    found = http.post(f"{lab.base_url}/chat/completions", content=text)

    assert found.status_code == 400 or depth == 900
    assert isinstance(json.loads(found.text), dict)


class Counting(Loop):
    """Counts its rounds."""

    n_rounds = 0

    def _sleep(self) -> bool:
        self.n_rounds += 1
        return super()._sleep()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Counting, int]]:
    """Yield the loop and the port of a lab in a thread, for at most two connections."""
    monkeypatch.setattr(lab_module, "MOST_CONNECTIONS", 2)
    sock, loop = listen(0), Counting()
    port = sock.getsockname()[1]
    site = Site(scenarios_of({}), address_of(sock), 1.0)
    thread = threading.Thread(target=serve_on, args=(sock, site, loop))
    thread.start()
    yield loop, port
    loop.stop()
    thread.join()


def test_connections_beyond_the_cap_wait_and_the_loop_does_not_spin(
    served: tuple[Counting, int],
) -> None:
    loop, port = served
    ask = b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n"
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    for client in clients:
        client.sendall(ask)
    for client in clients[:2]:
        assert client.recv(12) == b"HTTP/1.1 200"
    n_before = loop.n_rounds
    time.sleep(1.2)  # the number of rounds in this time is what is tested
    assert loop.n_rounds - n_before < 20

    for n, client in enumerate(clients[2:]):
        clients[n].close()
        assert client.recv(12) == b"HTTP/1.1 200"
    for client in clients:
        client.close()


def opened() -> tuple[Connection, socket.socket, Loop]:
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    loop = Loop()
    site = Site(scenarios_of({}), "127.0.0.1:1", 1.0)
    made = Connection(listener.accept()[0], loop, site)
    listener.close()
    return made, client, loop


def turn(loop: Loop) -> None:
    loop._serve()
    for _ in range(500):  # of a stream that is behind, each round makes one write
        loop._fire()


ASK = b"GET /sse/%s HTTP/1.1\r\nhost: localhost\r\n\r\n"
MANY = b'{"model": "steady", "stream": true, "n_events": 100000, "step_ms": 0, "speed": 1e6}'
STUCK = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "limit_s", "ready"),
    [
        (b"", IDLE_S, lambda made: True),
        (b"GET / HT", REQUEST_S, lambda made: made._is_asking),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n1", REQUEST_S,
         lambda made: made._is_asking),
        (b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n", IDLE_S,
         lambda made: made._request is not None and made._sender is None),
        (STUCK % len(MANY) + MANY, UNREAD_S, lambda made: made._writable is not None),
        (ASK % b"no-answer", None, lambda made: made._sender is not None),
    ],
    ids=["idle", "head", "body", "between", "unread", "waits for the lab"],
)  # fmt: skip
def test_a_client_that_takes_too_long_is_closed(sent, limit_s, ready) -> None:
    made, client, loop = opened()
    client.sendall(sent)
    until(lambda: turn(loop) or ready(made))
    now_ns = loop.clock()

    if limit_s is None:
        assert made.look(now_ns + 10**15)
    else:
        assert made.look(now_ns + (limit_s - 5) * 10**9)
        assert not made.look(now_ns + (limit_s + 1) * 10**9)
    client.close()
    loop.close()


def test_bytes_of_a_slow_head_give_no_more_time() -> None:
    made, client, loop = opened()
    client.sendall(b"GET / HTTP/1.1\r\n")
    until(lambda: turn(loop) or made._is_asking)
    began_ns = made._since_ns
    client.sendall(b"x: y\r\n")
    until(lambda: turn(loop) or b"x: y" in bytes(made._http._receive_buffer))

    assert made._since_ns == began_ns
    client.close()
    loop.close()


@pytest.mark.parametrize("name", ["long", "steady", "bursty", "stall", "slow-first-token"])
@pytest.mark.parametrize("dialect", ["openai_chat", "sse", "anthropic"])
def test_the_events_of_a_long_scenario_are_made_as_they_are_sent(
    name: str, dialect: str
) -> None:
    scenario = scenarios_of({})[name]

    def begin(n: int) -> float:
        began = time.process_time()
        body: dict[str, object] = {"n_events": n, "seed": n}
        response = scenario.respond(Request(name, dialect, True, body))
        assert len(list(itertools.islice(response.writes, 20))) == 20
        return time.process_time() - began

    begin(200)
    assert min(begin(100_000 - i) for i in range(3)) < 0.02


def test_a_stream_that_is_behind_waits_for_those_on_time() -> None:
    loop, seen = Loop(), list[str]()
    late_ns = loop.clock() - 10_000_000

    def behind() -> None:
        seen.append("behind")
        time.sleep(0.001)
        if len(seen) < 60:
            loop.at(late_ns, behind)

    for _ in range(20):
        loop.at(late_ns, behind)
    loop.at(loop.clock() + 3_000_000, lambda: seen.append("on time"))
    while len(seen) < 40:
        loop._fire()

    assert seen.index("on time") < 12
    loop.close()
