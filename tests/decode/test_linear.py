"""The time to parse grows linearly with the bytes, however they are cut.

Absolute times depend on the machine.  So each shape is measured at two sizes, one eight times
the other, and the fastest of a few runs counts.  Linear code takes about eight times as long,
or a little more where a cache is too small; quadratic code takes 64 times as long.
"""

import time

import pytest

from streamlab.decode import FRAMERS, SSEParser

GROWTH = 8
LIMIT = 3 * GROWTH


def seconds(make, pieces):
    """Return the shortest time of three to feed `pieces` to a new framer."""
    times = []
    for _ in range(3):
        framer = make()
        started = time.process_time()
        for piece in pieces:
            framer.feed(piece)
        framer.close()
        times.append(time.process_time() - started)
    return min(times)


def one_line_in_reads(n):
    return [b"data: ", *[b"x" * 512] * n, b"\n\n"]


def one_line_bytewise(n):
    return [b"x"] * n


def lines_bytewise(n):
    return [b"d", b"\r", b"\n", b"\n"] * (n // 4)


def events_in_one_read(n):
    return [b"data: x\n\n" * n]


def events_one_a_read(n):
    return [b"data: x\n\n"] * n


def crlf_events_cut_anywhere(n):
    body = b"event: e\r\ndata: x\r\n\r\n" * n
    return [body[at : at + 7] for at in range(0, len(body), 7)]


def data_lines_of_one_event(n):
    return [b"data: x\n" * n, b"\n"]


SHAPES = {
    one_line_in_reads: 1000,
    one_line_bytewise: 5000,
    lines_bytewise: 4000,
    events_in_one_read: 1000,
    events_one_a_read: 1000,
    crlf_events_cut_anywhere: 300,
    data_lines_of_one_event: 2000,
}


@pytest.mark.parametrize("framing", FRAMERS)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_time_is_linear(framing, shape):
    make, n = FRAMERS[framing], SHAPES[shape]
    for _ in range(3):  # a noisy neighbour may spoil one try, a quadratic step spoils all
        growth = seconds(make, shape(GROWTH * n)) / seconds(make, shape(n))
        if growth < LIMIT:
            break

    assert growth < LIMIT


def test_a_line_of_100_mb_is_one_event():
    parser = SSEParser()
    piece = b"x" * 2**20
    parser.feed(b"data: ")
    for _ in range(100):
        parser.feed(piece)

    (event,) = parser.feed(b"\n\n")

    assert len(event.data) == 100 * 2**20
    assert parser.lines.ends.tolist() == [6 + 100 * 2**20 + 1, 6 + 100 * 2**20 + 2]


def test_a_million_reads_of_one_byte():
    parser = SSEParser()
    body = b"data: 0123456789\n\n" * 55_556
    n_events = sum(len(parser.feed(body[at : at + 1])) for at in range(len(body)))

    assert n_events == 55_556
    assert len(parser.lines) == 2 * 55_556


def test_a_million_events_in_one_read():
    events = SSEParser().feed(b"data: x\n\n" * 1_000_000)

    assert len(events) == 1_000_000
    assert events[-1].last_line == 1_999_999
