"""Compressed streams: on time with a flush, all at the end without."""

import zlib

import httpx
import pytest

from tests.server.asking import ask, log_of

ENCODINGS = ["gzip", "gzip-unflushed"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_compressed_stream_means_the_same(http, fast_lab, encoding):
    plain, squeezed = (
        ask(http, fast_lab, "steady"),
        ask(http, fast_lab, "steady", encoding=encoding),
    )

    assert squeezed.headers["content-encoding"] == "gzip"
    assert squeezed.content == plain.content


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_log_counts_encoded_bytes(http, fast_lab, encoding):
    body = {"model": "steady", "stream": True, "encoding": encoding}
    with http.stream("POST", f"{fast_lab.base_url}/chat/completions", json=body) as response:
        raw = b"".join(response.iter_raw())

    assert log_of(http, fast_lab, response)["sent"][-1][0] == len(raw)
    assert zlib.decompress(raw, wbits=31).endswith(b"data: [DONE]\n\n")


def test_with_a_flush_each_write_goes_out_and_without_one_they_are_held_back(http, fast_lab):
    flushed = log_of(http, fast_lab, ask(http, fast_lab, "steady", encoding="gzip"))
    held = log_of(http, fast_lab, ask(http, fast_lab, "steady", encoding="gzip-unflushed"))

    assert len(flushed["sent"]) == 42 + 1  # and the end of the gzip member
    assert len(held["sent"]) < 5
    (header, _), *_, (_, last) = held["due"]
    assert header == 10
    assert last == held["due"][1][1]


def test_a_reset_leaves_the_gzip_member_unfinished(http, fast_lab):
    with pytest.raises(httpx.ReadError):
        ask(http, fast_lab, "reset", encoding="gzip")


def test_an_unknown_encoding_is_refused(http, fast_lab):
    response = ask(http, fast_lab, "steady", encoding="zip")

    assert response.status_code == 404
    assert response.json()["error"]["message"] == (
        "no encoding 'zip'; there are: gzip, gzip-unflushed, identity. Did you mean 'gzip'?"
    )
