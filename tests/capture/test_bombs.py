"""What a server sends without end or without measure: bounded memory, bounded time."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from functools import cache

import brotli
import httpx
import pytest
import zstandard

import streamlab as sl
from streamlab.decode.content import content_decoder
from streamlab.endpoints.echoes import Echoes
from streamlab.follow import Follower
from streamlab.follow.problem import problem
from streamlab.testing import tape_from
from tests.capture.test_record import Record, both
from tests.servers.raw import raw_server, sends

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
MIB = 1 << 20


@cache
def bomb(encoding: str, n_bytes: int) -> bytes:
    data = b""
    if encoding == "gzip":
        squeeze = zlib.compressobj(9, wbits=31)
        data = b"".join(squeeze.compress(bytes(MIB)) for _ in range(n_bytes // MIB))
        return data + squeeze.flush()
    if encoding == "br":
        press = brotli.Compressor(quality=5)
        data = b"".join(press.process(bytes(MIB)) for _ in range(n_bytes // MIB))
        return data + press.finish()
    squash = zstandard.ZstdCompressor(level=9).compressobj()
    data = b"".join(squash.compress(bytes(MIB)) for _ in range(n_bytes // MIB))
    return data + squash.flush()


BOMBS = {
    "gzip": lambda: bomb("gzip", 256 * MIB),
    "br": lambda: bomb("br", 256 * MIB),
    "zstd": lambda: bomb("zstd", 256 * MIB),
    "gzip, gzip": lambda: gzip.compress(bomb("gzip", 256 * MIB)),
    "gzip, gzip, br": lambda: brotli.compress(gzip.compress(bomb("gzip", 256 * MIB))),
}


@both
@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_ends_at_the_limit_in_little_memory(record: Record, encoding: str) -> None:
    body = BOMBS[encoding]()
    head = OK + b"content-encoding: %s\r\ncontent-length: %d\r\n\r\n"
    with raw_server(sends(head % (encoding.encode(), len(body)) + body)) as url:
        tracemalloc.start()
        rec = record(sl.endpoint(url, dialect="sse"), max_decoded_bytes=MIB)
        assert len(rec.events) == 0
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert rec.end.how == "limit"
    assert rec.end.detail == f"max_decoded_bytes={MIB} was reached"
    assert rec.problem == (
        "the body has more than max_decoded_bytes=1048576 bytes once it is decoded; "
        "the rest is not decoded."
    )
    assert peak < 24 * MIB  # zstd: 8 MiB of window and 8 of a piece


@pytest.mark.parametrize("framing", ["sse", "ndjson", "text"])
def test_a_line_without_an_end_is_kept_once(framing: str) -> None:
    kind = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "text": "text/html"}
    body = bomb("gzip", 32 * MIB)
    tape = tape_from(
        [(1, body[:999]), (2, body[999:])],
        content_type=kind[framing],
        content_encoding="gzip",
    )
    Follower(tape_from([(1, b"")])).close()  # imports
    follower = Follower(tape, "auto")
    tracemalloc.start()
    follower.close()
    assert follower.framing == framing
    problem(follower)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(follower.body) == follower.lines.ends[-1] == 32 * MIB
    # NDJSON looks whether its last line is a whole object.
    assert peak < (1.3 if framing != "ndjson" else 3.3) * 32 * MIB


def test_in_pass_through_only_the_recording_ends() -> None:
    plain = b"data: 1\n\n" * 100_000
    body = gzip.compress(plain)
    head = OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body)
    with (
        raw_server(sends(head + body)) as url,
        httpx.Client() as client,
        sl.tap(client, max_decoded_bytes=1000) as tap,
    ):
        assert client.get(url).content == plain

    (rec,) = tap.recordings
    assert rec.end.how == "limit"
    assert "max_decoded_bytes=1000" in rec.end.detail


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_decoder_returns_pieces_of_bounded_size(encoding: str) -> None:
    decoder = content_decoder(encoding)

    sizes = [len(piece) for piece in decoder.pieces(bomb(encoding, 64 * MIB))]

    assert sum(sizes) == 64 * MIB
    assert max(sizes) <= 8 * MIB
    decoder.close()
    assert decoder.error is None


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_a_limit_ends_the_decoding_at_its_byte(encoding: str) -> None:
    squeeze = {"gzip": gzip, "br": brotli, "zstd": zstandard, "deflate": zlib}[encoding]
    data = squeeze.compress(bytes(range(256)) * 1000)
    for limit, kept in ((1000, 1000), (0, 0), (256_000, 256_000)):
        decoder = content_decoder(encoding, limit)

        got = b"".join(decoder.feed(data[at : at + 7]) for at in range(0, len(data), 7))

        assert got == (bytes(range(256)) * 1000)[:kept]
        assert decoder.is_over == (limit < 256_000)
        if decoder.is_over:
            assert decoder.error is not None
            assert f"max_decoded_bytes={limit}" in decoder.error


def test_at_most_three_encodings_are_undone() -> None:
    data = b"data: 1\n\n"
    for n in range(1, 6):
        data = gzip.compress(data)
        decoder = content_decoder(", ".join(["gzip"] * n))
        got = decoder.feed(data)

        assert got == (b"data: 1\n\n" if n <= 3 else data)
        assert decoder.error == (
            None
            if n <= 3
            else f"the body is encoded {n} times, and at most 3 are decoded; it stays encoded. "
            "Ask for Accept-Encoding: identity."
        )


async def arecorded(url: str, **options: object) -> tuple[sl.Recording, float]:
    """Return a recording, and the longest CPU time between two turns of its loop, in s."""
    endpoint = sl.endpoint(url, dialect="sse", api_key="sk-0123456789")
    longest, running = 0.0, asyncio.create_task(sl.arecord(endpoint, **options))
    while not running.done():
        began = time.process_time()
        await asyncio.sleep(0)
        longest = max(longest, time.process_time() - began)
    return await running, longest


def test_a_bomb_in_one_read_lets_the_loop_go_on() -> None:
    body = BOMBS["gzip, gzip"]()
    head = OK + b"content-encoding: gzip, gzip\r\ncontent-length: %d\r\n\r\n" % len(body)
    with raw_server(sends(head + body)) as url:
        rec, longest = asyncio.run(arecorded(url))

    assert (rec.end.how, rec.body) == ("eof", body)
    assert longest < 0.25  # all of it takes over a second


def test_heads_without_end_are_refused_and_the_loop_goes_on() -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000
    with raw_server(sends(early + OK + b"content-length: 0\r\n\r\n")) as url:
        rec, longest = asyncio.run(arecorded(url))

    assert rec.end.how == "reset"
    assert "no response within 131072 bytes of heads" in str(rec.problem)
    assert longest < 1


@both
def test_a_few_early_heads_are_no_fault(record: Record) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 20
    with raw_server(sends(early + OK + b"content-length: 9\r\n\r\ndata: 1\n\n")) as url:
        rec = record(sl.endpoint(url, dialect="sse"))

    assert rec.body == b"data: 1\n\n"


def seconds(run: object, times: int = 3) -> float:
    found = []
    for _ in range(times):
        began = time.process_time()
        run()  # type: ignore[operator]
        found.append(time.process_time() - began)
    return min(found)


def test_headers_cost_time_in_proportion_to_their_number() -> None:
    def record(n: int) -> None:
        head = OK + b"".join(b"x-%d: y\r\n" % i for i in range(n))
        with raw_server(sends(head + b"content-length: 0\r\n\r\n")) as url:
            rec = sl.record(sl.endpoint(url, dialect="sse", api_key="sk-0123456789"))
        assert len(rec.meta["headers"]) == n + 2  # type: ignore[arg-type]

    assert seconds(lambda: record(8000)) < 14 * seconds(lambda: record(800))


@both
@pytest.mark.parametrize("line", [b"x: y\r\n", b"x" * 1000])
def test_trailers_without_end_are_refused(record: Record, line: bytes) -> None:
    body = b"9\r\ndata: 1\n\n\r\n0\r\n" + line * 20_000
    with raw_server(sends(OK + b"transfer-encoding: chunked\r\n\r\n" + body)) as url:
        rec = record(sl.endpoint(url, dialect="sse"))

    assert (rec.body, rec.end.how) == (b"data: 1\n\n", "reset")
    assert "more than 16384 bytes came where a line must end" in str(rec.problem)


def test_a_body_that_almost_repeats_a_secret_costs_linear_time() -> None:
    key = "ab" * 100 + "c"

    def feed(n: int) -> None:
        echoes = Echoes([key])
        for _ in range(n):
            echoes.feed(b"ab" * 4)

    assert seconds(lambda: feed(4000)) < 14 * seconds(lambda: feed(400))
