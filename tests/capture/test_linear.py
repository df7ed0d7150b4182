"""Over a socket, the work grows linearly with what comes: in one long line, in many events.

Four times the bytes may cost at most eight times the CPU time of this process, which the server
shares.  Linear work costs four to six times, as more bytes do not fit in the caches; quadratic
work costs sixteen times.  A busy machine may spoil one try, and a quadratic step spoils all.
"""

import time

import pytest

import streamlab as sl
from tests.servers.raw import raw_server

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
KIB, MIB = 1 << 10, 1 << 20


def in_chunks(*pieces):
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def events(n_events):
    """Return so many events of one byte, each in a chunk of its own."""
    return in_chunks(b"data: x\n\n")[:-5] * n_events + in_chunks()


def line(n_bytes):
    """Return one event of so many bytes, in chunks of 1 KiB."""
    return in_chunks(b"data: ", *[b"x" * KIB] * (n_bytes // KIB), b"\n\n")


def record(endpoint):
    return sl.record(endpoint)


def stream(endpoint):
    with sl.stream(endpoint) as deltas:
        assert all(delta.text is not None for delta in deltas)
    return deltas.recording


def cpu_s(way, body):
    """Return the CPU seconds from the request to the last line."""

    def answer(sock, _request):
        sock.sendall(HEAD)
        sock.sendall(body)

    with raw_server(answer) as url:
        began = time.process_time()
        rec = way(sl.endpoint(url, dialect="sse"))
        n_lines = len(rec.tables.framed.lines)
        took = time.process_time() - began
    assert rec.end.how == "eof"
    assert n_lines == 2 * max(body.count(b"data: x\n"), 1)
    return took


@pytest.mark.parametrize("way", [record, stream])
@pytest.mark.parametrize(("shape", "size"), [(events, 10_000), (line, 4 * MIB)])
def test_what_comes_over_a_socket_costs_linear_time(way, shape, size):
    few, many = shape(size), shape(4 * size)
    growth = 16.0
    for _ in range(3):
        growth = min(growth, cpu_s(way, many) / cpu_s(way, few))
        if growth < 8:
            break

    assert growth < 8
