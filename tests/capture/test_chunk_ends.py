"""The ends of the chunks of HTTP/1.1 on the tape, from a server that cuts where it likes."""

from __future__ import annotations

import asyncio
from array import array
from pathlib import Path

import httpx
import pytest

import streamlab as sl
from tests.net.relays import serving

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
CHUNKS = [b"data: caf\xc3", b"\xa9\r", b"\n\r\n", b"data: two\n\n"]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    framed = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in CHUNKS)
    writer.write(HEAD + framed + b"0\r\n\r\n")
    await writer.drain()


def recorded(port: int, mode: str, **options: object) -> sl.Recording:
    endpoint = sl.endpoint(f"http://127.0.0.1:{port}/", dialect="sse")
    if mode == "sync":
        return sl.record(endpoint, **options)
    return asyncio.run(sl.arecord(endpoint, **options))


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_our_own_requests_note_where_chunks_end(mode: str, ending: str, tmp_path: Path) -> None:
    with serving(answer) as port:
        rec = recorded(port, mode, save=tmp_path / "live.jsonl")

    assert rec.body == b"".join(CHUNKS)
    assert rec.tape.chunk_ends == array("q", [10, 12, 15, 26])
    assert sl.load(tmp_path / "live.jsonl").tape == rec.tape
    assert sl.load(rec.save(tmp_path / f"a.{ending}")).tape == rec.tape


def test_a_client_of_the_user_hides_its_chunks() -> None:
    with serving(answer) as port, httpx.Client() as client:
        endpoint = sl.endpoint(f"http://127.0.0.1:{port}/", dialect="sse")
        rec = sl.record(endpoint, client=client)

    assert rec.body == b"".join(CHUNKS)
    assert rec.tape.chunk_ends is None
