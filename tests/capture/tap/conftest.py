"""Real servers, each a process of its own, for the tests of taps."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from streamlab.net.connection import Exchange
from streamlab.tape import Stamp
from tests.servers.running import running


class Secure(NamedTuple):
    """A server over TLS, and what trusts it."""

    url: str
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def pages() -> Iterator[str]:
    """The URL of the pages under uvicorn."""
    with running("uvicorn_pages") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """The pages under hypercorn: TLS, HTTP/2 for a client that asks for it."""
    folder: Path = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(key)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with running("hypercorn_pages", str(chain), str(key)) as port:
        yield Secure(f"https://127.0.0.1:{port}", context)


@pytest.fixture(scope="session")
def proxy() -> Iterator[str]:
    """The URL of a forward proxy."""
    with running("proxy") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def mcp_url() -> Iterator[str]:
    """The URL of an MCP server."""
    with running("mcp_numbers") as port:
        yield f"http://127.0.0.1:{port}/mcp"


class Heard(NamedTuple):
    """One read of one connection, TLS taken off where there was any."""

    connection: Exchange
    stamp: Stamp
    data: bytes


Wire = list[Heard]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """All that any connection reads, in the order of the reads."""
    heard: Wire = []
    got: Callable[..., None] = Exchange.got

    def listen(self: Exchange, stamp: Stamp, data: bytes = b"") -> None:
        heard.append(Heard(self, stamp, data))
        got(self, stamp, data)

    monkeypatch.setattr(Exchange, "got", listen)
    return heard


@pytest.fixture(scope="session")
def tier() -> str:
    """The best tier of this machine."""
    from streamlab.net import kernel

    return "kernel" if kernel.available() else "user"
