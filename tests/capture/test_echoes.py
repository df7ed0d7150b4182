"""A server repeats a secret of the request, in every place and form: no copy of it is kept."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import brotli
import httpx
import pytest
import requests
import zstandard

import streamlab as sl
from streamlab.capture.screen import Screen
from streamlab.follow import Follower
from streamlab.recording import Recording
from streamlab.tape import Journal, Recorder, Stamp, load
from tests.capture.test_record import Record, both
from tests.servers.raw import raw_server, sends
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("without_pixels")

KEY = "sk-proj-0123/456789_abcDEF"
STARS = b"*" * len(KEY)
OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


def escaped(key: str, how: str) -> str:
    return "".join(how.format(ord(char)) for char in key)


ESCAPE = re.compile(r"\\u00(..)|%(..)|\\/|\\.{0,4}$|%.?$")


def unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else "/" if found[0] == "\\/" else ""


FORMS = {
    "as it is": KEY,
    "json": KEY.replace("/", "\\/"),
    "json, all lower": escaped(KEY, "\\u{:04x}"),
    "json, all upper": escaped(KEY, "\\u{:04X}"),
    "url": KEY.replace("/", "%2F"),
    "url, all lower": escaped(KEY, "%{:02x}"),
    "url, all upper": escaped(KEY, "%{:02X}"),
    "mixed": escaped(KEY[:5], "\\u{:04x}") + KEY[5:9] + escaped(KEY[9:], "%{:02X}"),
}


def everything(rec: Recording, folder: Path) -> list[str]:
    """Return all that a user can see or save of a recording."""
    rec.save(folder / "kept.jsonl")
    rec.save(folder / "kept.parquet")
    return [
        repr(rec),
        str(rec),
        rec._repr_html_(),
        json.dumps(rec.meta),
        repr(bytes(rec.body)),
        rec.lines.to_csv() if len(rec.lines) else "",
        rec.deltas.to_csv() if len(rec.deltas) else "",
        str(rec.problem),
        str(rec.end),
        *(repr(path.read_bytes()) for path in folder.glob("*")),
    ]


def check(rec: Recording, folder: Path, key: str = KEY) -> None:
    forms = [key, *(json.dumps(form)[1:-1] for form in FORMS.values()), *FORMS.values()]
    found = [(form, text) for text in everything(rec, folder) for form in forms if form in text]
    assert found == []


def chunked(*pieces: bytes, trailer: bytes = b"", extension: bytes = b"") -> bytes:
    framed = b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces)
    return framed + b"0\r\n" + trailer + b"\r\n"


@both
@pytest.mark.parametrize("form", FORMS)
def test_an_echo_in_the_body_is_masked_in_every_form(
    record: Record, form: str, tmp_path: Path
) -> None:
    echo = FORMS[form].encode()
    body = b'data: {"a":"' + echo + b'"}\n\ndata: ' + echo + b"\n\n" + echo
    with raw_server(sends(OK + b"content-length: %d\r\n\r\n" % len(body) + body)) as url:
        rec = record(
            sl.endpoint(url, dialect="sse", api_key=KEY), save=tmp_path / "journal.jsonl"
        )

    assert rec.body == body.replace(echo, b"*" * len(echo))
    check(rec, tmp_path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_an_echo_that_is_cut_over_reads_is_masked(form: str, step: int, tmp_path: Path) -> None:
    echo = FORMS[form].encode()
    body = b"data: sk-pro then " + echo + b" and\ndata: sk-\n\n" + echo[:-1] + b"data: end\n\n"
    recorder = Recorder()
    screen, follower = Screen(recorder, [KEY]), Follower(recorder, "sse")
    with Journal(recorder, tmp_path / "a.jsonl") as book:
        for n, at in enumerate(range(0, len(body), step)):
            recorder.append(screen.passed(body[at : at + step]), Stamp(n, n))
            screen.settle()
            follower.poll()
            book.pump()
            assert len(recorder.body) == min(at + step, len(body))  # on tape at once
            held = bytes(recorder.body[recorder.settled :]).decode()
            assert KEY.startswith(ESCAPE.sub(unescaped, held))
            assert echo not in (tmp_path / "a.jsonl").read_bytes()
        screen.close()
        recorder.end("eof")
    follower.close()
    tape = recorder.finish()

    assert bytes(tape.body) == body.replace(echo, b"*" * len(echo))
    assert bytes(load(tmp_path / "a.jsonl").body) == bytes(tape.body)
    assert list(load(tmp_path / "a.jsonl").columns.ends) == list(tape.columns.ends)
    again = Follower(tape, "sse")
    again.close()
    assert again.lines.ends == follower.lines.ends
    assert again.lines_after == follower.lines_after


def test_two_secrets_that_overlap_are_both_masked() -> None:
    one, two = "abcdefGHIJ", "GHIJklmnop"
    recorder = Recorder()
    screen = Screen(recorder, [one, two])
    for n, char in enumerate(b"<abcdefGHIJklmnop>"):
        recorder.append(screen.passed(bytes([char])), Stamp(n, n))
        screen.settle()

    assert bytes(recorder.body) == b"<****************>"


@both
def test_a_secret_that_begins_with_another_is_masked_whole(record: Record) -> None:
    body = b"data: secret-long-key-123 secret\n\n"
    with raw_server(sends(OK + b"content-length: %d\r\n\r\n" % len(body) + body)) as url:
        endpoint = sl.endpoint(
            url, dialect="sse", api_key="secret-long-key-123", headers={"x-key": "secret"}
        )
        rec = record(endpoint)

    assert rec.body == b"data: " + b"*" * 19 + b" " + b"*" * 6 + b"\n\n"


def test_a_secret_that_the_end_of_the_body_cuts_is_masked() -> None:
    for kept, shown in ((20, b"*" * 20), (4, KEY[:4].encode())):
        recorder = Recorder()
        screen = Screen(recorder, [KEY])
        recorder.append(screen.passed(b"key " + KEY[:kept].encode()), Stamp(1, 1))
        screen.close()

        assert bytes(recorder.body) == b"key " + shown


def test_max_bytes_that_cuts_a_secret_keeps_no_part_of_it(tmp_path: Path) -> None:
    body = b"data: " + KEY.encode() + b"\n\n"
    with raw_server(sends(OK + b"content-length: %d\r\n\r\n" % len(body) + body)) as url:
        rec = sl.record(sl.endpoint(url, dialect="sse", api_key=KEY), max_bytes=26)

    assert rec.body == b"data: " + b"*" * 20


def test_a_long_secret_is_masked_and_costs_no_more_at_each_byte() -> None:
    key = base64.b64encode(bytes(range(256)) * 12).decode()
    recorder = Recorder()
    screen = Screen(recorder, [key])
    for n, char in enumerate(("x" + key + "y").encode()):
        recorder.append(screen.passed(bytes([char])), Stamp(n, n))
        screen.settle()
        assert len(recorder.body) - (recorder.settled or 0) <= 256

    assert bytes(recorder.body) == b"x" + b"*" * len(key) + b"y"


PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END KEY-----"


@both
@pytest.mark.parametrize(
    ("options", "secret"),
    [
        ({"headers": {"x-api-key": "my key of 2 words"}}, "my key of 2 words"),
        ({"headers": {"cookie": f"lang=en; sid={KEY}; x=1"}}, KEY),
        (
            {
                "headers": {
                    "authorization": "Basic " + base64.b64encode(b"me:pa55word").decode()
                }
            },
            "pa55word",
        ),
        ({"json": {"tools": [{"auth": {"deep": [{"v": KEY}]}}]}}, KEY),
        ({"json": {"accessToken": KEY}}, KEY),
        ({"json": {"url": f"https://me:{KEY.replace('/', '_')}@h/x"}}, KEY.replace("/", "_")),
        ({"json": {"url": f"https://h/x?sessionToken={KEY.replace('/', '%2F')}"}}, KEY),
        ({"json": {"headers": {"Cookie": f"a=b; id={KEY}"}}}, KEY),
        ({"json": {"private_key": PEM}}, "MIIEvQIBADANBgkqhkiG9w0BAQEF"),
        ({"json": {"token": 12345678901234567890}}, "12345678901234567890"),
    ],
)
def test_each_secret_of_a_request_is_known(
    record: Record, options: dict[str, dict[str, object]], secret: str, tmp_path: Path
) -> None:
    body = f"data: {secret}\n\n".encode()
    with raw_server(sends(OK + b"content-length: %d\r\n\r\n" % len(body) + body)) as url:
        rec = record(sl.endpoint(url, dialect="sse", **options))

    assert rec.body == b"data: " + b"*" * len(secret) + b"\n\n"
    assert secret not in json.dumps(rec.meta)


@both
@pytest.mark.parametrize(
    "head",
    [
        f"HTTP/1.1 401 bad key {KEY}\r\n",
        f"HTTP/1.1 200 OK\r\nx-echo: {KEY}\r\n",
        f"HTTP/1.1 200 OK\r\nset-cookie: a={KEY}\r\n",
        f"HTTP/1.1 200 OK\r\nlocation: /?a={KEY}&token=abc\r\n",
        f"HTTP/1.1 200 OK\r\ncontent-type: text/plain; k={KEY}\r\n",
        f"HTTP/1.1 200 OK\r\ncontent-encoding: {KEY}\r\n",
        f"HTTP/1.1 200 OK\r\nx-streamlab-stream: {KEY}\r\n",
        f"HTTP/1.1 200 OK\r\nx-{KEY.replace('/', '')}: 1\r\n",
        "HTTP/1.1 401 " + FORMS["json, all lower"] + "\r\n",
        f"HTTP/1.1 200 OK\r\nbroken {KEY} header\r\n",
        f"HTTP/1.1 {KEY}\r\n",
        f"HTTP/1.1 200 OK\r\n{'x' * 50}{KEY}\r\n",
    ],
)
def test_an_echo_in_the_head_is_masked(record: Record, head: str, tmp_path: Path) -> None:
    key = KEY.replace("/", "") if "x-sk" in head else KEY
    with raw_server(sends(head.encode() + b"content-length: 2\r\n\r\nok")) as url:
        rec = record(
            sl.endpoint(f"{url}/{key}", dialect="sse", api_key=key),
            save=tmp_path / "journal.jsonl",
        )

    check(rec, tmp_path, key)


@both
@pytest.mark.parametrize(
    "body",
    [
        chunked(b"data: 1\n\n", extension=f";{KEY}={KEY}".encode()),
        chunked(b"data: 1\n\n", trailer=f"x: {KEY}\r\n".encode()),
        chunked(b"data: 1\n\n")[:-5] + f"{KEY}\r\n".encode(),
        chunked(b"data: 1\n\n")[:-5] + f"zz{'z' * 40}{KEY}\r\n".encode(),
        b"3\r\nabc" + KEY.encode(),
    ],
)
def test_an_echo_in_the_framing_is_masked(record: Record, body: bytes, tmp_path: Path) -> None:
    with raw_server(sends(OK + b"transfer-encoding: chunked\r\n\r\n" + body)) as url:
        rec = record(sl.endpoint(url, dialect="sse", api_key=KEY))

    check(rec, tmp_path)
    assert KEY[:12] not in str(rec.end)


SQUEEZE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
}


@both
@pytest.mark.parametrize("encoding", SQUEEZE)
def test_a_compressed_body_with_a_secret_is_stored_decoded(
    record: Record, encoding: str, tmp_path: Path
) -> None:
    plain = b"data: 1\n\n" * 50 + b"data: " + KEY.encode() + b"\n\ndata: 2\n\n"
    sent = SQUEEZE[encoding](plain)
    head = b"content-encoding: " + encoding.encode() + b"\r\n"
    with raw_server(sends(OK + head + b"content-length: %d\r\n\r\n" % len(sent) + sent)) as url:
        rec = record(
            sl.endpoint(url, dialect="sse", api_key=KEY), save=tmp_path / "journal.jsonl"
        )

    assert rec.body == plain.replace(KEY.encode(), STARS)
    assert rec.meta["content_encoding"] == "identity"
    assert rec.meta["stored"].startswith(f"decoded from {encoding}: a secret")
    assert ["content-encoding", encoding] in rec.meta["headers"]
    assert bytes(load(tmp_path / "journal.jsonl").body) == rec.body
    check(rec, tmp_path)


@both
def test_gzip_without_its_header_has_no_secret_either(record: Record, tmp_path: Path) -> None:
    sent = gzip.compress(json.dumps({"error": f"bad key {KEY}"}).encode())
    head = b"HTTP/1.1 401 no\r\ncontent-type: application/json\r\n"
    with raw_server(sends(head + b"content-length: %d\r\n\r\n" % len(sent) + sent)) as url:
        rec = record(
            sl.endpoint(url, dialect="openai_chat", api_key=KEY),
            "hi",
            save=tmp_path / "journal.jsonl",
        )

    assert f"bad key {STARS.decode()}" in str(rec.problem)
    check(rec, tmp_path)


@both
def test_a_compressed_body_without_a_secret_stays_as_it_was_sent(record: Record) -> None:
    sent = gzip.compress(b"data: 1\n\n" * 50)
    head = b"content-encoding: gzip\r\n"
    with raw_server(sends(OK + head + b"content-length: %d\r\n\r\n" % len(sent) + sent)) as url:
        rec = record(sl.endpoint(url, dialect="sse", api_key=KEY))

    assert rec.body == sent
    assert rec.meta["content_encoding"] == "gzip"
    assert len(rec.events) == 50


def squeezed() -> Iterator[tuple[bytes, bytes]]:
    """Yield the compressed writes of a stream, flushed, and their plain bytes."""
    squeeze = zlib.compressobj(wbits=31)
    parts = [
        b"data: 1\n\n",
        b"data: 2\n\ndata: " + KEY[:9].encode(),
        KEY[9:].encode() + b"\n\n",
    ]
    for plain in [*parts, b"data: 3\n\n"]:
        yield squeeze.compress(plain) + squeeze.flush(zlib.Z_SYNC_FLUSH), plain
    yield squeeze.flush(), b""


def test_followers_of_a_compressed_body_go_on_while_it_is_stored_decoded(
    tmp_path: Path,
) -> None:
    recorder = Recorder()
    recorder.meta["content_encoding"] = "gzip"
    screen = Screen(recorder, [KEY], "gzip")
    early, late = Follower(recorder, "sse"), Follower(recorder, "sse")
    told = []
    with Journal(recorder, tmp_path / "a.jsonl") as book:
        for n, (data, _) in enumerate(squeezed()):
            recorder.append(screen.passed(data), Stamp(n, n))
            while screen.work():
                pass
            screen.settle()
            early.poll()
            told += [early.deltas[d].text for d in early.interpret()]
            book.pump()
        screen.close()
        recorder.end("eof")
    for follower in (early, late):
        follower.close()

    plain = b"".join(plain for _, plain in squeezed()).replace(KEY.encode(), STARS)
    assert bytes(recorder.body) == plain
    assert told == ["1", "2", STARS.decode(), "3"]
    assert bytes(early.body) == bytes(late.body) == plain
    assert early.lines.ends == late.lines.ends
    assert early.lines_after == late.lines_after
    loaded = load(tmp_path / "a.jsonl")
    assert (bytes(loaded.body), loaded.columns.ends) == (plain, recorder.columns.ends)
    assert loaded.meta["content_encoding"] == "identity"
    assert KEY.encode() not in (tmp_path / "a.jsonl").read_bytes()


@pytest.mark.parametrize("step", [1, 5])
def test_the_consumer_of_a_tap_gets_true_bytes(step: int, tmp_path: Path) -> None:
    body = b"data: " + KEY.encode() + b"\n\ndata: 2\n\n"
    taps: list[sl.Tap] = []

    def answer(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(OK + b"content-length: %d\r\n\r\n" % len(body))
        for at in range(0, len(body), step):
            until(lambda at=at: taps[0].running and len(taps[0].running[0].body) == at)
            sock.sendall(body[at : at + step])

    with (
        raw_server(answer) as url,
        httpx.Client(headers={"x-api-key": KEY}) as client,
        sl.tap(client) as tap,
    ):
        taps.append(tap)
        with client.stream("POST", url, json={"model": "m", "key": KEY}) as response:
            got = b"".join(response.iter_raw())

    assert got == body
    (rec,) = tap.recordings
    assert rec.body == body.replace(KEY.encode(), STARS)
    assert len(rec.reads) > len(body) // step // 2
    check(rec, tmp_path)


def test_an_attached_response_is_masked(tmp_path: Path) -> None:
    body = b"data: " + FORMS["mixed"].encode() + b"\n\n"
    head = OK + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    with raw_server(sends(head + body)) as url:
        response = requests.post(url, headers={"api-key": KEY}, stream=True, timeout=20)
        with sl.attach(response) as s:
            assert b"".join(s.iter_raw()) == body
        response.close()

    check(s.recording, tmp_path)


@both
def test_the_logs_of_httpx_and_httpcore_have_no_key(
    record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    key = KEY.replace("/", "_")
    head = f"HTTP/1.1 200 {key}\r\nset-cookie: a=secretsecret\r\nx: {key}\r\n".encode()
    with raw_server(sends(head + b"content-length: 2\r\n\r\nok")) as url:
        record(sl.endpoint(f"{url}/?apiKey={key}&token=short", dialect="sse", api_key=key))

    assert "HTTP Request" in caplog.text
    assert "receive_response_headers" in caplog.text
    for secret in (key, "token=short", "secretsecret"):
        assert secret not in caplog.text


def test_the_logs_of_others_are_not_changed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with raw_server(sends(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as url:
        httpx.get(f"{url}/?token=mine")

    assert "?token=mine" in caplog.text


def test_the_key_of_gemini_is_in_its_header_and_not_in_the_url() -> None:
    seen: list[bytes] = []

    def answer(sock: socket.socket, request: bytes) -> None:
        seen.append(request)
        sock.sendall(OK + b"content-length: 0\r\n\r\n")

    with raw_server(answer) as url:
        asyncio.run(sl.arecord(sl.gemini("g", base_url=url, api_key=KEY), "hi"))

    line, _, headers = seen[0].partition(b"\r\n")
    assert KEY.encode() not in line
    assert b"x-goog-api-key: " + KEY.encode() in headers
