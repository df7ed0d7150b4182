import gzip
from array import array
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from streamlab.errors import UnknownNameError
from streamlab.metrics import Tables
from streamlab.tape import UNKNOWN, End, Read, Sends, Stamp, anchor, tape_of
from tests.metrics.streams import (
    DONE,
    ELEVEN_ANSWERS,
    FINISH,
    ROLE,
    chunk,
    content,
    eleven_answers,
    event,
    in_kernel_tier,
    tables,
)


def nan_is_none(values):
    return [None if pd.isna(value) else value for value in values]


def test_raw_of_reads_joins_to_the_body_as_sent_and_of_lines_to_the_decoded_body():
    plain = b"".join(data for _, data in ELEVEN_ANSWERS)
    sent = gzip.compress(plain)
    pieces = [(i, sent[i : i + 40]) for i in range(0, len(sent), 40)]
    made = tables(pieces, content_encoding="gzip")

    assert b"".join(made.reads["raw"]) == sent
    assert b"".join(made.lines["raw"]) == plain
    assert made.lines["end"].iloc[-1] == len(plain)
    assert made.reads["end"].iloc[-1] == len(sent)


def test_a_row_is_dated_by_the_read_that_brought_the_byte_that_completed_it():
    data = content("a")
    made = tables([(10, data[:5]), (20, data[5:-1]), (50, data[-1:]), (60, b": ping\n")])

    assert made.events["t_ms"].tolist() == [50.0]
    assert made.events["read"].tolist() == [2]
    assert made.lines[["kind", "read", "t_ms"]].values.tolist() == [
        ["data", 1, 20.0],
        ["blank", 2, 50.0],
        ["comment", 3, 60.0],
    ]


def test_within_one_read_nothing_more_was_observed():
    made = tables([(10, ROLE), (30, content("a") + content("b")), (60, content("c"))])

    assert made.events["coalesced"].tolist() == [False, False, True, False]
    assert nan_is_none(made.events["gap_ms"]) == [None, 20.0, None, 30.0]
    assert made.lines["coalesced"].tolist() == [
        False,
        True,
        False,
        True,
        True,
        True,
        False,
        True,
    ]
    assert nan_is_none(made.lines["gap_ms"])[::2] == [None, 20.0, None, 30.0]
    assert made.deltas["coalesced"].tolist() == [False, False, True, False]
    assert nan_is_none(made.reads["gap_ms"]) == [None, 20.0, 30.0]


def test_a_gap_goes_back_to_the_last_arrival_of_the_same_table():
    """A read that completes no event is no arrival of an event."""
    made = tables([(10, content("a")), (20, b": ping\n"), (50, content("b"))])

    assert nan_is_none(made.events["gap_ms"]) == [None, 40.0]
    assert nan_is_none(made.reads["gap_ms"]) == [None, 10.0, 30.0]


def test_lines_know_the_event_they_are_in():
    made = tables([(1, b": hi\n\ndata: a\nfoo: 1\ndata: b\n\n\nid: 3\n\n: x\ndata: c\n\ndata")])

    lines = made.lines
    assert nan_is_none(lines["event"]) == [None, None, 0, 0, 0, 0, *[None] * 3, 1, 1, 1, None]
    for row in made.events.itertuples():
        block = lines[lines["event"] == row.event]
        assert (block["line"].iloc[0], block["line"].iloc[-1]) == (
            row.first_line,
            row.last_line,
        )
        assert block["raw"].map(len).sum() == row.n_bytes


def test_events_keep_type_id_and_retry():
    made = tables(
        [(1, b"event: e\nid: 1\nretry: 5\ndata: a\n\ndata: b\n\nretry: 9" + b"9" * 30)]
    )
    events = made.events

    assert events[["type", "data", "id"]].values.tolist() == [
        ["e", "a", "1"],
        ["message", "b", "1"],
    ]
    assert nan_is_none(events["retry"]) == [5, None]


def test_a_retry_too_large_for_a_table_is_not_there():
    made = tables([(1, b"retry: " + b"9" * 30 + b"\ndata: a\n\n")])

    assert nan_is_none(made.events["retry"]) == [None]


def test_deltas_join_to_events_and_reads_by_number():
    made = eleven_answers()
    deltas = made.deltas
    joined = deltas.merge(made.events, on="event", suffixes=("", "_of_event"))

    assert len(joined) == len(deltas)
    assert (joined["read"] == joined["read_of_event"]).all()
    assert (joined["t_ms"] == joined["t_ms_of_event"]).all()
    assert made.answer.text == "".join(deltas.loc[deltas["kind"] == "content", "text"])


def test_a_comment_belongs_to_the_event_after_it_and_keeps_its_own_time():
    made = tables(
        [(10, b": OPENROUTER PROCESSING\n\n"), (40, ROLE), (50, FINISH), (60, b": x\n")]
    )
    comments = made.deltas[made.deltas["kind"] == "comment"]

    assert nan_is_none(comments["event"]) == [0, None]
    assert comments["t_ms"].tolist() == [10.0, 60.0]
    assert comments["text"].tolist() == [" OPENROUTER PROCESSING", " x"]


def test_half_a_character_in_json_does_not_break_a_table():
    made = tables([(1, b'data: {"choices":[{"index":0,"delta":{"content":"a\\ud83d"}}]}\n\n')])

    assert made.deltas["text"].tolist() == ["a", "\ufffd"]


def test_the_stamps_of_the_kernel_tier_are_all_there():
    half = len(ROLE) // 2
    tape = in_kernel_tier([(1000, 1030, 1100, ROLE[:half]), (2000, 2250, 2600, ROLE[half:])])
    reads = Tables(tape).reads

    assert reads["lag_ms"].tolist() == pytest.approx([0.03, 0.25])
    assert reads["t_lo_ms"].tolist() == [0.0, 0.0]
    assert reads["t_ms"].tolist() == [1.0, 2.0]
    assert (reads["delivered_ns"] - reads["seen_ns"]).tolist() == [70_000, 350_000]
    assert reads["stamp"].tolist() == ["kernel", "kernel"]
    assert reads["n_segments"].tolist() == [2, 2]
    assert reads["server_sent_ns"].isna().all()
    assert reads[["n_bytes", "start", "end"]].values.tolist() == [
        [half, 0, half],
        [len(ROLE) - half, half, len(ROLE)],
    ]


@pytest.mark.parametrize("tier", ["user", "iterator"])
def test_where_only_one_moment_was_stamped_there_is_no_lag_to_know(tier):
    read = Read(ROLE, Stamp(5, 5, tier), UNKNOWN, 4)
    reads = Tables(tape_of([read], End(6, "eof"))).reads

    assert reads["lag_ms"].isna().all()
    assert reads["t_lo_ms"].isna().all()
    assert nan_is_none(reads["n_segments"]) == [None]
    assert nan_is_none(reads["delivered_ns"]) == [None]
    assert reads["server_sent_ns"].tolist() == [4]


def test_time_is_the_wall_clock_of_the_anchor_to_the_nanosecond():
    moment = anchor(mono=lambda: 11_000_001, wall=lambda: 1_800_000_000_123_456_789)
    made = Tables(in_kernel_tier([(1000, 1030, 1100, ROLE)], moment._asdict()))
    expected = np.datetime64(1_800_000_000_123_456_788, "ns")

    for table in (made.reads, made.lines, made.events, made.deltas):
        assert table["time"].dt.tz_localize(None).iloc[0].to_datetime64() == expected


def test_without_an_anchor_the_time_is_unknown():
    assert eleven_answers().events["time"].isna().all()


def test_what_came_before_t0_has_a_negative_time():
    assert Tables(in_kernel_tier([(-300, -200, 0, ROLE)])).reads["t_ms"].tolist() == [-0.3]


def test_lines_need_no_dialect():
    made = eleven_answers()

    assert len(made.lines) == 28
    assert made.framed.deltas == []
    assert len(made.deltas) == 14


def test_an_unknown_dialect_fails_at_once():
    with pytest.raises(UnknownNameError, match=r"^no dialect 'opnai'; there are: "):
        Tables(eleven_answers().tape, dialect="opnai")


def test_a_chunk_is_an_event_however_many_deltas_it_has():
    both = chunk(reasoning_content="a", content="b")
    made = tables([(10, both), (20, content("c") + DONE)])

    assert made.chunks["event"].tolist() == [0, 1]
    assert made.chunks["n_tokens"].isna().all()


def test_a_chunk_has_the_tokens_that_its_delta_has():
    def counted(text, total):
        choice = {"index": 0, "delta": {"content": text}}
        return event({"choices": [choice], "usage": {"completion_tokens": total}})

    made = tables([(10, counted("a", 1)), (20, counted("bcd", 4))])

    assert made.chunks["n_tokens"].tolist() == [1, 3]


def test_the_repr_says_what_there_is():
    assert repr(tables([(1, b"data: a\n\n")], label="x")) == "<Tables 'x': 1 read, 9 bytes>"


def test_a_merged_read_is_an_interval_and_a_burst_one_arrival():
    ms = 1_000_000
    tape = tape_of(
        [
            read_at(Stamp(10 * ms, 11 * ms, "kernel", 1, arrival="single")),
            read_at(Stamp(31 * ms, 32 * ms, "kernel", 3, 30 * ms, "burst")),
            read_at(Stamp(1000 * ms, 1025 * ms, "kernel", 34, 35 * ms, "merged")),
            read_at(Stamp(1030 * ms, 1031 * ms, "kernel", 1, arrival="single")),
            read_at(Stamp(1060 * ms, 1062 * ms, "kernel", UNKNOWN, 1040 * ms)),
            read_at(Stamp(1090 * ms, 1090 * ms)),
        ],
        End(1090 * ms, "eof"),
        {"request_sent": 0},
    )
    reads = Tables(tape).reads

    kinds = ["single", "burst", "merged", "single", pd.NA, pd.NA]
    assert reads["arrival"].fillna("-").tolist() == ["-" if k is pd.NA else k for k in kinds]
    columns = ["gap_ms", "gap_lo_ms", "gap_hi_ms", "lag_ms", "lag_lo_ms", "lag_hi_ms"]
    assert reads[columns].fillna(-1).to_numpy().tolist() == [
        [-1, -1, -1, 1, 1, 1],
        [21, 21, 21, 1, 1, 1],
        [-1, 4, 969, -1, 25, 990],
        [30, 30, 30, 1, 1, 1],
        [30, 10, 30, 2, 2, 22],
        [30, -1, -1, -1, -1, -1],
    ]
    assert reads["t_lo_ms"].iloc[2] == 35


def read_at(stamp):
    return Read(b"data: x\n\n", stamp, UNKNOWN, UNKNOWN)


def test_the_log_of_the_lab_is_a_table_of_its_writes():
    """The third write arrived in no read; the first two came in one."""
    ms, t0 = 1_000_000, 1_000_000_000
    sent = [t0 + 5 * ms, t0 + 25 * ms, t0 + 65 * ms]
    log = Sends(array("q", [9, 18, 27]), array("q", sent), array("q", [t0, UNKNOWN, t0 + 9]))
    tape = replace(tables([(30, b"data: a\n\ndata: b\n\n")]).tape, sends=log)
    sends = Tables(tape).sends

    assert sends["t_ms"].tolist() == [5, 25, 65]
    assert nan_is_none(sends["gap_ms"]) == [None, 20, 40]
    assert nan_is_none(sends["read"]) == [0, 0, None]
    assert nan_is_none(sends["due_ns"]) == [t0, None, t0 + 9]
    assert sends[["n_bytes", "start", "end"]].to_numpy().tolist() == [
        [9, 0, 9],
        [9, 9, 18],
        [9, 18, 27],
    ]
    assert tables([(30, b"data: a\n\n")]).sends.empty


def test_tables_work_where_an_integer_of_numpy_has_32_bits(monkeypatch):
    """As in a browser: there `arange` and `searchsorted` make int32 unless told otherwise."""

    def narrow(function):
        def call(*args, **kws):
            made = function(*args, **kws)
            narrowed = "dtype" not in kws and made.dtype == np.int64
            return made.astype(np.int32) if narrowed else made

        return call

    usual = eleven_answers()
    expected = {name: getattr(usual, name) for name in ("reads", "lines", "events", "deltas")}
    for name in ("arange", "searchsorted", "flatnonzero"):
        monkeypatch.setattr(np, name, narrow(getattr(np, name)))

    for name, table in expected.items():
        pd.testing.assert_frame_equal(getattr(eleven_answers(), name), table)


def test_tables_without_a_name_are_the_same_tables():
    made = eleven_answers("mine")
    other = made.unlabelled()

    assert (made.label, other.label) == ("mine", "")
    assert other.follower is made.follower  # no stream is read twice for a picture
