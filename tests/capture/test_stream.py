"""A stream in the user's own loop, and in the background."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

import httpx
import pytest

import streamlab as sl
from streamlab.errors import UsageError, WrongLoopError
from streamlab.many import Lab
from tests.waiting import until


def test_deltas_come_through_and_are_recorded(fast_lab: Lab) -> None:
    with sl.stream(fast_lab.endpoint("count-to-ten"), "hi", temperature=0) as s:
        text = "".join(delta.text for delta in s if delta.kind == "content")

    assert text == s.recording.text == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
    assert s.recording is sl.last
    assert s.recording.complete


def test_async_deltas_come_through_and_are_recorded(fast_lab: Lab) -> None:
    async def main() -> tuple[str, sl.Recording]:
        async with sl.stream(fast_lab.endpoint("count-to-ten"), "hi") as s:
            text = "".join([delta.text async for delta in s if delta.kind == "content"])
        return text, s.recording

    text, rec = asyncio.run(main())

    assert text == rec.text
    assert rec.complete


def test_lines_are_numbered_as_the_blog_saw_them(fast_lab: Lab) -> None:
    with sl.stream(fast_lab.endpoint("count-to-ten"), "hi") as s:
        lines = list(s.iter_lines())

    assert len(lines) == 62
    assert lines[0].startswith('data: {"id":"chatcmpl-')
    assert lines[59:] == ["", "data: [DONE]", ""]


def test_async_lines_and_events(fast_lab: Lab) -> None:
    async def main() -> tuple[int, int, sl.Recording]:
        async with sl.stream(fast_lab.endpoint("count-to-ten"), "hi") as s:
            n_lines = len([line async for line in s.aiter_lines()])
            n_events = len([event async for event in s.aiter_events()])  # from the start
        return n_lines, n_events, s.recording

    n_lines, n_events, rec = asyncio.run(main())

    assert (n_lines, n_events) == (62, 31) == (len(rec.lines), len(rec.events))


def test_raw_pieces_join_to_the_body(fast_lab: Lab) -> None:
    with sl.stream(fast_lab.endpoint("bursty"), "hi") as s:
        body = b"".join(s.iter_raw())

    assert body == s.recording.body


def test_a_journal_is_kept_beside_a_stream(fast_lab: Lab, tmp_path: Path) -> None:
    async def main() -> sl.Recording:
        async with sl.stream(endpoint, "hi", save=tmp_path / "async.jsonl") as s:
            async for _ in s:
                pass
        return s.recording

    endpoint = fast_lab.endpoint("bursty")
    with sl.stream(endpoint, "hi", save=tmp_path / "sync.jsonl") as s:
        list(s)

    assert sl.load(tmp_path / "sync.jsonl").tape == s.recording.tape
    arec = asyncio.run(main())
    assert sl.load(tmp_path / "async.jsonl").tape == arec.tape


def test_leaving_early_keeps_what_was_read(fast_lab: Lab) -> None:
    with sl.stream(fast_lab.endpoint("steady"), "hi") as s:
        for n, _ in enumerate(s.iter_events()):
            if n == 5:
                break

    assert s.recording.end.how == "closed"
    assert s.recording.problem is None
    assert len(s.recording.events) >= 6


def test_an_exception_of_the_users_goes_on_and_keeps_the_tape(fast_lab: Lab) -> None:
    stream = sl.stream(fast_lab.endpoint("steady"), "hi")
    with pytest.raises(ZeroDivisionError), stream as s:
        for _ in s:
            1 / 0  # noqa: B018

    assert s.recording.end.how == "closed"
    assert s.recording.end.detail == "ZeroDivisionError"
    assert len(s.recording.tape) >= 1


def test_a_block_that_never_looks_has_asked_all_the_same(fast_lab: Lab) -> None:
    with sl.stream(fast_lab.endpoint("steady"), "hi") as s:
        pass

    assert s.recording.meta["status"] == 200


def test_a_failure_ends_the_loop_and_is_in_the_recording(fast_lab: Lab) -> None:
    with sl.stream(fast_lab.endpoint("reset"), "hi") as s:
        n = len(list(s.iter_events()))

    assert n == 12
    assert s.recording.end.how == "reset"


def test_the_recording_is_there_only_afterwards(fast_lab: Lab) -> None:
    with (
        sl.stream(fast_lab.endpoint("steady"), "hi") as s,
        pytest.raises(UsageError) as caught,
    ):
        _ = s.recording

    assert str(caught.value) == (
        "a recording exists when its stream has ended, and this one runs. "
        "Leave the with block first; until then use .recorder."
    )


def test_the_wrong_loop_is_told_the_right_word(fast_lab: Lab) -> None:
    endpoint = fast_lab.endpoint("steady")

    with pytest.raises(WrongLoopError, match=r"and then: for delta in s\.$"):
        iter(sl.stream(endpoint, "hi"))
    with pytest.raises(WrongLoopError, match=r"and then: async for delta in s\.$"):
        aiter(sl.stream(endpoint, "hi"))
    with sl.stream(endpoint, "hi") as s, pytest.raises(WrongLoopError) as caught:
        aiter(s)
    assert str(caught.value) == (
        "this stream was opened by with, so it needs for, not async for. "
        "Write: async with sl.stream(…) as s, to use async for."
    )

    async def main() -> None:
        async with sl.stream(endpoint, "hi") as s:
            with pytest.raises(WrongLoopError) as caught:
                iter(s)
        assert str(caught.value) == (
            "this stream was opened by async with, so it needs async for, not for. "
            "Write: with sl.stream(…) as s, to use for."
        )

    asyncio.run(main())


def test_watch_returns_at_once_and_has_the_recording_later(lab: Lab) -> None:
    watch = sl.watch(lab.endpoint("steady"), "hi")
    with pytest.raises(UsageError, match=r"Call \.wait\(\) for it"):
        _ = watch.recording
    assert ".stop() ends it" in repr(watch)
    rec = watch.wait(20)

    assert watch.done
    assert rec is watch.recording
    assert rec.complete


def test_stop_ends_a_watch_in_mid_silence(fast_lab: Lab) -> None:
    watch = sl.watch(fast_lab.endpoint("silence"), "hi", silence_s=600)
    until(lambda: watch.recorder.body.count(b"data: ") == 12)

    watch.stop()
    rec = watch.wait(5)

    assert (rec.end.how, rec.end.detail) == ("closed", "Stop was pressed")
    assert rec.problem is None
    assert len(rec.events) == 12


def test_waiting_has_an_end(fast_lab: Lab) -> None:
    watch = sl.watch(fast_lab.endpoint("silence"), "hi", silence_s=600)

    with pytest.raises(TimeoutError, match=r"the stream still runs after 0\.05 s"):
        watch.wait(0.05)
    watch.stop()
    watch.wait(5)


def test_a_stop_in_the_view_counts_as_one_of_the_watch(fast_lab: Lab) -> None:
    """Its button calls `stop` of the request; ``.recording`` then waits for the end."""
    watch = sl.watch(fast_lab.endpoint("silence"), "hi", live=False)
    until(lambda: len(watch.recorder) >= 3)
    watch._streams[0].own.stop()

    assert (watch.recording.end.how, watch.recording.end.detail) == ("closed", "stopped")


def test_two_stops_leave_the_lab_s_log(fast_lab: Lab) -> None:
    watch = sl.watch(fast_lab.endpoint("silence"), "hi", live=False)
    until(lambda: len(watch.recorder) >= 3)
    watch.stop()
    while not watch.done:
        watch.stop()

    assert (watch.recording.reads["server_sent_ns"] > 0).all()


def test_stop_ends_a_watch_with_a_client_of_the_users_in_mid_silence(
    fast_lab: Lab,
) -> None:
    with httpx.Client() as client:
        watch = sl.watch(fast_lab.endpoint("silence"), "hi", live=False, client=client)
        until(lambda: len(watch.recorder) >= 3)
        watch.stop()

        assert watch.recording.end.detail == "Stop was pressed"
        assert sl.record(fast_lab.endpoint("steady"), "hi", client=client).complete


def test_a_stream_is_opened_once(fast_lab: Lab) -> None:
    opening = sl.stream(fast_lab.endpoint("steady"), "hi")
    with opening as s:
        list(s)
    with pytest.raises(UsageError, match="opened once"), opening:
        pass
    assert s.recording.complete


def test_a_stream_that_its_loop_leaves_open_ends_without_noise(fast_lab: Lab) -> None:
    noise: list[object] = []

    async def leave() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: noise.append(told))
        s = await sl.stream(fast_lab.endpoint("steady"), "hi", label="left").__aenter__()
        async for _ in s:
            break

    asyncio.run(leave())
    assert noise == []
    assert sl.last is not None
    assert (sl.last.label, sl.last.end.how) == ("left", "closed")


def test_the_last_recording_keeps_no_loop_and_no_connection(fast_lab: Lab) -> None:
    loops: list[weakref.ref[object]] = []

    async def record() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await sl.arecord(fast_lab.endpoint("steady"), "hi")

    asyncio.run(record())
    gc.collect()
    assert loops[0]() is None
