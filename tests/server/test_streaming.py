"""Real clients stream from the lab: curl, httpx, the openai SDK."""

import asyncio
import json
import re
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import httpx
import openai
import pytest

from tests.server.asking import TRANSCRIPT, ask, contents, log_of, raw_request
from tests.waiting import bytes_waiting, until

COUNTED = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"


def curl(*arguments: str) -> bytes:
    assert shutil.which("curl"), "these tests need curl"
    return subprocess.run(["curl", "-sS", *arguments], capture_output=True, check=True).stdout


def test_curl_gets_the_transcript_byte_for_byte(fast_lab):
    body = '{"model": "count-to-ten", "stream": true}'

    assert (
        curl("-N", f"{fast_lab.base_url}/chat/completions", "-d", body)
        == TRANSCRIPT.read_bytes()
    )
    assert len(TRANSCRIPT.read_bytes()) == 7957


def test_curl_speaks_http_1_0_too(fast_lab):
    assert curl("-0", f"{fast_lab.url}/sse/count-to-ten") == TRANSCRIPT.read_bytes()


def test_a_client_may_wait_for_100_continue(fast_lab):
    body = json.dumps({"model": "steady", "stream": True, "padding": "x" * 5000})
    url = f"{fast_lab.base_url}/chat/completions"

    answer = curl("-v", "-H", "Expect: 100-continue", url, "-d", body)

    assert answer.endswith(b"data: [DONE]\n\n")


def test_the_openai_sdk_streams(fast_lab):
    with openai.OpenAI(base_url=fast_lab.base_url, api_key="none") as client:
        stream = client.chat.completions.create(
            model="count-to-ten", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert text == COUNTED


def test_the_openai_sdk_streams_legacy_completions(fast_lab):
    with openai.OpenAI(base_url=fast_lab.base_url, api_key="none") as client:
        ask = {"model": "count-to-ten", "prompt": "Hi"}
        stream = client.completions.create(**ask, stream=True)
        text = "".join(chunk.choices[0].text for chunk in stream)

        assert text == client.completions.create(**ask).choices[0].text == COUNTED


def test_the_async_openai_sdk_streams(fast_lab):
    async def main() -> str:
        async with openai.AsyncOpenAI(base_url=fast_lab.base_url, api_key="none") as client:
            stream = await client.chat.completions.create(
                model="bursty",
                messages=[],
                stream=True,
                stream_options={"include_usage": True},
            )
            chunks = [chunk async for chunk in stream]
        pieces = [c.choices[0].delta.content for c in chunks if c.choices]
        assert chunks[-1].usage.completion_tokens == len([p for p in pieces if p])
        return "".join(piece or "" for piece in pieces)

    assert asyncio.run(main()).startswith("A stream is not a row of tokens.")


def test_the_openai_sdk_gets_a_completion_that_is_no_stream(fast_lab):
    with openai.OpenAI(base_url=fast_lab.base_url, api_key="none") as client:
        answer = client.chat.completions.create(model="count-to-ten", messages=[])
        names = [model.id for model in client.models.list()]

    assert answer.choices[0].message.content == COUNTED
    assert answer.usage.completion_tokens == 28
    assert "count-to-ten" in names


def test_the_openai_sdk_raises_its_own_errors(fast_lab):
    with openai.OpenAI(base_url=fast_lab.base_url, api_key="none", max_retries=0) as client:
        create = client.chat.completions.create
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided"):
            create(model="error-401", messages=[], stream=True)
        with pytest.raises(openai.RateLimitError) as caught:
            create(model="error-429", messages=[], stream=True)
        with pytest.raises(openai.NotFoundError, match="Did you mean 'steady'"):
            create(model="staedy", messages=[], stream=True)

    assert caught.value.response.headers["retry-after"] == "2"


def test_the_log_reaches_the_end_of_the_body(http, fast_lab):
    response = ask(http, fast_lab, "bursty")
    log = log_of(http, fast_lab, response)

    assert log["scenario"] == "bursty"
    assert log["done"] is True
    assert log["sent"][-1][0] == log["due"][-1][0] == len(response.content)
    assert len(log["sent"]) == 16  # the opening, 14 bursts, the closing
    assert [t for _, t in log["sent"]] == sorted(t for _, t in log["sent"])
    assert all(sent[1] >= due[1] for sent, due in zip(log["sent"], log["due"], strict=True))


def test_one_write_is_one_http_chunk(fast_lab, http):
    log = None
    with http.stream("POST", f"{fast_lab.url}/sse/bursty") as response:
        chunks = list(response.iter_raw())
    log = log_of(http, fast_lab, response)
    edges = [0, *(end for end, _ in log["sent"])]

    body = b"".join(chunks)
    pieces = [body[a:b] for a, b in pairwise(edges)]
    assert all(piece.startswith(b"data: ") and piece.endswith(b"\n\n") for piece in pieces)
    assert max(piece.count(b"\n\n") for piece in pieces) > 1


def test_a_connection_is_kept_for_the_next_request(fast_lab):
    with httpx.Client(trust_env=False) as client:
        ports = set()
        for _ in range(3):
            response = ask(client, fast_lab, "steady")
            ports.add(response.extensions["network_stream"].get_extra_info("client_addr"))

    assert len(ports) == 1


def test_two_labs_stream_side_by_side(http, lab, fast_lab):
    slow, fast = ask(http, lab, "steady", n_events=3), ask(http, fast_lab, "steady", n_events=3)
    of_slow, of_fast = log_of(http, lab, slow)["due"], log_of(http, fast_lab, fast)["due"]

    assert slow.content == fast.content
    assert of_slow[-1][1] - of_slow[0][1] == 20 * (of_fast[-1][1] - of_fast[0][1])


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(http, fast_lab):
    one, again, other = (ask(http, fast_lab, "bursty", seed=seed) for seed in (1, 1, 2))

    assert one.content == again.content != other.content


def test_speed_may_be_asked_for_in_the_query(http, fast_lab):
    response = http.get(f"{fast_lab.url}/sse/steady?speed=2")
    due_ns = [at_ns for _, at_ns in log_of(http, fast_lab, response)["due"]]

    assert {b - a for a, b in pairwise(due_ns)} == {20_000_000 / 40}


def test_fifty_streams_at_once_are_all_whole(lab):
    client = httpx.Client(timeout=20, limits=httpx.Limits(), trust_env=False)
    with client, ThreadPoolExecutor(50) as pool:
        bodies = list(pool.map(lambda _: ask(client, lab, "count-to-ten").content, range(50)))

    assert bodies == [TRANSCRIPT.read_bytes()] * 50


def test_a_client_that_leaves_hurts_no_other(http, lab):
    leaving = [raw_request(lab, "long") for _ in range(5)]
    with ThreadPoolExecutor(1) as pool:
        staying = pool.submit(ask, http, lab, "count-to-ten")
        for sock in leaving:
            assert sock.recv(100)
            sock.close()

    assert staying.result().content == TRANSCRIPT.read_bytes()
    assert lab.alive


def test_a_client_that_does_not_read_hurts_no_other(http, lab):
    """Only the client's own stream waits; the client gets every byte once it reads."""
    slow = raw_request(lab, "steady", n_events=30_000, step_ms=0)
    until(lambda: bytes_waiting(slow))

    response = ask(http, lab, "steady")
    log = log_of(http, lab, response)
    head = slow.recv(1_000, socket.MSG_PEEK)
    stream = re.search(rb"x-streamlab-stream: (\d+)", head)[1].decode()
    assert not http.get(f"{lab.url}/lab/log/{stream}").json()["done"]
    late_ms = sorted((s[1] - d[1]) / 1e6 for s, d in zip(log["sent"], log["due"], strict=True))

    assert late_ms[len(late_ms) // 2] < 50
    assert len(contents(response.text)) == 40
    received = bytearray()
    while not received.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n"):
        received += slow.recv(1 << 20)
    slow.close()
    assert received.count(b'"content":') == 30_001


def test_pipelined_requests_are_answered_in_order(fast_lab):
    sock = raw_request(fast_lab, "count-to-ten")
    sock.sendall(
        b"GET /sse/steady?n_events=1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    received = b"".join(iter(lambda: sock.recv(65536), b""))
    sock.close()

    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b"[DONE]") < received.index(b"data: A\n\n")


def test_threads_may_ask_for_logs_while_streams_run(http, fast_lab):
    responses = [ask(http, fast_lab, "steady") for _ in range(3)]
    logs: list[bool] = []
    threads = [
        threading.Thread(target=lambda r=r: logs.append(log_of(http, fast_lab, r)["done"]))
        for r in responses
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert logs == [True] * 3
