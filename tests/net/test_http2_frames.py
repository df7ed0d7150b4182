"""Bytes of HTTP/2 streams and the reads that brought them; hyperframe makes the frames."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hyperframe.frame import (
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)
from hypothesis import given
from hypothesis import strategies as st

from streamlab.net.http2_frames import (
    MAX_LEDGERS,
    MAX_UNHELD_ROWS,
    PREFACE,
    Frames,
    Ledger,
    PieceStamps,
)
from streamlab.tape import Stamp

STREAMS = (1, 3, 5)


def at(t_ns: int) -> Stamp:
    return Stamp(t_ns, t_ns)


def data(stream_id: int, body: bytes, padding: int | None = None) -> DataFrame:
    frame = DataFrame(stream_id, body)
    if padding is not None:
        frame.flags.add("PADDED")
        frame.pad_length = padding
    return frame


def others() -> list[Frame]:
    return [
        SettingsFrame(0, settings={3: 100}),
        PingFrame(0, b"12345678"),
        HeadersFrame(1, b"\x88"),
        RstStreamFrame(3, 8),
    ]


frames_of_streams = st.lists(
    st.one_of(
        st.builds(
            data,
            st.sampled_from(STREAMS),
            st.binary(max_size=40),
            st.none() | st.integers(0, 9),
        ),
        st.sampled_from(others()),
    ),
    max_size=12,
)


@given(frames=frames_of_streams, cuts=st.sets(st.integers(0, 500)))
def test_every_byte_is_dated_by_the_read_that_brought_it(
    frames: list[Frame], cuts: set[int]
) -> None:
    wire, owners, bodies = b"", [], dict.fromkeys(STREAMS, b"")
    for frame in frames:  # an owner for each byte of the wire: a stream, or None
        serialized = frame.serialize()
        owner: list[int | None] = [None] * len(serialized)
        if isinstance(frame, DataFrame):
            start = 9 + ("PADDED" in frame.flags)
            owner[start : start + len(frame.data)] = [frame.stream_id] * len(frame.data)
            bodies[frame.stream_id] += frame.data
        wire, owners = wire + serialized, owners + owner
    edges = [0, *sorted(cut for cut in cuts if cut < len(wire)), len(wire)]
    counted = Frames()
    expected: dict[int, list[int]] = {stream: [] for stream in STREAMS}
    for t_ns, (start, end) in enumerate(pairwise(edges)):
        counted.feed(wire[start:end], at(t_ns))
        for stream in filter(None, owners[start:end]):
            expected[stream].append(t_ns)
    for stream in STREAMS:
        parts = list(PieceStamps(counted.ledger(stream)).parts(bodies[stream]))
        assert b"".join(part for part, _ in parts) == bodies[stream]
        dated = [stamp.seen_ns if stamp else -1 for part, stamp in parts for _ in part]
        assert dated == expected[stream]


def test_pieces_may_be_cut_otherwise_than_reads() -> None:
    ledger = Ledger()
    first, second = at(1), at(2)
    ledger.add(3, first)
    ledger.add(4, second)
    reader = PieceStamps(ledger)
    assert list(reader.parts(b"ab")) == [(b"ab", first)]
    assert list(reader.parts(b"cdef")) == [(b"c", first), (b"def", second)]
    assert list(reader.parts(b"g")) == [(b"g", second)]


def test_two_followers_of_one_stream_both_see_all_of_it() -> None:
    ledger = Ledger()
    ledger.add(2, at(1))
    assert list(PieceStamps(ledger).parts(b"ab")) == list(PieceStamps(ledger).parts(b"ab"))


def test_more_bytes_than_were_counted_have_no_stamp() -> None:
    ledger = Ledger()
    ledger.add(1, at(1))
    assert list(PieceStamps(ledger).parts(b"abc")) == [(b"a", at(1)), (b"bc", None)]


def test_a_stream_knows_when_it_was_asked_and_answered() -> None:
    counted = Frames()
    head = HeadersFrame(1, b"\x82").serialize()
    counted.sent(PREFACE + SettingsFrame(0).serialize() + head, 10)
    counted.sent(data(1, b"the request's body").serialize() + HeadersFrame(3).serialize(), 20)
    counted.feed(HeadersFrame(3, b"\x88").serialize(), at(30))
    counted.feed(HeadersFrame(1, b"\x88").serialize(), at(40))
    counted.feed(data(1, b"x").serialize(), at(50))
    one, three = counted.ledger(1), counted.ledger(3)
    assert (one.written_ns, one.first) == (10, at(40))
    assert (three.written_ns, three.first) == (20, at(30))


def test_streams_without_a_follower_are_forgotten_and_others_never() -> None:
    counted = Frames()
    reader = PieceStamps(counted.ledger(1))
    for stream_id in range(3, 3 + 4 * MAX_LEDGERS, 2):
        counted.ledger(stream_id)
    counted.feed(data(1, b"late").serialize(), at(9))
    assert list(reader.parts(b"late")) == [(b"late", at(9))]
    assert len(counted._ledgers) == MAX_LEDGERS


@pytest.mark.parametrize("held", [True, False])
def test_an_endless_stream_without_a_follower_takes_no_memory(held: bool) -> None:
    ledger = Ledger()
    ledger.follow(held)
    for t_ns in range(MAX_UNHELD_ROWS + 5):
        ledger.add(1, at(t_ns))
    parts = list(PieceStamps(ledger).parts(b"x"))
    assert parts == [(b"x", at(0) if held else None)]
    assert len(ledger.ends) == (MAX_UNHELD_ROWS + 5 if held else 0)
