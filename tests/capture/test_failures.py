"""A failure is data: one sentence, and every byte that arrived."""

from __future__ import annotations

import _thread
import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

import streamlab as sl
from streamlab.errors import (
    FormatError,
    LabError,
    MissingKeyError,
    StreamFailedError,
    UnknownNameError,
    UsageError,
)
from streamlab.many import Lab
from tests.capture.test_record import both
from tests.waiting import AsyncReads, auntil, until

Record = Callable[..., sl.Recording]


@both
@pytest.mark.parametrize(
    ("fault", "how", "sentence"),
    [
        (
            "error-401",
            "eof",
            "the server answered HTTP 401 Unauthorized: Incorrect API key provided. "
            "Check the key.",
        ),
        (
            "error-429",
            "eof",
            "the server answered HTTP 429 Too Many Requests: Rate limit reached. "
            "Wait, or ask for less.",
        ),
        (
            "error-500",
            "eof",
            "the server answered HTTP 500 Internal Server Error: The server had an error. "
            "The rest of its answer is in the recording.",
        ),
        (
            "html",
            "eof",
            "the server answered with a web page, not with a stream. Check the URL.",
        ),
        (
            "not-a-stream",
            "eof",
            "the server answered with JSON in one piece, not with a stream. Ask it to stream.",
        ),
        (
            "error-in-stream",
            "eof",
            "the server sent an error in its stream: The server had an error.",
        ),
        (
            "early-end",
            "eof",
            "the stream ended without the API's terminal signal, so the answer may be "
            "cut short.",
        ),
    ],
)
def test_the_server_says_no(
    record: Record, fault: str, how: str, sentence: str, fast_lab: Lab
) -> None:
    rec = record(fast_lab.endpoint(fault), "hi")

    assert rec.end.how == how
    assert rec.problem == sentence
    assert sentence in str(rec)
    with pytest.raises(StreamFailedError) as caught:
        rec.raise_for_status()
    assert str(caught.value) == sentence
    assert b"".join(rec.reads["raw"]) == rec.body != b""


@both
def test_an_unknown_model_is_a_404_that_names_what_there_is(
    record: Record, fast_lab: Lab
) -> None:
    rec = record(sl.openai("stedy", base_url=fast_lab.base_url), "hi")

    assert rec.meta["status"] == 404
    assert rec.problem is not None
    assert "steady" in rec.problem


@both
def test_a_reset_in_mid_stream_keeps_what_arrived(record: Record, fast_lab: Lab) -> None:
    rec = record(fast_lab.endpoint("reset"), "hi")

    assert rec.end.how == "reset"
    assert len(rec.events) == 12
    # On a busy machine all may have come in one read.
    kept = "1 read, which is" if len(rec.tape) == 1 else f"{len(rec.tape)} reads, which are"
    assert rec.problem == (
        f"the stream broke off after {kept} kept: "
        "ReadError: [Errno 104] Connection reset by peer."
    )


@both
def test_a_timeout_between_events_keeps_what_arrived(record: Record, fast_lab: Lab) -> None:
    rec = record(fast_lab.endpoint("silence"), "hi", silence_s=600, timeout=0.3)

    assert rec.end.how == "timeout"
    assert len(rec.events) == 12
    assert (rec.end.t_ns - rec.reads["seen_ns"].iloc[-1]) / 1e9 >= 0.299


@both
def test_a_server_that_never_answers_times_out(record: Record, fast_lab: Lab) -> None:
    rec = record(fast_lab.endpoint("no-answer"), "hi", timeout=0.3)

    assert (rec.end.how, len(rec.tape)) == ("timeout", 0)


@both
def test_a_refused_connection_is_a_recording(record: Record) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/v1"
        rec = record(sl.openai("m", base_url=url), "hi")

    assert rec.end.how == "connect"
    assert rec.problem == (
        f"no connection to {url.split('/')[2]}: ConnectError: [Errno 111] Connection refused. "
        "Start the server, or check the URL."
    )
    assert rec.lines.empty


@both
def test_an_unknown_host_is_a_recording(record: Record) -> None:
    rec = record(sl.openai("m", base_url="http://nowhere.invalid/v1"), "hi")

    assert rec.end.how == "connect"
    assert rec.problem is not None
    assert rec.problem.startswith("no connection to nowhere.invalid: ConnectError: ")


INTERRUPTED = """
import sys, streamlab as sl
ep = sl.openai("silence", base_url=sys.argv[1])
print("ready", flush=True)
try:
    sl.record(ep, "hi", silence_s=600, save=sys.argv[2])
except KeyboardInterrupt:
    rec = sl.last
    print(rec.end.how, len(rec.events), len(rec.body), flush=True)
"""


def test_ctrl_c_keeps_what_arrived(fast_lab: Lab, tmp_path: Path) -> None:
    """A real SIGINT to a real process, in the silence after the 12th event."""
    path = tmp_path / "a.jsonl"
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, fast_lab.base_url, str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    until(lambda: path.exists() and path.stat().st_size and len(sl.load(path).events) == 12)

    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=20)

    rec = sl.load(path)
    assert said.split() == ["interrupted", "12", str(len(rec.body))]
    assert (rec.end.how, len(rec.events)) == ("interrupted", 12)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_loses_no_byte_wherever_it_strikes(fast_lab: Lab) -> None:
    """Interrupted at every read in turn, the tape holds all that the kernel had by then."""
    endpoint = fast_lab.endpoint("silence")
    for strike in range(1, 12, 3):
        with pytest.raises(KeyboardInterrupt), sl.stream(endpoint, "hi") as s:
            for n, _ in enumerate(s.iter_raw(), start=1):
                had = len(s.recorder.body)
                if n == strike:
                    _thread.interrupt_main()

        assert s.recording.end.how == "interrupted"
        assert len(s.recording.body) >= had


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> AsyncReads:
    """The reads of this test's async connections."""
    return AsyncReads.watched(monkeypatch)


def record_a_silence(lab: Lab) -> Awaitable[sl.Recording]:
    """Record twelve events, after which no byte comes for half a minute."""
    return sl.arecord(lab.endpoint("silence"), "hi", silence_s=600)


def n_events(data: bytes) -> int:
    return data.count(b"data: ")


def test_a_cancellation_keeps_what_arrived(fast_lab: Lab, reads: AsyncReads) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(record_a_silence(fast_lab))
        await auntil(lambda: n_events(reads.returned) == 12)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())

    assert sl.last is not None
    assert (sl.last.end.how, len(sl.last.events)) == ("cancelled", 12)


def test_a_cancellation_keeps_what_a_blocked_loop_had_not_seen(
    fast_lab: Lab, reads: AsyncReads
) -> None:
    """The bytes are in the kernel, the loop has not looked yet, the task is cancelled."""

    async def main() -> None:
        task = asyncio.ensure_future(record_a_silence(fast_lab))
        await auntil(lambda: reads.sockets)
        until(lambda: n_events(reads.arrived()) == 12)  # blocks the loop
        assert n_events(reads.returned) < 12
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())

    assert sl.last is not None
    assert (sl.last.end.how, len(sl.last.events)) == ("cancelled", 12)


def test_a_timeout_of_asyncio_cancels_and_keeps(fast_lab: Lab, reads: AsyncReads) -> None:
    async def expire(limit: asyncio.Timeout) -> None:
        await auntil(lambda: n_events(reads.returned) == 12)
        limit.reschedule(0)

    async def main() -> None:
        async with asyncio.timeout(None) as limit:
            expiry = asyncio.create_task(expire(limit))
            await record_a_silence(fast_lab)
        await expiry

    with pytest.raises(TimeoutError):
        asyncio.run(main())

    assert sl.last is not None
    assert (sl.last.end.how, len(sl.last.events)) == ("cancelled", 12)


def test_a_missing_key_is_said_at_once() -> None:
    with pytest.raises(MissingKeyError) as caught:
        sl.openai("gpt-4o-mini")

    assert str(caught.value) == (
        "OpenAI needs a key and OPENAI_API_KEY is not set. Set OPENAI_API_KEY, pass "
        "api_key=…, or stream from the lab: sl.serve().endpoint()."
    )


def test_an_unknown_scenario_names_the_nearest(fast_lab: Lab) -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'steady'\?$"):
        fast_lab.endpoint("stedy")


def test_an_unknown_dialect_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'openai_chat'\?$"):
        sl.endpoint("http://127.0.0.1/", dialect="openai_chats")


@pytest.mark.parametrize("url", ["127.0.0.1/v1", "ftp://host/", "http://", ""])
def test_a_url_that_is_none_is_misuse(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        sl.endpoint(url)

    assert str(caught.value) == (
        f"an endpoint needs a URL such as https://api.openai.com/v1, not {url!r}. "
        "Start it with http:// or https:// and name a host."
    )


def test_a_prompt_without_a_place_is_misuse() -> None:
    with pytest.raises(UsageError) as caught:
        sl.record(sl.endpoint("http://127.0.0.1:1/sse/steady"), "hi")

    assert str(caught.value) == (
        "a prompt needs a dialect with a place for it, and "
        "Endpoint('http://127.0.0.1:1/sse/steady', dialect='auto') has none. "
        'Pass dialect="openai_chat", say, or the whole body as json=….'
    )


def test_a_file_that_is_no_recording_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello\n")

    with pytest.raises(FormatError):
        sl.load(path)
    with pytest.raises(FileNotFoundError):
        sl.load(tmp_path / "nothing.jsonl")


def test_an_ending_that_is_no_format_is_misuse(fast_lab: Lab, tmp_path: Path) -> None:
    rec = sl.record(fast_lab.endpoint("steady"), "hi")

    with pytest.raises(UsageError) as caught:
        rec.save(tmp_path / "a.zip")

    assert str(caught.value) == (
        "no format of files that end in '.zip'; there are: .jsonl, .ndjson, .parquet, .sse, "
        ".trace.json. Choose one of them."
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_said_so(taken_port: int) -> None:
    with pytest.raises(LabError, match=str(taken_port)):
        sl.serve(port=taken_port)
