"""Kernel stamps under TLS, through proxies, and under TLS in TLS."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

import streamlab as sl
from streamlab.many import Lab
from streamlab.net.tls import TLSLayer
from tests.capture.test_record import Record, both
from tests.net.relays import Authority, proxy, relay_to, serving

TIER = "kernel" if sys.platform == "linux" else "user"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def tls_port(authority: Authority, fast_lab: Lab) -> Iterator[int]:
    """The lab behind TLS."""
    port = urlsplit(fast_lab.url).port
    assert port is not None
    with serving(relay_to(port), authority.server_context()) as tls_port:
        yield tls_port


def check(rec: sl.Recording) -> None:
    """All was received, stamped in the best tier, and later than the lab sent it."""
    assert rec.problem is None
    assert rec.text
    assert set(rec.reads["stamp"]) == {TIER}
    sent_ns = rec.reads["server_sent_ns"]
    if sent_ns.notna().all():
        assert (sent_ns - 50_000 <= rec.reads["arrived_ns"]).all()


@both
def test_tls_has_kernel_stamps(
    record: Record, tls_port: int, authority: Authority, fast_lab: Lab
) -> None:
    rec = record(
        sl.openai(
            "steady",
            base_url=f"https://localhost:{tls_port}/v1",
            verify=authority.client_context(),
        ),
        "hi",
    )

    check(rec)
    assert rec.reads["server_sent_ns"].notna().all()
    assert {"tls", "tls_done"} <= set(rec.tape.marks)
    assert rec.tape.marks["tls_done"] <= rec.tape.marks["request_sent"]
    assert rec.tape.marks["first_read"] >= rec.tape.marks["request_sent"]
    assert rec.body == record(fast_lab.endpoint("steady"), "hi").body


@both
def test_an_unknown_authority_is_no_connection(record: Record, tls_port: int) -> None:
    rec = record(sl.openai("steady", base_url=f"https://localhost:{tls_port}/v1"), "hi")

    assert rec.end.how == "connect"
    assert "certificate verify failed" in rec.end.detail


@both
def test_a_wrong_name_is_no_connection(
    record: Record, tls_port: int, authority: Authority
) -> None:
    """SNI and the name's check are at work: the certificate is for localhost."""
    rec = record(
        sl.openai(
            "steady",
            base_url=f"https://localhost.localdomain:{tls_port}/v1",
            verify=authority.client_context(),
        ),
        "hi",
    )

    assert rec.end.how == "connect"


@both
def test_verify_false_and_a_path_are_httpx_own(record: Record, tls_port: int) -> None:
    url = f"https://localhost:{tls_port}/v1"

    check(record(sl.openai("steady", base_url=url, verify=False), "hi"))


@both
def test_a_client_certificate_is_shown(
    record: Record, authority: Authority, fast_lab: Lab
) -> None:
    port = urlsplit(fast_lab.url).port
    assert port is not None
    with serving(relay_to(port), authority.server_context(ask_for_certificate=True)) as tls:
        url = f"https://localhost:{tls}/v1"
        with_one = authority.client_context(with_certificate=True)
        check(record(sl.openai("steady", base_url=url, verify=with_one), "hi"))
        without = record(
            sl.openai("steady", base_url=url, verify=authority.client_context()), "hi"
        )

    assert without.end.how in ("connect", "reset")


@both
def test_a_forward_proxy_is_gone_through(record: Record, fast_lab: Lab) -> None:
    log: list[str] = []
    with serving(proxy(log)) as port:
        rec = record(
            sl.openai("steady", base_url=fast_lab.base_url, proxy=f"http://127.0.0.1:{port}"),
            "hi",
        )

    check(rec)
    assert f"POST {fast_lab.url}/v1/chat/completions" in log


@both
def test_a_proxy_of_the_environment_is_gone_through(
    record: Record, fast_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    with serving(proxy(log)) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        rec = record(sl.openai("steady", base_url=fast_lab.base_url), "hi")

    check(rec)
    assert any(line.startswith("POST") for line in log)


@both
def test_connect_tunnels_tls(record: Record, tls_port: int, authority: Authority) -> None:
    log: list[str] = []
    with serving(proxy(log)) as port:
        rec = record(
            sl.openai(
                "steady",
                base_url=f"https://localhost:{tls_port}/v1",
                proxy=f"http://127.0.0.1:{port}",
                verify=authority.client_context(),
            ),
            "hi",
        )

    check(rec)
    assert log[0] == f"CONNECT localhost:{tls_port}"
    assert rec.tape.marks["request_sent"] >= rec.tape.marks["tls_done"]


@both
def test_tls_in_tls_has_kernel_stamps(
    record: Record, tls_port: int, authority: Authority
) -> None:
    """An HTTPS proxy: TLS to the proxy, and in its tunnel TLS to the server."""
    import httpx

    log: list[str] = []
    with serving(proxy(log), authority.server_context()) as port:
        rec = record(
            sl.openai(
                "steady",
                base_url=f"https://localhost:{tls_port}/v1",
                proxy=httpx.Proxy(
                    f"https://localhost:{port}", ssl_context=authority.client_context()
                ),
                verify=authority.client_context(),
            ),
            "hi",
        )

    check(rec)
    assert log[0] == f"CONNECT localhost:{tls_port}"


def test_a_layer_gives_plaintext_with_the_ciphertext_that_completes_it(
    authority: Authority,
) -> None:
    """Without a socket: cut a record in two, and nothing comes before its last byte."""
    client = TLSLayer(authority.client_context(), "localhost")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = authority.server_context().wrap_bio(incoming, outgoing, server_side=True)
    done = False
    while not (client.handshake() and done):
        incoming.write(client.pending())
        try:
            server.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            pass
        client.feed(outgoing.read()) if outgoing.pending else None
    client.plaintext()  # session tickets

    server.write(b"hello")
    ciphertext = outgoing.read()
    client.feed(ciphertext[:-1])
    assert client.plaintext() is None
    client.feed(ciphertext[-1:])
    assert client.plaintext() == b"hello"
    client.feed(b"")
    assert client.plaintext() == b""
