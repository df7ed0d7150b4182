"""Bodies cut out of connections, compared with h11."""

from __future__ import annotations

import itertools
from array import array

import h11
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.net.http1_body import (
    Chunked,
    Framing,
    Sized,
    UntilClose,
    after_head,
    body_framing,
)

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def fed(framing: Framing, pieces: list[bytes]) -> bytes:
    return b"".join(framing.feed(piece) for piece in pieces)


def is_whole(framing: Framing) -> bool:
    try:
        framing.close()
    except httpx.RemoteProtocolError:
        return False
    return True


def as_h11_says(head: bytes, pieces: list[bytes]) -> tuple[bytes, bool]:
    """Return the payload before the end or a fault, and whether the body was whole."""
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    reader.send(h11.EndOfMessage())
    payload = b""
    for piece in [head, *filter(None, pieces)]:
        reader.receive_data(piece)
        try:
            while (event := reader.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Data):
                    payload += bytes(event.data)
                if isinstance(event, h11.EndOfMessage):
                    return payload, True
        except h11.RemoteProtocolError:
            break
    return payload, False


chunks = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
cuts = st.lists(st.integers(0, 10_000), max_size=8)


@given(
    chunks, cuts, st.sampled_from([b"", b";name=value"]), st.sampled_from([b"", b"x: 1\r\n"])
)
def test_chunks_mean_what_h11_says_however_cut(
    parts: list[bytes], where: list[int], extension: bytes, trailer: bytes
) -> None:
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in parts)
    body += b"0\r\n" + trailer + b"\r\n"
    pieces, ends = cut(body, where), array("q")
    framing = Chunked(ends)

    got = fed(framing, pieces)

    assert framing.done
    assert ends.tolist() == list(itertools.accumulate(map(len, parts)))
    assert (got, is_whole(framing)) == as_h11_says(HEAD, pieces) == (b"".join(parts), True)


@given(chunks, st.binary(max_size=60), cuts)
def test_what_h11_refuses_is_refused_after_the_payload_before_it(
    parts: list[bytes], rest: bytes, where: list[int]
) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + rest
    pieces, framing = cut(body, where), Chunked()

    got = fed(framing, pieces)

    assert (got, is_whole(framing)) == as_h11_says(HEAD, pieces)


trailers = st.lists(
    st.text("aZ-:; ,\t\r\n\x00\x0b\x7f\xe9 0chunked").map(lambda text: text.encode("latin-1")),
    max_size=4,
)
names = st.sampled_from([b"x", b"Content-Length", b"transfer-encoding", b"a b", b"", b" fold"])
values = st.sampled_from(
    [b"1", b"1, 1", b"1,2", b"x", b"chunked", b"", b" a\tb ", b"1" * 21, b"\xb2"]
)
fields = st.lists(
    st.tuples(names, st.sampled_from([b":", b": ", b" :", b""]), values).map(b"".join),
    max_size=4,
)
ends = st.sampled_from([b"\r\n", b"\n", b"\r\r\n", b"\r"])
sizes = st.sampled_from(
    [
        b"3",
        b"03",
        b"3;a=b",
        b"3 ;a",
        b"3;a ",
        b"3 \t",
        b" 3",
        b"0x3",
        b"3\r",
        b"",
        b"3;\xff\r",
        b"g",
    ]
)


@given(sizes, ends, sizes, fields, ends, cuts)
def test_sizes_and_trailers_mean_what_h11_says_however_cut(
    size: bytes, end: bytes, last: bytes, lines: list[bytes], fold: bytes, where: list[int]
) -> None:
    head = size + end + b"abc\r\n"
    last = last.replace(b"3", b"0")
    body = head + last + end + b"".join(line + fold for line in lines) + fold + b"left over"
    pieces, framing = cut(body, where), Chunked()

    got = fed(framing, pieces)

    assert (got, is_whole(framing)) == as_h11_says(HEAD, pieces)


@given(st.lists(trailers), cuts)
def test_any_trailers_mean_what_h11_says(blocks: list[list[bytes]], where: list[int]) -> None:
    body = b"3\r\nabc\r\n0\r\n" + b"\r\n".join(line for block in blocks for line in block)
    pieces, framing = cut(body + b"\r\n\r\n", where), Chunked()

    got = fed(framing, pieces)

    assert (got, is_whole(framing)) == as_h11_says(HEAD, pieces)


@pytest.mark.parametrize(
    "rest", [b"0\r\nx: " + b"y" * 20_000, b"0\r\n" + b"x: y\r\n" * 4_000, b"1;" * 9_000]
)
def test_what_has_no_end_is_refused_where_h11_refuses_it(rest: bytes) -> None:
    pieces = cut(rest, list(range(0, len(rest), 1_000)))
    framing = Chunked()

    assert fed(framing, pieces) == b""
    assert (framing.done, is_whole(framing)) == (True, False)
    assert as_h11_says(HEAD, pieces) == (b"", False)


early = st.lists(
    st.sampled_from([b"100 Continue", b"103 Early Hints\r\nlink: x", b"199 ", b"102"]),
    max_size=5,
)


@given(early, st.sampled_from([b"\r\n", b"\n"]), chunks)
def test_the_body_begins_after_the_heads_that_h11_skips(
    heads: list[bytes], end: bytes, parts: list[bytes]
) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"
    answer = b"".join((b"HTTP/1.1 " + h).replace(b"\r\n", end) + end + end for h in heads)

    assert after_head(answer + HEAD + body) == body
    assert as_h11_says(answer + HEAD, [body]) == (b"".join(parts), True)


def test_a_fault_costs_nothing_that_came_with_it() -> None:
    framing = Chunked()

    got = framing.feed(b"5\r\nhello\r\nzz\r\n5\r\nworld\r\n")

    assert (got, framing.done) == (b"hello", True)
    with pytest.raises(httpx.RemoteProtocolError) as caught:
        framing.close()
    assert str(caught.value) == "illegal chunk header: b'zz\\r\\n'"


@given(st.binary(max_size=60), cuts)
def test_a_length_ends_the_body(data: bytes, where: list[int]) -> None:
    framing = Sized(20)

    got = fed(framing, cut(data, where))

    assert got == data[:20]
    assert framing.done == (len(data) >= 20)


def test_every_byte_of_payload_is_out_with_the_read_that_brought_it() -> None:
    framing = Chunked()

    assert framing.feed(b"5\r\nhe") == b"he"
    assert framing.feed(b"llo\r") == b"llo"
    assert framing.feed(b"\n2\r\n!!\r\n") == b"!!"
    assert framing.feed(b"0\r\n\r\nrest") == b""
    assert framing.done


@pytest.mark.parametrize(
    ("framing", "sentence"),
    [
        (
            Chunked(),
            "peer closed connection without sending complete message body "
            "(incomplete chunked read)",
        ),
        (
            Sized(3),
            "peer closed connection without sending complete message body "
            "(received 0 bytes, expected 3)",
        ),
    ],
)
def test_a_body_that_is_cut_is_told_in_httpx_words(framing: Framing, sentence: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError) as caught:
        framing.close()

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("method", "status", "headers", "kind"),
    [
        ("GET", 200, {"transfer-encoding": "chunked"}, Chunked),
        ("GET", 200, {"transfer-encoding": "Chunked", "content-length": "3"}, Chunked),
        ("GET", 200, {"content-length": "3"}, Sized),
        ("GET", 200, {}, UntilClose),
        ("HEAD", 200, {"content-length": "3"}, Sized),
        ("GET", 204, {}, Sized),
        ("GET", 304, {"content-length": "3"}, Sized),
    ],
)
def test_the_head_says_how_a_body_ends(
    method: str, status: int, headers: dict[str, str], kind: type
) -> None:
    framing = body_framing(method, status, headers)

    assert type(framing) is kind
    assert framing.done == (method == "HEAD" or status in (204, 304))


def test_early_heads_are_skipped() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"

    assert after_head(early + HEAD + b"5\r\nhello") == b"5\r\nhello"
    assert after_head(HEAD) == b""
