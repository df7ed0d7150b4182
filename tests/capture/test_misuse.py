"""Calls without a meaning raise before a request is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

import streamlab as sl
from streamlab.errors import UsageError, WrongLoopError
from streamlab.many import Lab


def test_an_option_that_no_client_has_is_told_where_it_belongs() -> None:
    with pytest.raises(UsageError) as caught:
        sl.openai("gpt-4o-mini", api_key="none", temperature=0)

    assert str(caught.value) == (
        "'temperature' is no option of an endpoint, which takes those of httpx.Client. "
        "A field of the request goes to sl.record(…, temperature=…), or into json={…}."
    )


@pytest.mark.parametrize("timeout", [-1, 0, "soon", True])
def test_a_timeout_that_is_none_is_told(timeout: Any, fast_lab: Lab) -> None:
    with pytest.raises(
        UsageError, match=r"^timeout is a number of seconds above 0, or an httpx"
    ):
        sl.record(fast_lab.endpoint("steady"), "hi", timeout=timeout)


def test_no_timeout_waits_for_ever(fast_lab: Lab) -> None:
    assert sl.record(fast_lab.endpoint("steady"), "hi", timeout=None).complete


@pytest.mark.parametrize("value", [object(), float("nan"), "\ud800"])
def test_fields_that_are_no_json_are_told(value: Any, fast_lab: Lab) -> None:
    with pytest.raises(UsageError, match=r"^the fields of a request must be JSON, and these"):
        sl.record(fast_lab.endpoint("steady"), "hi", temperature=value)


def test_a_key_that_is_not_ascii_is_told_without_being_shown(fast_lab: Lab) -> None:
    endpoint = sl.openai("steady", base_url=fast_lab.base_url, api_key="sk-geheim-ß")
    with pytest.raises(UsageError) as caught:
        sl.record(endpoint, "hi")

    assert str(caught.value) == (
        "keys and headers must be ASCII, and 'ß' is not. Check the key and headers=."
    )


def test_asyncio_run_makes_no_tables_of_a_recording(
    fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sl.Recording, "tables", None)  # a call for them fails

    rec = asyncio.run(sl.arecord(fast_lab.endpoint("steady"), "hi"))

    assert len(rec.tape) > 10


def test_a_journal_of_another_ending_is_told(fast_lab: Lab, tmp_path: Path) -> None:
    path = str(tmp_path / "p.parquet")
    with pytest.raises(UsageError) as caught:
        sl.record(fast_lab.endpoint("steady"), "hi", save=path)

    assert str(caught.value) == (
        "save= keeps a journal while the stream runs, whose name ends in .jsonl, and "
        f"{path!r} came. For another format call rec.save(…) afterwards."
    )
    assert list(tmp_path.iterdir()) == []


def test_the_other_loops_methods_are_told_the_right_word(fast_lab: Lab) -> None:
    with sl.stream(fast_lab.endpoint("steady"), "hi") as s:
        with pytest.raises(WrongLoopError, match="opened by with"):
            s.aiter_lines()  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="a stream has no 'lines'"):
            s.lines  # type: ignore[attr-defined]  # noqa: B018

    async def main() -> None:
        async with sl.stream(fast_lab.endpoint("steady"), "hi") as s:
            with pytest.raises(WrongLoopError, match="opened by async with"):
                s.iter_events()  # type: ignore[attr-defined]

    asyncio.run(main())


def test_an_opening_says_what_it_is(fast_lab: Lab) -> None:
    said = repr(sl.stream(fast_lab.endpoint("steady"), "hi"))

    assert said.startswith("<Opening of Endpoint('http://127.0.0.1:")
    assert said.endswith(": enter it by with or async with>")


def test_a_watch_that_was_stopped_has_its_recording(fast_lab: Lab) -> None:
    watch = sl.watch(fast_lab.endpoint("silence"), "hi", silence_s=600)
    watch.stop()

    assert watch.recording.end.how == "closed"


def test_a_client_of_the_user_is_stamped_and_left_as_it_was(fast_lab: Lab) -> None:
    endpoint = fast_lab.endpoint("steady")
    with httpx.Client() as client:
        backend = client._transport._pool._network_backend  # type: ignore[attr-defined]
        recs = [sl.record(endpoint, "hi", client=client) for _ in range(2)]
        assert client._transport._pool._network_backend is backend  # type: ignore[attr-defined]

    assert {stamp for rec in recs for stamp in rec.reads["stamp"]} == {"kernel"}
    assert [rec.meta["reused"] for rec in recs] == [False, True]
    assert all(rec.reads["server_sent_ns"].notna().all() for rec in recs)


def test_an_async_client_of_the_user_is_stamped_too(fast_lab: Lab) -> None:
    async def main() -> list[sl.Recording]:
        async with httpx.AsyncClient() as client:
            return await asyncio.gather(
                *[sl.arecord(endpoint, "hi", client=client) for _ in range(5)]
            )

    endpoint = fast_lab.endpoint("steady")
    recs = asyncio.run(main())

    assert {stamp for rec in recs for stamp in rec.reads["stamp"]} == {"kernel"}
    assert all(rec.reads["server_sent_ns"].notna().all() for rec in recs)
