"""Content-encodings: decoded early, the same under any cuts, and without exceptions."""

import gzip
import sys
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from streamlab.decode.content import content_decoder
from tests.decode.drive import cut, cuttings

BODY = b"".join(b'data: {"choices":[{"delta":{"content":"%d"}}]}\n\n' % n for n in range(40))


def raw_deflate(body):
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


def in_two(encode):
    return lambda body: encode(body[: len(body) // 2]) + encode(body[len(body) // 2 :])


def identity(body):
    return body


ENCODERS = {
    "identity": ("identity", identity),
    "nothing said": ("", identity),
    "gzip": ("gzip", gzip.compress),
    "gzip of two members": ("gzip", in_two(gzip.compress)),
    "gzip in capitals": (" GZIP ", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without zlib's wrapping": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.compress),
    "zstd of two frames": ("zstd", in_two(zstandard.compress)),
    "two, the last one outermost": ("gzip, br", lambda b: brotli.compress(gzip.compress(b))),
    "identity among others": ("identity, gzip", gzip.compress),
}
each_encoder = pytest.mark.parametrize(("encoding", "encode"), ENCODERS.values(), ids=ENCODERS)


def decode(encoding, pieces):
    decoder = content_decoder(encoding)
    body = b"".join([decoder.feed(piece) for piece in pieces])
    decoder.close()
    return body, decoder.error


@each_encoder
@given(body=st.binary() | st.just(BODY), cuts=cuttings)
def test_a_body_comes_back_however_it_is_cut(encoding, encode, body, cuts):
    assert decode(encoding, cut(encode(body), cuts)) == (body, None)


@each_encoder
def test_a_body_comes_back_byte_by_byte_and_no_body_is_no_error(encoding, encode):
    sent = encode(BODY)

    assert decode(encoding, [sent[n : n + 1] for n in range(len(sent))]) == (BODY, None)
    assert decode(encoding, []) == (b"", None)
    assert decode(encoding, [b""]) == (b"", None)


def gzip_pieces(texts):
    stream = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    return [stream.compress(text) + stream.flush(zlib.Z_SYNC_FLUSH) for text in texts]


def br_pieces(texts):
    stream = brotli.Compressor()
    return [stream.process(text) + stream.flush() for text in texts]


def zstd_pieces(texts):
    stream = zstandard.ZstdCompressor().compressobj()
    flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    return [stream.compress(text) + stream.flush(flush) for text in texts]


FLUSHED = {"gzip": gzip_pieces, "br": br_pieces, "zstd": zstd_pieces}


@pytest.mark.parametrize(("encoding", "pieces_of"), FLUSHED.items(), ids=FLUSHED)
def test_what_a_server_flushed_is_out_with_its_last_byte_at_the_latest(encoding, pieces_of):
    texts = [b"data: %d\n\n" % n for n in range(20)]
    decoder = content_decoder(encoding)

    for text, piece in zip(texts, pieces_of(texts), strict=True):
        assert b"".join(decoder.feed(piece[n : n + 1]) for n in range(len(piece))) == text


DAMAGED = {
    "gzip": "Error -3 while decompressing data: incorrect header check",
    "deflate": "Error -3 while decompressing data: incorrect header check",
    "br": "brotli: decoder failed",
    "zstd": "zstd decompressor error: Unknown frame descriptor",
}


@pytest.mark.parametrize(("encoding", "reason"), DAMAGED.items(), ids=DAMAGED)
def test_damage_is_said_in_a_sentence_and_stops_the_output(encoding, reason):
    error = (
        f"the body is not valid {encoding}: {reason}; the rest of it is lost. "
        "Ask for Accept-Encoding: identity."
    )
    decoder = content_decoder(encoding)

    assert decoder.feed(b"\xf8<html>this is no such thing</html>" * 9) == b""
    assert decoder.error == error
    assert decoder.feed(ENCODERS[encoding][1](BODY)) == b""
    decoder.close()
    assert decoder.error == error


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_what_came_before_the_damage_is_kept(encoding):
    sent = ENCODERS[encoding][1](BODY)

    body, error = decode(encoding, [sent + b"\xf8garbage behind it"])

    assert body == BODY
    assert error.startswith(f"the body is not valid {encoding}: ")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_cut_off_is_decoded_as_far_as_it_goes(encoding):
    sent = ENCODERS[encoding][1](BODY)

    body, error = decode(encoding, [sent[: len(sent) - 1]])

    assert BODY.startswith(body)
    assert error == (
        f"the body ends before its {encoding} data is complete; what arrived is decoded."
    )


def test_of_an_unknown_encoding_the_bytes_are_handed_on():
    body, error = decode("compress", [b"\x1f\x9d", b"abc"])

    assert body == b"\x1f\x9dabc"
    assert error == (
        "the body is encoded as 'compress', not as one of gzip, x-gzip, deflate, br, zstd; "
        "it stays encoded. Ask for Accept-Encoding: identity."
    )


def test_what_lies_under_an_unknown_encoding_is_left_alone():
    sent = gzip.compress(BODY)

    assert decode("gzip, snappy", [sent])[0] == sent
    assert decode("snappy, gzip", [sent])[0] == BODY
    assert "'snappy'" in decode("snappy, gzip", [sent])[1]


MISSING = {"br": ("brotli", "brotlicffi"), "zstd": ("zstandard", "compression.zstd")}


@pytest.mark.parametrize(("encoding", "packages"), MISSING.items(), ids=MISSING)
def test_a_missing_package_is_named(monkeypatch, encoding, packages):
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed

    body, error = decode(encoding, [b"abc"])

    assert body == b"abc"
    assert error == (
        f"the body is encoded as {encoding} and no package that decodes it is installed; it "
        f"stays encoded. Install {packages[0]}, or ask for Accept-Encoding: identity."
    )


encodings = st.lists(
    st.sampled_from(["gzip", "deflate", "br", "zstd", "identity", "what", ""]), max_size=3
).map(", ".join)


@given(encodings, st.binary(), cuttings)
def test_no_bytes_raise(encoding, body, cuts):
    decode(encoding, cut(body, cuts))


@given(st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.data(), cuttings)
def test_no_damage_raises(encoding, data, cuts):
    sent = bytearray(ENCODERS[encoding][1](BODY))
    at = data.draw(st.integers(0, len(sent) - 1))
    sent[at] ^= data.draw(st.integers(1, 255))

    decode(encoding, cut(bytes(sent), cuts))
