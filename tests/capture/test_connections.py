"""Where no connection is made: the sentence names the proxy, the variable or the argument."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

import streamlab as sl
from streamlab.errors import UsageError
from streamlab.many import Lab
from tests.capture.test_record import Record, both
from tests.net.relays import Authority, answering, join, proxy, relay_to, serving

REFUSED = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"
LOGIN = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n"
    b"content-length: 0\r\n\r\n"
)
MISSING = "/nonexistent/cacert.pem"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where no server listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def port_of(lab: Lab) -> int:
    port = urlsplit(lab.url).port
    assert port is not None
    return port


def asked(record: Record, url: str, **http: object) -> sl.Recording:
    return record(sl.openai("steady", base_url=f"{url}/v1", api_key="k", **http), "hi")


@both
@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("HTTP_PROXY", "http://a.invalid"),
        ("http_proxy", "http://a.invalid"),
        ("HTTPS_PROXY", "https://a.invalid"),
        ("https_proxy", "https://a.invalid"),
        ("ALL_PROXY", "https://a.invalid:8443"),
        ("all_proxy", "http://a.invalid"),
    ],
)
def test_a_dead_proxy_is_named_with_its_variable(
    record: Record,
    variable: str,
    url: str,
    closed_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, f"http://user:SECRETWORD@127.0.0.1:{closed_port}")
    rec = asked(record, url)

    assert rec.end.how == "connect"
    assert rec.problem == (
        f"no connection to {urlsplit(url).netloc} through the proxy http://127.0.0.1:"
        f"{closed_port} ({variable}): ConnectError: [Errno 111] Connection refused. "
        "Check the proxy; to go without, leave out proxy= or unset the variable."
    )
    assert "SECRETWORD" not in str(rec.meta)


@both
@pytest.mark.parametrize(
    ("url", "answer", "words"),
    [
        (
            "https://a.invalid",
            REFUSED,
            "403 Forbidden. Check the proxy; to go without",
        ),
        ("https://a.invalid", LOGIN, "It asks for a user and a password"),
        ("http://a.invalid", LOGIN, "which may have answered itself. It asks for a user"),
        ("http://a.invalid", REFUSED, "which may have answered itself."),
        ("https://a.invalid", b"", "The request went through the proxy"),
        ("http://a.invalid", b"", "The request went through the proxy"),
        ("http://a.invalid", b"SSH-2.0-OpenSSH_9\r\n", "The request went through the proxy"),
    ],
)
def test_a_proxy_that_refuses_is_named(
    record: Record, url: str, answer: bytes, words: str
) -> None:
    with serving(answering(answer)) as port:
        rec = asked(record, url, proxy=f"http://127.0.0.1:{port}")

    assert rec.problem is not None
    assert f"the proxy http://127.0.0.1:{port} (proxy=)" in rec.problem
    assert words in rec.problem
    assert "Start the server" not in rec.problem


def test_a_tapped_client_names_its_proxy_too(closed_port: int) -> None:
    with (
        httpx.Client(proxy=f"http://127.0.0.1:{closed_port}") as http,
        sl.tap(http) as tap,
        pytest.raises(httpx.ConnectError),
    ):
        http.get("https://a.invalid")
    (rec,) = tap.recordings
    assert f"through the proxy http://127.0.0.1:{closed_port} (proxy=)" in str(rec.problem)


EXPIRED = {"not_after": datetime.now(UTC) - timedelta(days=1)}


@both
@pytest.mark.parametrize(
    ("certificate", "trusted", "words", "way"),
    [
        ({}, False, "unable to get local issuer certificate", "in SSL_CERT_FILE"),
        (EXPIRED, True, "certificate has expired", "Renew the server's certificate"),
        (
            {"name": "other.example"},
            True,
            "Hostname mismatch",
            "a name that the certificate has",
        ),
    ],
)
def test_a_certificate_that_is_not_trusted_names_what_would_trust_it(
    record: Record,
    certificate: dict[str, object],
    trusted: bool,
    words: str,
    way: str,
    fast_lab: Lab,
) -> None:
    authority, relay = Authority(), relay_to(port_of(fast_lab))
    with (
        serving(relay, authority.server_context(**certificate)) as port,  # type: ignore[arg-type]
        serving(proxy([])) as between,
    ):
        options = {"verify": authority.client_context()} if trusted else {}
        url = f"https://localhost:{port}"
        direct = asked(record, url, **options)
        through = asked(record, url, **options, proxy=f"http://127.0.0.1:{between}")

    for rec in (direct, through):
        assert rec.end.how == "connect"
        assert words in str(rec.problem)
        assert f"{way}, or pass verify=" in str(rec.problem)
        assert "Start the server" not in str(rec.problem)
    assert f"through the proxy http://127.0.0.1:{between} (proxy=)" in str(through.problem)


@both
def test_a_server_without_tls_is_no_server_to_start(record: Record, fast_lab: Lab) -> None:
    rec = asked(record, f"https://127.0.0.1:{port_of(fast_lab)}")

    assert str(rec.problem).endswith(
        "Check the URL: its scheme and port, and whether the server speaks TLS there."
    )


@both
def test_the_trusted_certificates_follow_the_variable(
    record: Record,
    authority: Authority,
    fast_lab: Lab,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(Authority().pem)
    with serving(relay_to(port_of(fast_lab)), authority.server_context()) as port:
        url = f"https://localhost:{port}"
        assert asked(record, url).end.how == "connect"
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert asked(record, url).end.how == "connect"  # another authority's
        file.write_bytes(authority.pem)
        assert asked(record, url).problem is None
        assert asked(record, url, trust_env=False).end.how == "connect"
        monkeypatch.delenv("SSL_CERT_FILE")
        assert asked(record, url).end.how == "connect"


@both
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_missing_file_of_certificates_is_named(
    record: Record, variable: str, fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, MISSING)

    with pytest.raises(UsageError) as caught:
        asked(record, "https://a.invalid")
    assert str(caught.value) == (
        f"{variable} names the certificates to trust, and '{MISSING}' cannot be used: "
        "No such file or directory. Correct the variable or unset it, or pass verify=."
    )
    assert asked(record, fast_lab.url).problem is None  # clear HTTP needs no certificates
    assert asked(record, "https://a.invalid", trust_env=False).end.how == "connect"


@both
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"NO_PROXY": "localhost,fd00::/8"}, ("NO_PROXY takes hosts", "and fd00::/8 came")),
        (
            {"no_proxy": "::1/128", "HTTP_PROXY": "http://127.0.0.1:1"},
            ("no_proxy takes", "::1/128"),
        ),
        ({"ALL_PROXY": "socks5://127.0.0.1:1"}, ("ALL_PROXY needs", "streamlab[socks]")),
        ({"https_proxy": "socks5h://127.0.0.1:1"}, ("https_proxy needs", "streamlab[socks]")),
        ({"HTTPS_PROXY": "socks4://u:SECRETWORD@h:1"}, ("HTTPS_PROXY takes a URL",)),
        ({"HTTP_PROXY": "http://u:SECRETWORD@h:x"}, ("HTTP_PROXY takes a URL",)),
    ],
)
def test_a_variable_that_httpx_cannot_use_is_named(
    record: Record,
    variables: dict[str, str],
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # not installed
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(UsageError) as caught:
        asked(record, "http://a.invalid")
    assert all(word in str(caught.value) for word in words)
    assert "SECRETWORD" not in str(caught.value)


@both
@pytest.mark.parametrize(
    ("option", "words"),
    [
        (
            {"proxy": "socks5://127.0.0.1:1"},
            ("proxy= needs the package socksio: install streamlab[socks]",),
        ),
        ({"proxy": "127.0.0.1:1"}, ("proxy= takes a URL",)),
        ({"cert": MISSING}, ("cert= cannot be used", "No such file")),
    ],
)
@pytest.mark.filterwarnings("ignore:.*cert=.* is deprecated:DeprecationWarning")
def test_an_option_that_httpx_cannot_use_is_named(
    record: Record,
    option: dict[str, str],
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)

    with pytest.raises(UsageError) as caught:
        asked(record, "http://a.invalid", **option)
    assert all(word in str(caught.value) for word in words)


@both
def test_a_socks_proxy_is_gone_through_and_named_when_dead(
    record: Record, closed_port: int, fast_lab: Lab
) -> None:
    pytest.importorskip("socksio")
    with serving(socks5) as port:
        assert asked(record, fast_lab.url, proxy=f"socks5://127.0.0.1:{port}").problem is None
    dead = asked(record, fast_lab.url, proxy=f"socks5://127.0.0.1:{closed_port}")
    assert f"the proxy socks5://127.0.0.1:{closed_port} (proxy=)" in str(dead.problem)


async def socks5(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve as a SOCKS5 proxy (RFC 1928) that asks for no password."""
    _, n_methods = await reader.readexactly(2)
    await reader.readexactly(n_methods)
    writer.write(b"\x05\x00")
    *_, kind = await reader.readexactly(4)
    size = 4 if kind == 1 else (await reader.readexactly(1))[0]
    await reader.readexactly(size)
    port = int.from_bytes(await reader.readexactly(2), "big")
    writer.write(b"\x05\x00\x00\x01" + bytes(6))
    await join(reader, writer, port)


EVERYTHING = {
    "HTTP_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "socks5://127.0.0.1:1",
    "NO_PROXY": "fd00::/8",
    "SSL_CERT_FILE": MISSING,
}


@both
@pytest.mark.parametrize("variable", EVERYTHING)
def test_the_lab_is_asked_whatever_the_environment_says(
    record: Record, variable: str, fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, EVERYTHING[variable])
    rec = record(fast_lab.endpoint("steady"), "hi")

    assert rec.problem is None
    assert rec.reads["server_sent_ns"].notna().all()  # the log was asked for, too
