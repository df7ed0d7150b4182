"""TLS between two memory buffers, without a socket."""

from __future__ import annotations

import ssl

import pytest
import trustme

from streamlab.net.tls import TLSLayer


def connected() -> tuple[TLSLayer, ssl.SSLObject, ssl.MemoryBIO]:
    """Return a layer after its handshake, the server's object, and what that one sends."""
    ca = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    ca.issue_cert("localhost").configure_cert(theirs)
    ca.configure_trust(ours)
    layer, incoming, outgoing = TLSLayer(ours, "localhost"), ssl.MemoryBIO(), ssl.MemoryBIO()
    server = theirs.wrap_bio(incoming, outgoing, server_side=True)
    while not layer.handshake():
        incoming.write(layer.pending())
        with pytest.raises(ssl.SSLWantReadError):
            server.do_handshake()
        layer.feed(outgoing.read())
    incoming.write(layer.pending())
    server.do_handshake()
    layer.feed(outgoing.read())
    assert layer.plaintext() is None
    return layer, server, outgoing


def test_a_record_that_is_broken_costs_nothing_that_came_before_it() -> None:
    layer, server, outgoing = connected()
    server.write(b"good")
    good = outgoing.read()
    server.write(b"bad")
    bad = bytearray(outgoing.read())
    bad[-1] ^= 1

    layer.feed(good + bad)

    assert layer.plaintext() == b"good"
    for _ in range(2):  # and never looks like a clean end
        with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
            layer.plaintext()
