"""Which bytes arrived when: the test finds every event on the connections, by its content.

The truth is the reads of the connections; each event contains the name of its client and the
time when it was made, so that a mistake in either direction shows.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

import httpx
import pytest
from hyperframe.frame import DataFrame, Frame

import streamlab as sl
from tests.capture.tap.clients import each_library
from tests.capture.tap.conftest import Secure, Wire

N_STREAMS, N_EVENTS = 50, 6


def asked(url: str, who: str, **more: Any) -> str:
    return str(httpx.URL(f"{url}/numbers", params={"who": who, "n": N_EVENTS, **more}))


def check(recording: sl.Recording, who: str, wire: Wire, tier: str) -> None:
    """Compare every event of a recording with the wire, and with its own words."""
    assert len(recording.events) == N_EVENTS
    for event in recording.events.itertuples():
        said, read = json.loads(event.data), recording.tape[event.read]
        stamp = read.stamp
        assert said["who"] == who
        assert said["sent_ns"] <= stamp.arrived_ns <= stamp.seen_ns <= read.delivered_ns
        assert [heard.stamp for heard in wire if event.data.encode() in heard.data] == [stamp]
        assert stamp.tier == tier


@each_library
def test_requests_on_one_connection_keep_their_own_bytes_and_times(
    library: Any, pages: str, wire: Wire, tier: str
) -> None:
    names = [f"caller-{i}" for i in range(8)]
    with library.Client(trust_env=False) as http, sl.tap(http) as tap:
        for name in names:
            http.get(asked(pages, name, gap_ms=1))
    for name, recording in zip(names, tap.recordings, strict=True):
        check(recording, name, wire, tier)
        marks = recording.tape.marks
        assert marks["called"] <= marks["request_sent"] < marks["first_read"]
        assert marks["first_read"] <= recording.reads["arrived_ns"][0]
    reused = [recording.meta["reused"] for recording in tap.recordings]
    assert reused == [False] + [True] * 7
    phases = [list(recording.phases["phase"]) for recording in tap.recordings]
    assert ["connect" in names for names in phases] == [True] + [False] * 7
    ends = [recording.end.t_ns for recording in tap.recordings]
    starts = [recording.tape.t0_ns for recording in tap.recordings]
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False))


@each_library
def test_fifty_threads_on_one_pooled_client_are_told_apart(
    library: Any, pages: str, wire: Wire, tier: str
) -> None:
    limits = library.Limits(max_connections=20, max_keepalive_connections=20)
    names = [f"thread-{i}" for i in range(N_STREAMS)]
    closed: list[Exception] = []

    def fetch(who: str) -> bytes:
        # The sync pool of httpcore, with no tap too, may close a connection that another
        # thread has just taken.  So seldom that more than one is a fault of ours.
        try:
            return http.get(asked(pages, who)).content
        except library.ReadError as exc:
            closed.append(exc)
            return http.get(asked(pages, who)).content

    with (
        library.Client(trust_env=False, limits=limits, timeout=30) as http,
        sl.tap(http) as tap,
        ThreadPoolExecutor(N_STREAMS) as pool,
    ):
        bodies = list(pool.map(fetch, names))
    assert len(closed) <= 1
    answered = [recording for recording in tap.recordings if "status" in recording.meta]
    found = {who_of(recording): recording for recording in answered}
    assert len(answered) == len(found) == N_STREAMS
    assert len(tap.recordings) == N_STREAMS + len(closed)
    for name, body in zip(names, bodies, strict=True):
        assert found[name].body == body
        check(found[name], name, wire, tier)
    assert sum(recording.meta["reused"] for recording in tap.recordings) >= 30


@each_library
def test_fifty_tasks_on_one_pooled_client_are_told_apart(
    library: Any, pages: str, wire: Wire, tier: str
) -> None:
    names = [f"task-{i}" for i in range(N_STREAMS)]

    async def main() -> tuple[list[bytes], list[sl.Recording]]:
        async with library.AsyncClient(trust_env=False, timeout=30) as http:
            with sl.tap(http) as tap:
                answers = await asyncio.gather(*(http.get(asked(pages, who)) for who in names))
        return [answer.content for answer in answers], tap.recordings

    bodies, recordings = asyncio.run(main())
    for name, body, recording in zip(names, bodies, recordings, strict=True):
        assert recording.body == body
        check(recording, name, wire, tier)


@each_library
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_streams_that_share_an_http2_connection_have_each_their_own_reads(
    library: Any, mode: str, secure: Secure, wire: Wire, tier: str
) -> None:
    names = [f"{mode}-{i}" for i in range(N_STREAMS)]
    urls = [asked(secure.url, who) for who in ["first", *names]]
    options = {"http2": True, "verify": secure.context, "trust_env": False, "timeout": 30}
    if mode == "async":
        recordings = asyncio.run(at_once(library.AsyncClient(**options), urls))
    else:
        recordings = by_turns(library.Client(**options), urls)
    assert [who_of(recording) for recording in recordings] == ["first", *names]
    assert [recording.meta["reused"] for recording in recordings] == [False] + [
        True
    ] * N_STREAMS
    expected = data_by_read(wire)
    for recording in recordings:
        check(recording, who_of(recording), wire, tier)
        rows = [(read.stamp.seen_ns, read.data) for read in recording.tape]
        assert rows in expected.values()
        marks = recording.tape.marks
        assert marks["called"] <= marks["request_sent"] < marks["first_read"] <= rows[0][0]
    brought = [t_ns for rows in expected.values() for t_ns, _ in rows]
    assert len(set(brought)) < len(brought)  # some reads brought bytes of several streams


async def at_once(http: Any, urls: list[str]) -> list[sl.Recording]:
    """Ask for all at once, but for the first, which opens the connection."""
    async with http:
        with sl.tap(http) as tap:
            await http.get(urls[0])
            await asyncio.gather(*map(http.get, urls[1:]))
    return tap.recordings


def by_turns(http: Any, urls: list[str]) -> list[sl.Recording]:
    """Ask for all, then read a piece of each in turn.

    One thread: over HTTP/2, httpcore itself is not safe for more.
    """
    with http, sl.tap(http) as tap:
        http.get(urls[0])
        asked = [http.send(http.build_request("GET", url), stream=True) for url in urls[1:]]
        left = [response.iter_raw() for response in asked]
        while left:
            left = [pieces for pieces in left if next(pieces, None) is not None]
    return tap.recordings


def data_by_read(wire: Wire) -> dict[int, list[tuple[int, bytes]]]:
    """Cut the bodies of one HTTP/2 connection by stream and read, with hyperframe's parser."""
    reads = [heard for heard in wire if heard.connection.frames is not None]
    assert len({id(heard.connection) for heard in reads}) == 1
    body = b"".join(heard.data for heard in reads)
    seen_ns = [heard.stamp.seen_ns for heard in reads for _ in heard.data]  # of each byte
    rows: dict[int, list[tuple[int, bytes]]] = {}
    at = 0
    while at < len(body):
        frame, length = Frame.parse_frame_header(memoryview(body[at : at + 9]))
        frame.parse_body(memoryview(body[at + 9 : at + 9 + length]))
        if isinstance(frame, DataFrame):
            start = at + 9 + ("PADDED" in frame.flags)
            span = range(start, start + len(frame.data))
            mine = rows.setdefault(frame.stream_id, [])
            for t_ns, group in groupby(span, seen_ns.__getitem__):
                part = bytes(body[i] for i in group)
                if mine and mine[-1][0] == t_ns:
                    part = mine.pop()[1] + part
                mine.append((t_ns, part))
        at += 9 + length
    return rows


def who_of(recording: sl.Recording) -> str:
    """Return the name that the URL asks with."""
    return str(httpx.URL(recording.meta["url"]).params["who"])
