"""The trace: valid by the Trace Event Format, and exact to the nanosecond."""

from __future__ import annotations

import json
from dataclasses import replace
from numbers import Real

import pytest

import streamlab as sl
from streamlab import formats
from streamlab.formats import trace
from streamlab.metrics import Tables
from streamlab.tape import UNKNOWN, End, Read, Stamp, tape_of
from streamlab.testing import tape_from
from tests.metrics.streams import ROLE, content, eleven_answers, in_kernel_tier

KEYS = {
    "X": {"ph", "cat", "name", "ts", "dur", "pid", "tid", "args"},
    "i": {"ph", "cat", "name", "ts", "s", "pid", "tid", "args"},
    "M": {"ph", "name", "pid", "tid", "args"},
}


def saved(tables, tmp_path):
    path = tmp_path / "a.trace.json"
    trace.save(tables, path)
    return json.loads(path.read_text("ascii"))


def of_phase(found, ph, tid=1):
    return [e for e in found["traceEvents"] if e["ph"] == ph and e["tid"] == tid]


def check(found):
    """Check a trace against the rules of the format: viewers drop events that break them."""
    assert found["displayTimeUnit"] in ("ms", "ns")
    for event in found["traceEvents"]:
        assert set(event) == KEYS[event["ph"]]
        assert isinstance(event["name"], str)
        assert isinstance(event["args"], dict)
        assert all(isinstance(event[key], int) for key in ("pid", "tid"))
        for key in {"ts", "dur"} & set(event):
            assert isinstance(event[key], Real)
            assert event[key] >= 0
        if event["ph"] == "M":
            assert event["name"] in ("process_name", "thread_name")
            assert list(event["args"]) == ["name"]
        assert event.get("s", "t") == "t"
    for tid in {event["tid"] for event in found["traceEvents"]}:
        check_nested(of_phase(found, "X", tid))


def check_nested(slices):
    """Slices of one track lie within each other or apart; else a viewer misplaces them."""
    spans = [(round(s["ts"] * 1e3), round((s["ts"] + s["dur"]) * 1e3)) for s in slices]
    for i, (start, end) in enumerate(spans):
        for start2, end2 in spans[i + 1 :]:
            apart = end <= start2 or end2 <= start
            within = (start <= start2 and end2 <= end) or (start2 <= start and end <= end2)
            assert apart or within


@pytest.fixture(scope="module")
def recs(fast_lab):
    return [
        sl.record(fast_lab.endpoint("bursty"), "Hi", label="one"),
        sl.record(fast_lab.endpoint("steady", "ollama"), "Hi", label="two"),
    ]


def test_a_recording_of_the_lab_is_a_valid_trace(recs, tmp_path):
    found = json.loads(recs[0].save(tmp_path / "a.trace.json").read_text())

    check(found)
    assert [e["args"]["name"] for e in of_phase(found, "M", 0)] == ["streamlab"]
    assert [e["args"]["name"] for e in of_phase(found, "M", 1)] == ["one"]


def test_each_delta_is_an_instant_at_the_arrival_of_its_read(recs, tmp_path):
    rec = recs[0]
    found = saved(rec.tables, tmp_path)
    instants = of_phase(found, "i")
    arrived_ns = [rec.tape.columns.arrived_ns[read] for read in rec.deltas["read"]]
    origin_ns = found["otherData"]["origin_ns"]

    assert [e["name"] for e in instants] == rec.deltas["kind"].tolist()
    assert [e["args"]["text"] for e in instants] == rec.deltas["text"].tolist()
    assert [origin_ns + round(e["ts"] * 1e3) for e in instants] == arrived_ns
    assert len({e["ts"] for e in instants}) < len(instants)  # bursts share a moment


def test_phases_are_slices_inside_the_slice_of_the_stream(recs, tmp_path):
    rec = recs[0]
    life, *phases = of_phase(saved(rec.tables, tmp_path), "X")
    about = {"model": "bursty", "status": 200, "dialect": "openai_chat", "end": "eof"}

    assert life["name"] == "one"
    assert life["ts"] == 0
    assert life["args"] == about | {"url": rec.meta["url"]}
    assert [p["name"] for p in phases] == rec.phases["phase"].tolist()
    assert life["dur"] == (rec.end.t_ns - rec.tape.marks["called"]) / 1e3


MARKS = {
    "called": -9_000,
    "pool": -8_000,
    "connect": -7_000,
    "connected": -2_000,
    "request_sent": 0,
    "request_done": 300_007,
    "first_read": 500_000,
    "headers": 500_100,
}


@pytest.mark.parametrize(
    ("done_ns", "spans"),
    [
        (300_007, {"send": (9, 300.007), "wait": (309.007, 199.993)}),
        (900_000, {"send": (9, 500), "wait": (509, 0)}),  # noted after the answer had come
    ],
)
def test_phases_follow_each_other(tmp_path, done_ns, spans):
    tape = tape_from([(1, ROLE)])
    marks = {
        name: tape.t0_ns + t_ns for name, t_ns in (MARKS | {"request_done": done_ns}).items()
    }
    found = saved(Tables(replace(tape, marks=marks)), tmp_path)
    slices = {e["name"]: (e["ts"], e["dur"]) for e in of_phase(found, "X")[1:]}

    check(found)
    assert slices == {
        "client": (0, 1),
        "connect": (2, 5),
        **spans,
        "headers": (509, 0.1),
        "body": (509.1, 499.9),
    }


def test_several_streams_are_several_tracks_on_one_clock(recs, tmp_path):
    found = saved([rec.tables for rec in recs], tmp_path)

    check(found)
    for tid, rec in enumerate(recs, 1):
        assert [e["args"]["name"] for e in of_phase(found, "M", tid)] == [rec.label]
        instants = of_phase(found, "i", tid)
        at_ns = found["otherData"]["origin_ns"] + round(instants[0]["ts"] * 1e3)
        assert at_ns == rec.tape.columns.arrived_ns[rec.deltas["read"].iloc[0]]
        assert len(instants) == len(rec.deltas)
    assert found["otherData"]["origin_ns"] == min(r.tape.marks["called"] for r in recs)


def test_no_nanosecond_is_lost_on_a_machine_that_runs_for_a_year(tmp_path):
    t0_ns = 365 * 86_400 * 10**9 + 1
    tape = tape_from([(0.000_007, ROLE), (1234.567_891, content("a"))], t0_ns=t0_ns)
    found = saved(Tables(tape), tmp_path)

    assert found["otherData"]["origin_ns"] == t0_ns
    stamps = [round(e["ts"] * 1e3) for e in of_phase(found, "i")]
    assert sorted(set(stamps)) == [7, 1_234_567_891]


def test_by_hand_it_has_these_events(tmp_path):
    """With kernel stamps, a delta is at the arrival of its bytes, not when they were seen."""
    tape = in_kernel_tier([(2000, 2100, 2200, content("a")), (3000, 3001, 3002, content("b"))])
    found = saved(Tables(tape, label="x"), tmp_path)
    place = {"pid": 1, "tid": 1}

    assert found["traceEvents"][:3] == [
        {"ph": "M", "name": "process_name", "pid": 1, "tid": 0, "args": {"name": "streamlab"}},
        {"ph": "M", "name": "thread_name", **place, "args": {"name": "x"}},
        {
            "ph": "X",
            "cat": "stream",
            "name": "x",
            "ts": 0,
            "dur": 14_000,
            **place,
            "args": {"dialect": "openai_chat", "end": "eof"},
        },
    ]
    args = {"text": "b", "delta": 1, "event": 1, "read": 1}
    last = {"ph": "i", "cat": "delta", "name": "content", "ts": 8000, **place, "s": "t"}
    assert found["traceEvents"][-1] == last | {"args": args}


def test_counted_tokens_are_told_and_uncounted_ones_are_not(tmp_path, fast_lab):
    rec = sl.record(fast_lab.endpoint("steady", "gemini"), "Hi")
    counted = of_phase(saved(rec.tables, tmp_path), "i")
    uncounted = of_phase(saved(eleven_answers(), tmp_path), "i")

    assert {e["args"].get("n_tokens") for e in counted if e["name"] == "content"} == {1}
    assert {e["args"].get("n_tokens") for e in uncounted} == {None}


@pytest.mark.parametrize("tape", [tape_from([]), tape_from([(1, b"\xff\xfe<html>")])])
def test_a_stream_without_a_delta_is_a_slice(tape, tmp_path):
    found = json.loads(formats.save(Tables(tape), tmp_path / "a.trace.json").read_text())

    check(found)
    assert len(of_phase(found, "X")) == 1
    assert of_phase(found, "i") == []


def test_hostile_text_stays_text(tmp_path):
    nasty = "</script>\u2028\x1b[31m\ud83d"
    found = saved(Tables(tape_from([(1, content(nasty))])), tmp_path)

    texts = [each["args"]["text"] for each in of_phase(found, "i")[:2]]
    assert texts == [nasty.removesuffix("\ud83d"), "\ufffd"]


def test_a_delta_of_a_merged_read_is_marked_with_its_bound(tmp_path):
    stamp = Stamp(1_090, 1_100, "kernel", 3, 1_010, "merged")
    tape = tape_of([Read(content("a"), stamp, UNKNOWN, UNKNOWN)], End(1_200, "eof"))
    (delta,) = of_phase(saved(Tables(tape), tmp_path), "i")

    assert delta["args"] == {
        "text": "a",
        "delta": 0,
        "event": 0,
        "read": 0,
        "arrival": "merged",
        "lo_ns": 1_010,
    }
