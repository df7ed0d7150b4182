"""Silence in bytes, silence in deltas, the whole request, and a body that is left open."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

import streamlab as sl
from streamlab.capture import limits
from streamlab.capture.limits import LEFT_OPEN_S, Limits
from streamlab.capture.options import RequestOptions
from streamlab.capture.session import Session
from streamlab.errors import UsageError
from streamlab.tape import How, Stamp
from streamlab.testing import ManualClock
from tests.capture.test_record import Record, both, record_async
from tests.cli.prompt import piped
from tests.net.relays import Authority, serving

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
CLOSED = HEAD + b"connection: close\r\n\r\n"


def chunk(text: str | None = None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


WORDS = [chunk("one"), chunk(" two"), chunk(" three")]
LAST = [*WORDS, chunk(finish="stop"), b"data: [DONE]\n\n"]


@contextmanager
def playing(
    pieces: list[bytes], then: bytes = b"", head: bytes = CHUNKED, tls: object = None
) -> Iterator[str]:
    """Send an answer, then `then` every 100 ms, and never close; yield the base URL."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def framed(piece: bytes) -> bytes:
            return b"%x\r\n%b\r\n" % (len(piece), piece) if head is CHUNKED else piece

        request = await reader.readuntil(b"\r\n\r\n")
        size = next(
            int(line[15:])
            for line in request.lower().split(b"\r\n")
            if line[:15] == b"content-length:"
        )
        await reader.readexactly(size)
        if head:
            writer.write(head)
        for piece in pieces:
            await asyncio.sleep(0.01)
            writer.write(framed(piece))
        while True:
            await asyncio.sleep(0.1)
            if then:
                writer.write(framed(then))
                await writer.drain()

    with serving(handle, tls) as port:  # type: ignore[arg-type]
        yield f"{'https' if tls else 'http'}://localhost:{port}/v1"


def at_once(calls: Iterable[Callable[[], sl.Recording]]) -> list[sl.Recording]:
    """Record in a thread each: the streams wait beside each other."""
    with ThreadPoolExecutor() as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def took_s(rec: sl.Recording) -> float:
    return (rec.end.t_ns - rec.tape.marks["called"]) / 1e9


@pytest.mark.parametrize(
    ("record", "head", "then"),
    [(sl.record, CHUNKED, b""), (record_async, CLOSED, b": keepalive\n\n")],
    ids=["sync", "async"],
)
def test_a_body_left_open_after_the_last_word_is_waited_for_a_second(
    record: Record, head: bytes, then: bytes
) -> None:
    with playing(LAST, then, head) as url:
        rec = record(sl.openai("m", base_url=url), "hi", timeout=30)

    assert (rec.end.how, rec.problem, rec.complete) == ("left_open", None, True)
    assert rec.text == "one two three"
    assert LEFT_OPEN_S <= took_s(rec) < LEFT_OPEN_S + 0.5
    assert rec.summary["n_stalls"] == 0


def test_a_silence_after_the_last_word_is_no_timeout() -> None:
    with playing(LAST) as url:
        rec = sl.record(sl.openai("m", base_url=url), "hi", timeout=0.2)

    assert (rec.end.how, rec.problem) == ("left_open", None)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for the end of a body after its last word; two tests wait as long as users."""
    monkeypatch.setattr(limits, "LEFT_OPEN_S", 0.2)


@pytest.mark.usefixtures("impatient")
def test_done_is_a_last_word_also_without_a_finish_reason() -> None:
    with playing([*WORDS, b"data: [DONE]\n\n"]) as url:
        rec = sl.record(sl.openai("m", base_url=url), "hi", timeout=30)

    assert (rec.end.how, rec.complete) == ("left_open", False)
    assert "terminal signal" in str(rec.problem)


@pytest.mark.usefixtures("impatient")
def test_an_error_is_a_last_word_too() -> None:
    with playing([*WORDS, b'data: {"error": {"message": "no more"}}\n\n'], b": x\n\n") as url:
        rec = sl.record(sl.openai("m", base_url=url), "hi", timeout=30)

    assert rec.end.how == "left_open"
    assert rec.problem == "the server sent an error in its stream: no more."


@pytest.mark.parametrize(
    ("record", "then"),
    [
        (sl.record, b": keepalive\n\n"),
        (record_async, b"event: ping\ndata: {}\n\n"),
        (sl.record, chunk("")),
        (record_async, b"data: {"),
    ],
)
def test_a_stall_is_silence_in_deltas_whatever_else_comes(record: Record, then: bytes) -> None:
    with playing(WORDS, then) as url:
        rec = record(sl.openai("m", base_url=url), "hi", stall_timeout_s=0.4)

    assert (rec.end.how, rec.text, rec.complete) == ("timeout", "one two three", False)
    assert "stall_timeout_s" in rec.end.detail
    assert "no delta came for 0.4 s, the limit of stall_timeout_s=" in str(rec.problem)
    assert 0.4 <= took_s(rec) < 0.9
    assert rec.summary["n_stalls"] == 1
    assert rec.summary["stalled_ms"] == pytest.approx(400, abs=100)


@both
def test_a_stall_before_the_first_delta_and_before_the_head_is_one(record: Record) -> None:
    with playing([], b": wait\n\n") as url, playing([], head=b"") as silent:
        recs = at_once(
            partial(record, sl.openai("m", base_url=base), "hi", stall_timeout_s=0.3)
            for base in (url, silent)
        )

    for rec in recs:
        assert (rec.end.how, rec.text) == ("timeout", "")
        assert "stall_timeout_s" in rec.end.detail


@both
def test_the_deadline_ends_a_stream_that_goes_on(record: Record) -> None:
    with playing(WORDS, chunk(" and")) as url:
        rec = record(sl.openai("m", base_url=url), "hi", deadline_s=0.5, stall_timeout_s=0.4)

    assert (rec.end.how, rec.complete) == ("timeout", False)
    assert rec.text.startswith("one two three and and")
    assert "the answer took longer than 0.5 s, the limit of deadline_s=" in str(rec.problem)
    assert 0.5 <= took_s(rec) < 0.8


@both
def test_the_timeout_is_silence_in_bytes_and_its_detail_names_it(record: Record) -> None:
    with playing(WORDS) as url, playing(WORDS, b": x\n\n") as alive:
        silent, busy = at_once(
            [
                partial(record, sl.openai("m", base_url=url), "hi", timeout=0.3),
                partial(
                    record, sl.openai("m", base_url=alive), "hi", timeout=0.3, deadline_s=0.6
                ),
            ]
        )

    assert silent.end.how == busy.end.how == "timeout"
    assert silent.end.detail == "ReadTimeout: no byte came for 0.3 s, the limit of timeout="
    assert "deadline_s" in busy.end.detail
    assert silent.summary["n_stalls"] == 1


@both
def test_the_deadline_counts_while_connecting(record: Record) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        for _ in range(3):  # Linux answers no further SYN
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        rec = record(sl.openai("m", base_url=url), "hi", deadline_s=0.3)

    assert rec.end.how == "timeout"
    assert "deadline_s" in rec.end.detail
    assert took_s(rec) < 0.8


def test_a_stall_ends_a_stream_over_tls() -> None:
    authority = Authority()
    with playing(WORDS, b": x\n\n", tls=authority.server_context()) as url:
        endpoint = sl.openai("m", base_url=url, verify=authority.client_context())
        rec = sl.record(endpoint, "hi", stall_timeout_s=0.3)

    assert (rec.end.how, rec.text) == ("timeout", "one two three")


@pytest.mark.usefixtures("impatient")
def test_the_limits_hold_in_a_client_of_the_users() -> None:
    with playing(WORDS, b": x\n\n") as url, httpx.Client(timeout=30) as client:
        endpoint = sl.openai("m", base_url=url)
        stalled = sl.record(endpoint, "hi", client=client, stall_timeout_s=0.3)
        late = sl.record(endpoint, "hi", client=client, deadline_s=0.3)
    with playing(LAST) as url, httpx.Client(timeout=30) as client:
        left = sl.record(sl.openai("m", base_url=url), "hi", client=client)

    assert [rec.end.how for rec in (stalled, late, left)] == ["timeout", "timeout", "left_open"]


@pytest.mark.parametrize("mode", ["sync", "async", "watch", "command --async"])
def test_every_way_to_stream_takes_the_limits(mode: str, tmp_path: Path) -> None:
    with playing(WORDS, b": x\n\n") as url:
        if mode.startswith("command"):
            arguments = ["record", "--base-url", url, "-m", "m", "hi", *mode.split()[1:]]
            done = piped(*arguments, "--stall-timeout", "0.3", cwd=tmp_path)
            assert done.code == 1
            assert "the limit of stall_timeout_s=" in done.err
            return
        rec = ways()[mode](sl.openai("m", base_url=url))
    assert (rec.end.how, rec.text) == ("timeout", "one two three")
    assert "stall_timeout_s" in rec.end.detail


def ways() -> dict[str, Callable[[object], sl.Recording]]:
    def sync(endpoint: object) -> sl.Recording:
        with sl.stream(endpoint, "hi", stall_timeout_s=0.3) as s:  # type: ignore[arg-type]
            assert "".join(delta.text for delta in s if delta.kind == "content")
        return s.recording

    async def streamed(endpoint: object) -> sl.Recording:
        async with sl.stream(endpoint, "hi", stall_timeout_s=0.3) as s:  # type: ignore[arg-type]
            async for _ in s:
                pass
        return s.recording

    return {
        "sync": sync,
        "async": lambda endpoint: asyncio.run(streamed(endpoint)),
        "watch": lambda endpoint: sl.watch(
            endpoint,
            "hi",
            stall_timeout_s=0.3,
        ).wait(),
    }


@pytest.mark.parametrize("sleep_s", [0.6])
def test_a_slow_loop_is_no_stall_of_the_server(sleep_s: float) -> None:
    """The server goes on meanwhile: what it sends waits in the kernel, unread."""
    with playing(WORDS, chunk(" and")) as url:
        endpoint = sl.openai("m", base_url=url)
        with sl.stream(endpoint, "hi", stall_timeout_s=0.3, deadline_s=1.2) as s:
            for _ in s:
                time.sleep(sleep_s)
                sleep_s = 0
    assert "deadline_s" in s.recording.end.detail


@pytest.mark.parametrize("name", ["stall_timeout_s", "deadline_s"])
@pytest.mark.parametrize("value", [0, -1, "5", True, float("nan")])
def test_a_limit_is_a_number_above_0(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"{name} is a number of seconds above 0, not"):
        sl.record(sl.endpoint("http://127.0.0.1:1/"), **{name: value})  # type: ignore[arg-type]


class Bench:
    """A request on a manual clock."""

    def __init__(self, dialect: str = "openai_chat", **limits: float) -> None:
        self.clock = ManualClock()
        self.session = Session(dialect=dialect, clock=self.clock)
        self.session.called()
        self.stopped: list[How] = []
        self.unread = False
        self.limits = Limits(
            RequestOptions(sl.endpoint("http://h/", dialect=dialect), **limits),  # type: ignore[arg-type]
            self.session,
            lambda how, detail: self.stopped.append(how),
            lambda: self.unread,
        )

    def after(self, seconds: float, data: bytes = b"") -> list[How]:
        self.clock.advance_ms(seconds * 1e3)
        if data:
            self.session.recorder.append(data, Stamp(self.clock(), self.clock()))
        self.limits.look()
        return self.stopped


def test_a_report_of_usage_after_the_finish_is_waited_for_anew() -> None:
    bench = Bench()
    bench.after(1, b"".join(WORDS) + chunk(finish="stop"))
    assert bench.after(0.9, b'data: {"choices": [], "usage": {"prompt_tokens": 1}}\n\n') == []
    assert bench.after(0.9) == []
    assert bench.after(0.2) == ["left_open"]


def test_one_of_several_answers_may_end_before_the_next_begins() -> None:
    bench = Bench()
    bench.session.recorder.meta["request"] = {"n": 2}
    bench.after(1, b"".join(WORDS) + chunk(finish="stop"))
    assert bench.after(5) == []
    bench.after(1, b"data: [DONE]\n\n")
    assert bench.after(1.1) == ["left_open"]


def test_bytes_that_wait_unread_are_no_silence() -> None:
    bench = Bench(stall_timeout_s=2, deadline_s=20)
    bench.after(1, WORDS[0])
    bench.unread = True
    assert bench.after(5) == []
    bench.unread = False
    assert bench.after(0.1) == ["timeout"]


def test_a_stream_without_an_end_of_its_own_is_never_left_open() -> None:
    bench = Bench("sse")
    assert bench.after(1, b"data: 1\n\ndata: [DONE]\n\n") == []
    assert bench.after(100) == []
