"""A body that cannot be decoded, or only in part, is named, and is never an empty answer."""

from __future__ import annotations

import gzip
import json
import zlib

import brotli
import pytest
import zstandard

import streamlab as sl
from streamlab.recording import Recording
from streamlab.testing import tape_from
from tests.capture.test_record import Record, both
from tests.follow.test_problem import DONE, URL
from tests.servers.raw import raw_server, sends

ERROR = json.dumps({"error": {"message": "no such model"}}).encode()


def recording(body: bytes, encoding: str, status: int = 200, end: str = "eof") -> Recording:
    meta = {"url": URL, "method": "POST", "request": {"stream": True}, "status": status}
    pieces = [(10 + n, body[n : n + 20]) for n in range(0, len(body), 20)]
    return Recording(tape_from(pieces, end=end, content_encoding=encoding, **meta))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "br", "zstd"])
def test_a_plain_body_under_the_header_of_an_encoding(encoding: str) -> None:
    rec = recording(DONE, encoding)

    assert rec.complete is False
    assert f"the body is not valid {encoding.removeprefix('x-')}: " in str(rec.problem)


@pytest.mark.parametrize("encoding", ["snappy", "gzip, lz4", "aws-chunked"])
def test_an_unknown_encoding(encoding: str) -> None:
    rec = recording(b"\x00\x01\x02\xff" * 9, encoding)

    name = encoding.rpartition(" ")[2]
    assert f"the body is encoded as '{name}', not as one of gzip" in str(rec.problem)


def test_a_wrong_checksum_costs_no_byte_of_the_answer() -> None:
    sent = gzip.compress(DONE)
    for damaged in (sent[:-8] + b"\0\0\0\0" + sent[-4:], sent[:-4] + b"\0\0\0\1"):
        for rec in (recording(damaged, "gzip"), whole(damaged)):
            assert (rec.text, rec.complete) == ("hi", True)
            assert "the body is not valid gzip: " in str(rec.problem)
            assert "without a byte" not in str(rec.problem)


def whole(body: bytes) -> Recording:
    """Return the recording of a body that came in one read."""
    tape = tape_from([(10, body)], url=URL, request={"stream": True}, content_encoding="gzip")
    return Recording(tape)


@pytest.mark.parametrize("cut", [1, 4, 8, 20])
def test_a_trailer_that_is_cut_is_named_if_the_body_came_to_its_end(cut: int) -> None:
    sent = gzip.compress(DONE)[:-cut]

    said = "the body ends before its gzip data is complete; what arrived is decoded."
    assert recording(sent, "gzip").problem == said
    assert recording(sent, "gzip", end="closed").problem is None  # left by its reader
    assert recording(sent, "gzip", end="left_open").problem != said


ENCODED = {
    "gzip": gzip.compress(ERROR),
    "deflate": zlib.compress(ERROR),
    "br": brotli.compress(ERROR),
    "zstd": zstandard.ZstdCompressor().compress(ERROR),
    "gzip, br": brotli.compress(gzip.compress(ERROR)),
    "": gzip.compress(ERROR),  # without the header
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_the_message_in_an_encoded_error_is_shown_decoded(encoding: str) -> None:
    assert recording(ENCODED[encoding], encoding, 500).problem == (
        "the server answered HTTP 500: no such model. "
        "The rest of its answer is in the recording."
    )


def test_a_plain_error_under_the_header_of_an_encoding_is_shown() -> None:
    said = str(recording(ERROR, "gzip", 429).problem)

    assert said.startswith(
        "the server answered HTTP 429: no such model. Wait, or ask for less."
    )
    assert "Besides, the body is not valid gzip: " in said


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "lz4"])
def test_a_plain_error_under_any_header_is_shown_over_a_socket(encoding: str) -> None:
    head = f"HTTP/1.1 500 X\r\ncontent-encoding: {encoding}\r\nconnection: close\r\n\r\n"
    with raw_server(sends(head.encode() + ERROR)) as url:
        rec = sl.record(sl.endpoint(url, dialect="openai_chat", model="m"), "hi")

    assert "the server answered HTTP 500 X: no such model. " in str(rec.problem)


def test_an_error_that_stays_encoded_shows_no_garbage() -> None:
    said = str(recording(b"\x8b\x02\x80\x00\x13\xff" * 3, "snappy", 500).problem)

    assert said.startswith("the server answered HTTP 500. The rest")
    assert "encoded as 'snappy'" in said


def test_it_stays_named_after_a_save(tmp_path) -> None:  # type: ignore[no-untyped-def]
    rec = recording(DONE, "gzip")

    for name in ("a.jsonl", "a.parquet"):
        assert sl.load(rec.save(tmp_path / name)).problem == rec.problem


@both
def test_over_a_real_connection(record: Record) -> None:
    head = b"HTTP/1.1 %d X\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n\r\n"
    said = []
    for answer in (head % 200 + DONE, head % 401 + gzip.compress(ERROR)):
        with raw_server(sends(answer)) as url:
            said.append(str(record(sl.openai("m", base_url=f"{url}/v1"), "hi").problem))

    assert said[0].startswith("the body is not valid gzip: ")
    assert said[1] == "the server answered HTTP 401 X: no such model. Check the key."
